# Which keys and secrets verify a webhook, with one integration and several,
# and after a reload.

use lib 't/lib';
use VeriffTest;
use VeriffWebhook;
use Test::More;
use Time::HiRes ();

start_app();

my $body = '{"verification":{"id":"abc-1","status":"approved"}}';
my @request = (body => $body);

my $key = api_key();
my $secret = shared_secret();

# further keys and secrets, in files of these names
my %fixture;

for my $n (1 .. 3) {
    $fixture{"key$n"} = sprintf '%08d-0000-4000-8000-000000000000', $n;
    $fixture{"secret$n"} = canary(sprintf 'secret%02d-0000-4000-8000-%012d',
                                  $n, $n);
    key_file("$_$n", $fixture{"$_$n"} . "\n") for qw(key secret);
}

key_file('secrets', "$secret\n$fixture{secret1}\n\n$fixture{secret2}\n");

sub by {
    my ($k, $s) = @_;

    return (@request, key => $fixture{"key$k"} // $k,
            secret => $fixture{"secret$s"} // $s);
}

on_block(1 => sub {
    check_accepted('the first secret', @request);
    check_accepted('the second', @request, secret => $fixture{secret1});
    check_accepted('the third', @request, secret => $fixture{secret2});
    check_refused('one that is not there', 401, @request,
                  secret => $fixture{secret3});
    check_refused('two lines at once', 401, @request,
                  secret => "$secret\n$fixture{secret1}");
});

on_block(2 => sub {
    check_accepted('the first pair', by(1, 1));
    check_accepted('the second pair', by(2, 2));
    check_refused('keys and secrets crossed', 401, by(1, 2));
    check_refused('the other way round', 401, by(2, 1));
    check_refused('the pair that signs', 401, @request);
    check_refused('the secret that signs', 401, by(1, $secret));
    check_refused('an unknown pair', 401, by(3, 3));
});

on_block(3 => sub {
    for my $n (1, 2) {
        my $seen = check_accepted("integration $n", by($n, $n));
        like($seen->{head}, qr/^X-Integration: i$n\r$/m, 'it is that one');
    }

    check_refused("another integration's secret", 401, by(1, 2));
    check_refused("another location's integration", 401, by(3, 3));
});

# The token of a user of an integration, see webhook-headers.t.
sub token_of {
    exchange("POST $_[0] HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n"
             . "Connection: close\r\nContent-Length: 0\r\n\r\n");

    my ($seen) = app_seen();

    return $seen->{body} =~ /"vendorData":"([^"]+)"/ ? $1 : 'none';
}

sub user_seen {
    my ($name, $token, @o) = @_;

    my $seen = check_accepted($name, @o,
        body => qq({"verification":{"id":"1","vendorData":"$token"}}));

    return $seen->{head} =~ /^X-Veriff-User: (.*?)\r$/m ? $1 : '';
}

on_block(4 => sub {
    my $one = token_of('/start-one');
    my $two = token_of('/start-two');

    isnt($one, $two, 'two integrations, two tokens');

    for my $id ('id-one', 'ID-TWO', 'id-three', '') {
        my @id = (headers => ["vrf-integration-id: $id"]);

        is(user_seen("a token of one, id \"$id\"", $one, @id), 'ann',
           'the user of one');
        is(user_seen("a token of two, id \"$id\"", $two, @id), 'bob',
           'the user of two');
    }
});

on_block(5 => sub {
    my $one = token_of('/start-one');
    my $two = token_of('/start-two');

    my @one = (key => $fixture{key1}, secret => $fixture{secret1});
    my @two = (key => $fixture{key1}, secret => $fixture{secret2});

    is(user_seen('one signs for one', $one, @one), 'ann', 'its user');
    is(user_seen('two signs for two', $two, @two), 'bob', 'its user');
    is(user_seen('one signs for two', $two, @one), '', 'no user');
    is(user_seen('two signs for one', $one, @two), '', 'no user');
    is(user_seen('one signs for two and says so', $two, @one,
                 headers => ['vrf-integration-id: id-two']), '', 'no user');
});

sub wait_for {
    my ($what) = @_;

    my $end = time + 10;
    my $answer = 0;

    while (time < $end) {
        $answer = $what->() and last;
        Time::HiRes::sleep(0.05);
    }

    return $answer;
}

sub reload {
    my $file = $Test::Nginx::Util::PidFile;

    open my $in, '<', $file or die "$file: $!";
    chomp(my $pid = <$in>);
    kill 'HUP', $pid or die "kill: $!";
}

