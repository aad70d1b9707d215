# What a webhook says is read only where the configuration has a use for it:
# a store, a key file, metrics, a variable.  Elsewhere a valid signature is all
# that is asked for, and the bytes are passed on, JSON or not.

use lib 't/lib';
use VeriffTest;
use VeriffWebhook;
use VeriffWire;
use Test::More;

start_app();

my $small = '{"verification":{"id":"abc-1","status":"approved",'
            . '"vendorData":"vd-1"}}';

my %no_json = (
    'no JSON' => 'verification',
    'nothing' => '',
    'an array' => '[{}]',
    'the end is missing' => '{"a":{"b":1}',
    'a name twice' => '{"verification":{"id":"1","id":"2"}}',
    'too deep' => '{"a":' x 5000 . '1' . '}' x 5000,
    'NUL in it' => "{\"a\":\"b\0c\"}",
    'no UTF-8' => "{\"a\":\"\xff\xfe\"}",
);

sub bytes_of { join '', map { chr($_ * 7919 % 251) } 1 .. $_[0] }

# forged ones are refused as ever
sub forged {
    my ($body) = @_;

    my $n = length $body;
    my $signature = hmac(shared_secret(), $body);

    check_refused("$n bytes, forged", 401, body => $body, secret => 'x');
    check_refused("$n bytes, one more", 401, body => "$body ",
                  signature => $signature);
    check_refused("$n bytes, one more in chunks", 401, body => "$body ",
                  signature => $signature, chunked => 1000);
    check_refused("$n bytes, the HMAC of nothing", 401, body => $body,
                  signature => hmac(shared_secret(), ''))
        if $n;
}

sub is_unread {
    for my $name (sort keys %no_json) {
        check_accepted($name, body => $no_json{$name});
    }

    my $seen = check_accepted('JSON', body => $small);
    unlike($seen->{head}, qr/^X-Veriff-User/m, 'JSON: no user');
}

# as it is everywhere else
sub is_read {
    for my $name (sort keys %no_json) {
        check_refused($name, 400, body => $no_json{$name});
        check_refused("$name, forged", 401, body => $no_json{$name},
                      secret => 'x');
    }

    return check_accepted('JSON', body => $small);
}

on_block(1 => sub {
    is_unread();
    forged($_) for $small, '', '[]';

    check_refused('unknown key', 401, body => $small, key => 'x');
    check_refused('method', 405, body => $small, method => 'PUT');
    check_refused('encoding', 415, body => $small,
                  headers => ['Content-Encoding: gzip']);
    check_refused('size', 413, body => bytes_of(4_194_305));
});

sub large {
    for my $body (map { bytes_of($_) } 3000, 700_000) {
        my $n = length $body;

        check_accepted("$n bytes", body => $body);
        check_accepted("$n bytes, chunked", body => $body, chunked => 5000);
        forged($body);
    }
}

on_block($_ => \&large) for 2, 3;

on_block(4 => sub {
    for my $wire (wires()) {
        for my $body ($small, '[]', bytes_of(50_000)) {
            my $name = length($body) . ' bytes, ' . $wire->name;
            my @fields = ('X-AUTH-CLIENT: ' . api_key(), 'X-HMAC-SIGNATURE: '
                          . hmac(shared_secret(), $body));

            my $answer = $wire->ask(POST => '/hook', body => $body,
                                    fields => \@fields);
            my @seen = app_seen();

            is("$answer->{status} $answer->{content}", "200 app\n", $name);
            is(scalar @seen, 1, "$name: the app sees it once");
            ok(@seen && $seen[0]{body} eq $body, "$name: byte for byte");

            $answer = $wire->ask(POST => '/hook', body => "$body ",
                                 fields => \@fields);
            is($answer->{status}, 401, "$name, one more: refused");
            is(scalar(app_seen()), 0, "$name, one more: not seen");
        }
    }
});

on_block(5 => sub {
    is_unread();

    exchange(webhook(body => '[]', secret => 'x'));
    my ($seen) = app_seen();

    is($seen->{body}, '[]', 'a forged one is reported');
    is(header_of($seen->{head}, 'X-Veriff-Webhook'), 'bad_signature', 'as it');
    unlike($seen->{head}, qr/^X-HMAC/mi, 'and has no signature');
});

on_block(6 => sub {
    for my $body ($small, '[]') {
        my $answer = exchange(webhook(body => $body));
        is(status_of($answer), 200, 'answered 200');
        is(content_of($answer), '', 'by nothing');

        $answer = exchange(webhook(body => $body, secret => 'x'));
        is(status_of($answer), 401, 'forged: refused');
    }
});

on_block(7 => \&is_unread);
on_block($_ => \&is_read) for 8 .. 12, 14;

on_block(13 => sub {
    is_read();

    my $text = exchange("GET /metrics HTTP/1.1\r\nHost: localhost\r\n"
                        . "Connection: close\r\n\r\n");
    my ($n) = $text =~ /^veriff_webhook_types_total\{.*"decision".*\} (\d+)/m;

    is($n, 1, 'counted by its type');
});