# Until then the old worker may accept connections.
sub old_worker_ended {
    my $file = $Test::Nginx::Util::ErrLogFile;

    open my $in, '<', $file or die "$file: $!";
    return scalar grep { /worker process \d+ exited with code 0/ } <$in>;
}

on_block(6 => sub {
    my @old = (key => $fixture{key1}, secret => $fixture{secret1});
    my @new = (key => $fixture{key2}, secret => $fixture{secret2});

    check_accepted('before', @request, @old);
    check_refused('not yet', 401, @request, @new);

    # a request that is on its way while the configuration changes
    my $socket = connect_nginx();
    my $text = webhook(@request, @old);
    syswrite $socket, substr $text, 0, -10;

    # the second joins the first
    key_file('reload_key', "$fixture{key2}\n");
    key_file('reload_secret', "$fixture{secret2}\n");
    reload();

    ok(wait_for(sub {
        status_of(exchange(webhook(@request, @new))) == 200
    }), 'the new pair is accepted');

    syswrite $socket, substr $text, -10;
    is(status_of(read_all($socket)), 200, 'what was on its way is accepted');
    ok(wait_for(\&old_worker_ended), 'the old worker ends');
    app_seen();

    check_refused('the removed pair', 401, @request, @old) for 1 .. 3;
    check_accepted('the new one', @request, @new);
});

on_block(7 => sub {
    check_accepted('both', @request, secret => $fixture{$_})
        for qw(secret1 secret2);

    key_file('reload_secrets', "$fixture{secret2}\n");
    reload();

    ok(wait_for(\&old_worker_ended), 'the old worker ends');
    check_refused('the removed secret', 401, @request,
                  secret => $fixture{secret1});
    check_accepted('the other is not', @request, secret => $fixture{secret2});
});

$ENV{TEST_NGINX_API} = <<'END_OF_TEXT' =~ s/APP/$ENV{TEST_NGINX_APP}/r;
        internal;
        veriff_sign one insecure_tls;
        rewrite ^/[^/]*/(.*)$ /$1 break;
        proxy_pass APP;
        proxy_ignore_client_abort on;
END_OF_TEXT
($ENV{TEST_NGINX_API_TWO} = $ENV{TEST_NGINX_API}) =~ s/sign one/sign two/;

# the files that change have their first content when a block starts
sub first_content {
    key_file('reload_key', "$fixture{key1}\n");
    key_file('reload_secret', "$fixture{secret1}\n");
    key_file('reload_secrets', "$fixture{secret1}\n$fixture{secret2}\n");
}

first_content();
add_test_cleanup_handler(\&first_content);

master_on();
on_block(8 => sub {
    check_accepted("id \"$_\"", @request,
                   headers => ["vrf-integration-id: $_"])
        for 'id-one', 'ID-TWO', 'id-three', 'id-two';
});

run_tests();

__DATA__

=== TEST 1: several secrets of one key
--- http_config
    veriff_integration kyc {
        api_key_file        $TEST_NGINX_KEYS/api_key;
        shared_secret_file  $TEST_NGINX_KEYS/secrets;
    }
--- config
    $TEST_NGINX_READY
    location = /hook {
        veriff_webhook kyc;
        proxy_pass $TEST_NGINX_APP;
    }
--- request
    GET /ready
--- response_body
ready



=== TEST 2: pairs of their own for webhooks
--- http_config
    veriff_integration kyc {
        api_key_file        $TEST_NGINX_KEYS/api_key;
        shared_secret_file  $TEST_NGINX_KEYS/shared_secret;
        webhook_key  $TEST_NGINX_KEYS/key1 $TEST_NGINX_KEYS/secret1;
        webhook_key  $TEST_NGINX_KEYS/key2 $TEST_NGINX_KEYS/secret2;
    }
--- config
    $TEST_NGINX_READY
    location = /hook {
        veriff_webhook kyc;
        proxy_pass $TEST_NGINX_APP;
    }
--- request
    GET /ready
--- response_body
ready



=== TEST 3: several integrations in one location
--- http_config
    veriff_integration one {
        api_key_file        $TEST_NGINX_KEYS/key1;
        shared_secret_file  $TEST_NGINX_KEYS/secret1;
        api_uri /one;
    }
    veriff_integration two {
        api_key_file        $TEST_NGINX_KEYS/key2;
        shared_secret_file  $TEST_NGINX_KEYS/secret2;
        api_uri /two;
    }
    veriff_integration three {
        api_key_file        $TEST_NGINX_KEYS/key3;
        shared_secret_file  $TEST_NGINX_KEYS/secret3;
        api_uri /three;
    }
    map $http_x_auth_client $which {
        ~^00000001- i1;
        ~^00000002- i2;
    }
--- config
    $TEST_NGINX_READY
    location = /hook {
        veriff_webhook one two;
        proxy_set_header X-Integration $which;
        proxy_pass $TEST_NGINX_APP;
    }
    location = /three {
        veriff_webhook three;
        proxy_pass $TEST_NGINX_APP;
    }
--- request
    GET /ready
--- response_body
ready



=== TEST 4: integrations that share a pair are told apart by the token
--- http_config
    veriff_key_file $TEST_NGINX_KEYS/key;
    veriff_integration one {
        api_key_file        $TEST_NGINX_KEYS/api_key;
        shared_secret_file  $TEST_NGINX_KEYS/shared_secret;
        integration_id      id-one;
        api_uri /one;
    }
    veriff_integration two {
        api_key_file        $TEST_NGINX_KEYS/api_key;
        shared_secret_file  $TEST_NGINX_KEYS/shared_secret;
        integration_id      id-two;
        api_uri /two;
    }
--- config
    $TEST_NGINX_READY
    location = /hook {
        veriff_webhook one two;
        proxy_pass $TEST_NGINX_APP;
    }
    location = /start-one {
        set $who ann;
        veriff_session one user=$who;
    }
    location = /start-two {
        set $who bob;
        veriff_session two user=$who;
    }
    location /one/ {
$TEST_NGINX_API
    }
    location /two/ {
$TEST_NGINX_API_TWO
    }
--- request
    GET /ready
--- response_body
ready



=== TEST 5: sharing the key alone, one does not speak for the other
--- http_config
    veriff_key_file $TEST_NGINX_KEYS/key;
    veriff_integration one {
        api_key_file        $TEST_NGINX_KEYS/key1;
        shared_secret_file  $TEST_NGINX_KEYS/secret1;
        integration_id      id-one;
        api_uri /one;
    }
    veriff_integration two {
        api_key_file        $TEST_NGINX_KEYS/key1;
        shared_secret_file  $TEST_NGINX_KEYS/secret2;
        integration_id      id-two;
        api_uri /two;
    }
--- config
    $TEST_NGINX_READY
    location = /hook {
        veriff_webhook one two;
        client_body_in_file_only clean;
        proxy_pass $TEST_NGINX_APP;
    }
    location = /start-one {
        set $who ann;
        veriff_session one user=$who;
    }
    location = /start-two {
        set $who bob;
        veriff_session two user=$who;
    }
    location /one/ {
$TEST_NGINX_API
    }
    location /two/ {
$TEST_NGINX_API_TWO
    }
--- request
    GET /ready
--- response_body
ready



=== TEST 6: a pair that is replaced, and nginx reloaded
--- http_config
    veriff_integration kyc {
        api_key_file        $TEST_NGINX_KEYS/api_key;
        shared_secret_file  $TEST_NGINX_KEYS/shared_secret;
        webhook_key  $TEST_NGINX_KEYS/reload_key
                     $TEST_NGINX_KEYS/reload_secret;
    }
--- config
    $TEST_NGINX_READY
    location = /hook {
        veriff_webhook kyc;
        proxy_pass $TEST_NGINX_APP;
    }
--- request
    GET /ready
--- response_body
ready



=== TEST 7: a secret that is removed, and nginx reloaded
--- http_config
    veriff_integration kyc {
        api_key_file        $TEST_NGINX_KEYS/api_key;
        shared_secret_file  $TEST_NGINX_KEYS/reload_secrets;
    }
--- config
    $TEST_NGINX_READY
    location = /hook {
        veriff_webhook kyc;
        proxy_pass $TEST_NGINX_APP;
    }
--- request
    GET /ready
--- response_body
ready



=== TEST 8: integrations that share a pair are told apart by their id
--- http_config
    veriff_integration one {
        api_key_file        $TEST_NGINX_KEYS/api_key;
        shared_secret_file  $TEST_NGINX_KEYS/shared_secret;
        integration_id      id-one;
        api_uri /one;
    }
    veriff_integration two {
        api_key_file        $TEST_NGINX_KEYS/api_key;
        shared_secret_file  $TEST_NGINX_KEYS/shared_secret;
        integration_id      id-two;
        api_uri /two;
    }
--- config
    $TEST_NGINX_READY
    location = /hook {
        veriff_webhook one two;
        proxy_pass $TEST_NGINX_APP;
    }
--- request
    GET /ready
--- response_body
ready
--- grep_error_log eval
qr/veriff webhook "\w+": \w+/
--- grep_error_log_out eval
CORE::join '', map { qq(veriff webhook "$_": ok\n) } qw(one two one two)