on_block(15 => sub {
    my %says = (
        $small => 'decision,abc-1,approved,vd-1',
        '{"sessionId":"s"}' => 'unknown,s,,',
        (map { $no_json{$_} => 'unknown,,,' } keys %no_json),
    );

    for my $body (sort keys %says) {
        my $answer = exchange(webhook(body => $body));

        is(status_of($answer), 200, length($body) . ' bytes: answered 200');
        like(content_of($answer), qr/^\Q$says{$body},\E\n/m,
             'what SSI says of it');
    }
});

$ENV{TEST_NGINX_PLAIN} = <<"END_OF_TEXT";
    veriff_integration kyc {
        api_key_file        $ENV{TEST_NGINX_KEYS}/api_key;
        shared_secret_file  $ENV{TEST_NGINX_KEYS}/shared_secret;
    }
END_OF_TEXT

$ENV{TEST_NGINX_HOOK} = <<"END_OF_TEXT";
    $ENV{TEST_NGINX_READY}
    location = /hook {
        veriff_webhook kyc;
        proxy_pass $ENV{TEST_NGINX_APP};
        client_max_body_size 20m;
    }
END_OF_TEXT

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value('request', 'GET /ready');
    $block->set_value('response_body', "ready\n");

    # what was not asked for was not even looked at
    $block->set_value('no_error_log', 'veriff webhook read')
        if $block->name =~ /unread/;
});

run_tests();

__DATA__

=== TEST 1: unread: nothing asks
--- http_config
$TEST_NGINX_PLAIN
--- config
$TEST_NGINX_HOOK



=== TEST 2: unread: in a small buffer, then a file
--- http_config
$TEST_NGINX_PLAIN
    client_body_buffer_size 1k;
--- config
$TEST_NGINX_HOOK



=== TEST 3: unread: in files, the app unbuffered
--- http_config
$TEST_NGINX_PLAIN
    client_body_in_file_only clean;
    proxy_request_buffering off;
--- config
$TEST_NGINX_HOOK



=== TEST 4: unread: every version of HTTP
--- http_config
$TEST_NGINX_PLAIN
--- config
$TEST_NGINX_WIRES
$TEST_NGINX_HOOK



=== TEST 5: unread: report mode shows what would happen
--- http_config
$TEST_NGINX_PLAIN
--- config
    $TEST_NGINX_READY
    location = /hook {
        veriff_webhook kyc report;
        proxy_pass $TEST_NGINX_APP;
    }



=== TEST 6: unread: no application
--- http_config
$TEST_NGINX_PLAIN
--- config
    $TEST_NGINX_READY
    location = /hook {
        veriff_webhook kyc;
    }



=== TEST 7: unread: variables that the body does not tell
--- http_config
$TEST_NGINX_PLAIN
    log_format hook "[$veriff_webhook|$veriff_webhook_duplicate"
                    "|$veriff_webhook_user|$veriff_session_id|$veriff_status]";
    access_log logs/error.log hook;
--- config
$TEST_NGINX_HOOK
--- grep_error_log eval
qr/^\[ok.*\]$/m
--- grep_error_log_out eval
"[ok|-|||]\n" x 9



=== TEST 8: read: a log has the type
--- http_config
$TEST_NGINX_PLAIN
    log_format hook "[$veriff_webhook|$veriff_webhook_type]";
    access_log logs/error.log hook;
--- config
$TEST_NGINX_HOOK
--- grep_error_log eval
qr/^\[ok.*\]$/m
--- grep_error_log_out
[ok|decision]



=== TEST 9: read: a map has the session, and nobody has the map
--- http_config
$TEST_NGINX_PLAIN
    map $veriff_webhook_session_id $unused {
        default 1;
    }
--- config
$TEST_NGINX_HOOK



=== TEST 10: read: a condition of another location has the status
--- http_config
$TEST_NGINX_PLAIN
--- config
$TEST_NGINX_HOOK
    location = /other {
        if ($veriff_webhook_status) {
            return 403;
        }
    }



=== TEST 11: read: a header for the app has vendorData
--- http_config
$TEST_NGINX_PLAIN
--- config
    $TEST_NGINX_READY
    location = /hook {
        veriff_webhook kyc;
        proxy_set_header X-Vendor $veriff_webhook_vendor_data;
        proxy_pass $TEST_NGINX_APP;
    }



=== TEST 12: read: users have tokens
--- http_config
$TEST_NGINX_INTEGRATION
--- config
$TEST_NGINX_HOOK



=== TEST 13: read: types are counted
--- http_config
$TEST_NGINX_PLAIN
--- config
$TEST_NGINX_HOOK
    location = /metrics {
        veriff_metrics;
    }



=== TEST 14: read: there is a store
--- http_config
$TEST_NGINX_INTEGRATION
    veriff_store veriff_temp;
--- config
$TEST_NGINX_HOOK



=== TEST 15: read late: SSI looks variables up by name
--- http_config
$TEST_NGINX_PLAIN
--- config
    $TEST_NGINX_READY
    location = /hook {
        veriff_webhook kyc;
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/page;
        ssi on;
        ssi_types *;
    }
    location = /page {
        return 200 '<!--# echo var="veriff_webhook_type" default="-" -->,<!--# echo var="veriff_webhook_session_id" default="" -->,<!--# echo var="veriff_webhook_status" default="" -->,<!--# echo var="veriff_webhook_vendor_data" default="" -->,<!--# echo var="veriff_webhook_user" default="" -->
';
    }
