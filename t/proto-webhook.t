# Webhooks over every version of HTTP, with proxy_request_buffering on and
# off: every type as the provider sends it, what is refused, report mode,
# replays, bodies in memory and in a file, in pieces, without a length.  The
# application and the provider see the same whatever it is.

use lib 't/lib';
use VeriffTest;
use VeriffSession;
use VeriffWebhook;
use VeriffWire;
use JSON::PP ();
use POSIX ();
use Test::More;

my @buffered = ('', '/unbuffered', '/file', '/tiny');
my $small = '{"verification":{"id":"abc-1","status":"approved"}}';

# the head that the application has, without what is another every time
sub head_of {
    my ($seen, $same) = @_;

    my ($line, @fields) = split /(?<=\n)/, $seen->{head} // '';
    my $head = join '', sort map { s/^([^:]+)/\L$1/r }
                        grep { !/^(?:Host|Connection):/i } @fields;

    return $same ? $same->($head) : $head;
}

sub fields_of {
    my ($body, %o) = @_;

    return ['Content-Type: application/json',
            'X-AUTH-CLIENT: ' . ($o{key} // api_key()),
            'X-HMAC-SIGNATURE: ' . ($o{signature} // hmac(shared_secret(),
                                                          $body)),
            @{ $o{fields} // [] }];
}

sub send_hook {
    my ($wire, $path, $body, %o) = @_;

    my @auth = $o{auth} ? @{ $o{auth} } : @{ fields_of($body, %o) };

    return $wire->ask($o{method} // 'POST', $path, fields => \@auth,
                      body => $body,
                      map { ($_ => $o{$_}) } grep { defined $o{$_} }
                                             qw(piece slow trailer));
}

# answered by the app, which has seen exactly this
sub is_accepted {
    my ($name, $answer, $body, $mark, $head) = @_;

    my @seen = app_seen();

    is($answer->{status}, 200, "$name: answered 200");
    is($answer->{content}, "app\n", "$name: by the app");
    is(scalar @seen, 1, "$name: the app sees it once");
    ok(@seen && $seen[0]{body} eq $body, "$name: byte for byte");

    my $text = $seen[0]{head} // '';
    is(join(' ', $text =~ /^X-Veriff-Webhook: (.*)\r$/mg), $mark,
       "$name: marked");
    is(join(' ', $text =~ /^Content-Length: (.*)\r$/mg), length $body,
       "$name: its length, once");
    unlike($text, qr/^(?:Transfer-Encoding|Expect)/mi, "$name: in one piece");

    return $seen[0];
}

sub is_refused {
    my ($name, $answer, $status) = @_;

    is($answer->{status}, $status, "$name: answered $status");
    is(scalar(app_seen()), 0, "$name: the app sees nothing");
}


# ---- every type ------------------------------------------------------------

sub steer {
    my ($id, $what, %o) = @_;

    sandbox(POST => "/_sandbox/sessions/$id/$what",
            { wait => JSON::PP::true(), %o });
}

my @notices = (
    (map { { type => 'watchlist', status => $_ } }
         qw(no_match possible_match)),
    { type => 'watchlist', status => 'possible_match',
      check => 'updated_result', extra => JSON::PP::true() },
    { type => 'full_auto' },
    { type => 'full_auto', status => 'declined',
      wrapped => JSON::PP::true() },
    (map { { type => $_, status => 'approved' } }
         qw(user_status ine curp ine_curp address unknown)),
);

# all that the provider says of a session
sub all_types {
    my ($wire) = @_;

    my $port = Test::Nginx::Util::server_port();
    sandbox(POST => '/_sandbox/config', {
        map { $_ => "http://127.0.0.1:$port/sink" } qw(webhook_url event_url)
    });

    my $made = JSON::PP::decode_json(
        $wire->ask(POST => '/api', fields => ['X-User: alice'])->{content});
    my $id = $made->{verification}{id};

    steer($id, 'event', action => $_) for qw(started submitted);
    steer($id, 'decide', status => $_)
        for qw(review resubmission_requested declined approved expired
               abandoned);
    steer($id, 'webhook', %$_) for @notices;

    return map {
        utf8::encode(my $body = $_->{body});
        { type => $_->{type}, body => $body, headers => $_->{headers} }
    } @{ sandbox(GET => '/_sandbox/webhooks') };
}

on_block(1 => sub {
    my (%first, @sent);

    for my $wire (wires()) {
        @sent = @sent ? @sent : all_types($wire);
        cmp_ok(scalar @sent, '>=', 19, 'there are all types');

        for my $number (0 .. $#sent) {
            my $sent = $sent[$number];

            for my $path ($wire->is_bare ? '' : (), '/unbuffered') {
                my $name = "$number $sent->{type}";
                my $full = "$path $name, " . $wire->name;
                my $answer = send_hook($wire, "$path/hook", $sent->{body},
                                       fields => ['X-Veriff-User: mallory']);
                my $seen = is_accepted($full, $answer, $sent->{body}, 'ok');

                like($seen->{head}, qr/^X-Seen: \w+,[\w-]+,\w*\r$/m,
                     "$full: what it is called");
                like($seen->{head}, qr/^X-Veriff-User: alice\r$/m,
                     "$full: its user");
                same_shape(\%first, "$name, the app", $wire, head_of($seen));
                same_shape(\%first, $name, $wire, shape_of($answer));
            }

            next if !$wire->is_bare;

            my $answer = send_hook($wire, '/alone', $sent->{body});
            is("$answer->{status}$answer->{content}", 200,
               "$number $sent->{type}, " . $wire->name . ', no app');
        }
    }
});


# ---- bodies ----------------------------------------------------------------

# no two parts of it are the same, up to the largest
my $filler = join '', map { sprintf '%08x', $_ } 1 .. 530_000;

sub body_of {
    my ($size) = @_;

    my $start = '{"verification":{"id":"abc-1","status":"approved"},"a":"';

    return $start . substr($filler, 0, $size - 2 - length $start) . '"}';
}

on_block(2 => sub {
    my $large = body_of(4_200_000);
    my $largest = body_of(4_194_304);

    for my $wire (wires()) {
        for my $path (@buffered) {
            for my $size (60, 3000, 300_000) {
                next if $size > 3000 && $path =~ m{/[ft]};

                my $name = "$path $size bytes, " . $wire->name;
                my $body = body_of($size);

                is_accepted($name, send_hook($wire, "$path/hook", $body),
                            $body, 'ok');

                next if $size == 60;

                (my $changed = $body) =~ s/abc-1/abc-2/;
                my $right = hmac(shared_secret(), $body);

                is_refused("$name, a byte changed",
                           send_hook($wire, "$path/hook", $changed,
                                     signature => $right), 401);
                is_refused("$name, a byte more",
                           send_hook($wire, "$path/hook", "$body ",
                                     signature => $right), 401);
            }
        }

        is_refused('too large, ' . $wire->name,
                   send_hook($wire, '/unbuffered/hook', $large), 413);
        next if !$wire->is_bare;

        is_accepted('the largest, ' . $wire->name,
                    send_hook($wire, '/unbuffered/hook', $largest),
                    $largest, 'ok');
    }
});

on_block(3 => sub {
    my $body = body_of(3000);
    my @ways = (
        ['byte by byte', $small, piece => 1],
        ['slow pieces', $body, piece => 500, slow => 1],
        ['a trailer', $body, trailer => 'X-Veriff-User: mallory'],
    );

    for my $wire (wires()) {
        for my $path (@buffered) {
            for my $way (@ways) {
                my ($how, $bytes, %o) = @$way;

                # nginx ends a connection of HTTP/2 for a trailer
                next if $o{trailer} && ($wire->is_http2
                                        || $wire->is_http1
                                           && $wire->is_announced);

                my $name = "$path $how, " . $wire->name;
                my $seen = is_accepted($name, send_hook($wire, "$path/hook",
                                                        $bytes, %o),
                                       $bytes, 'ok');
                unlike($seen->{head}, qr/mallory/, "$name: nothing more");

                next if $path ne '/unbuffered';

                is_refused("$name, forged", send_hook($wire, "$path/hook",
                    $bytes, %o, signature => hmac('x', $bytes)), 401);
            }
        }
    }
});

# in turns on one connection, every third of them forged
on_block(4 => sub {
    for my $wire (grep { $_->is_http2 } wires()) {
        for my $path (@buffered) {
            my @all = map {
                my $body = body_of(500 + 997 * $_);
                my @forged = $_ % 3 ? () : (signature => hmac('x', $body));
                { body => $body, forged => scalar @forged,
                  fields => fields_of($body, @forged) };
            } 1 .. 12;

            my @answers = $wire->ask_together(map { {
                method => 'POST', path => "$path/hook", body => $_->{body},
                fields => $_->{fields},
                piece => 100 + int(length($_->{body}) / 9),
            } } @all);

            my $name = "$path together, " . $wire->name;
            is(join(' ', map { $_->{status} } @answers),
               join(' ', map { $_->{forged} ? 401 : 200 } @all),
               "$name: accepted or not");
            is_deeply([sort map { $_->{body} } app_seen()],
                      [sort map { $_->{body} } grep { !$_->{forged} } @all],
                      "$name: what the app sees");
        }
    }
});


# ---- what is refused, and report mode --------------------------------------

my $key = api_key();
my $gzip = 'Content-Encoding: gzip';

my @invalid = (
    ['bad_signature', 401, signature => 'a' x 64],
    ['unknown_key', 401, key => 'x'],
    ['no_key', 401, auth => ['X-HMAC-SIGNATURE: ' . 'a' x 64]],
    ['no_signature', 401, auth => ["X-AUTH-CLIENT: $key"]],
    ['malformed_signature', 401, signature => 'x'],
    ['repeated_header', 401, fields => ["X-AUTH-CLIENT: $key"]],
    ['conflicting_headers', 401, fields => ["VRF-HMAC-SIGNATURE: $key"]],
    ['method', 405, method => 'PUT'],
    ['encoding', 415, fields => [$gzip]],
    ['malformed_json', 400, body => '[]'],
);

on_block(5 => sub {
    my %first;

    for my $wire (wires()) {
        for my $path ($wire->is_bare ? ('', '/alone') : (), '/unbuffered') {
            for my $invalid (@invalid) {
                my ($reason, $status, %o) = @$invalid;

                my $name = "$path $reason, " . $wire->name;
                my $place = $path eq '/alone' ? $path : "$path/hook";
                my $answer = send_hook($wire, $place, $o{body} // $small, %o);

                is_refused($name, $answer, $status);
                same_shape(\%first, $reason, $wire, shape_of($answer));
            }
        }
    }
});

on_block(6 => sub {
    my %first;

    my $large = body_of(4_200_000);

    for my $wire (wires()) {
        for my $path ($wire->is_bare ? '/report' : (), '/report-unbuffered') {
            for my $invalid (@invalid, ['size', 413, body => $large]) {
                my ($reason, $status, %o) = @$invalid;

                my $body = $o{body} // $small;
                my $name = "$path $reason, " . $wire->name;
                my $answer = send_hook($wire, $path, $body, %o);
                my @seen = app_seen();

                is("$answer->{status} $answer->{content}", "200 app\n",
                   "$name: answered by the app");
                is(scalar @seen, 1, "$name: the app sees it");
                ok(@seen && $seen[0]{body} eq $body, "$name: byte for byte");
                is(join(' ', ($seen[0]{head} // '')
                        =~ /^((?:x-veriff|x-auth|x-hmac|vrf).*)\r$/mig),
                   "X-Veriff-Webhook: $reason",
                   "$name: marked, nothing of the provider's");
            }

            my $answer = send_hook($wire, $path, $small);
            my $seen = is_accepted("$path, " . $wire->name, $answer, $small,
                                   'ok');
            same_shape(\%first, 'a valid one', $wire, head_of($seen));
        }
    }
});


# ---- what the app says -----------------------------------------------------

my @answers = (['202', 200, "app\n"], ['204', 200, ''], ['400', 400, "app\n"],
               ['500', 500, "app\n"], ['503', 503, "app\n"], ['none', 502]);

on_block(7 => sub {
    my %first;

    for my $wire (wires()) {
        for my $path ($wire->is_bare ? '' : (), '/unbuffered') {
            for (@answers) {
                my ($said, $status, $content) = @$_;

                my $name = "$path the app says $said, " . $wire->name;
                my $answer = send_hook($wire, "$path/hook", $small,
                                       fields => ["X-App: $said"]);

                is($answer->{status}, $status, "$name: $status");
                is($answer->{content}, $content, "$name: its words")
                    if defined $content;
                is(scalar(app_seen()), 1, "$name: asked once");
                same_shape(\%first, $said, $wire, shape_of($answer));
            }
        }

        is($wire->ask(POST => '/nobody', body => $small,
                      fields => fields_of($small))->{status}, 502,
           'nobody there, ' . $wire->name);
    }
});


# ---- state -----------------------------------------------------------------

my $people = 100;          # names of one length

sub at { POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime(time - $_[0])) }

sub decision {
    my ($who, $status, $ago) = @_;

    return JSON::PP->new->canonical->encode({ status => 'success',
        verification => { id => $who->{id}, status => $status,
                          vendorData => $who->{token}, code => 9001,
                          decisionTime => at($ago) } });
}

sub person {
    my ($wire) = @_;

    my $user = 'person-' . ++$people;
    my $made = JSON::PP::decode_json(
        $wire->ask(POST => '/api', fields => ["X-User: $user"])->{content});

    return { user => $user, id => $made->{verification}{id},
             token => $made->{verification}{vendorData} };
}

sub state_of {
    my ($wire, $who) = @_;

    my $answer = $wire->ask(GET => '/status',
                            fields => ["X-User: $who->{user}"]);

    return $answer->{content} =~ /"state":"(\w+)"/ ? $1 : undef;
}

# Sends it until it is a duplicate: its mark is written after the answer.
sub is_dropped {
    my ($name, $wire, $path, $body) = @_;

    my ($answer, @seen);

    for (1 .. 100) {
        $answer = send_hook($wire, $path, $body);
        @seen = app_seen() or last;
    }

    is("$answer->{status}$answer->{content}", 200, "$name: answered 200");
    is(scalar @seen, 0, "$name: not proxied");
}

on_block(8 => sub {
    my %first;

    for my $wire (wires()) {
        for my $path ($wire->is_bare ? ('/hook', '/pass') : (),
                      '/unbuffered/hook', '/unbuffered-pass')
        {
            my $who = person($wire);
            my $name = "$path, " . $wire->name;
            my $approved = decision($who, 'approved', 100);
            my $older = decision($who, 'declined', 200);

            is(state_of($wire, $who), 'UNVERIFIED', "$name: at first");

            my $answer = send_hook($wire, $path, $approved);
            my $seen = is_accepted("$name, approved", $answer, $approved,
                                   'ok');
            like($seen->{head}, qr/^X-Veriff-User: \Q$who->{user}\E\r$/m,
                 "$name: its user");
            is(state_of($wire, $who), 'VERIFIED', "$name: approved");

            my $same = sub {
                $_[0] =~ s/\Q$who->{user}\E|\Q$who->{id}\E|\b[\da-f]{64}\b/*/gr;
            };
            same_shape(\%first, 'approved', $wire, head_of($seen, $same));

            if ($path =~ /pass/) {
                is_accepted("$name, older", send_hook($wire, $path, $older),
                            $older, 'stale');

            } else {
                is_dropped("$name, again", $wire, $path, $approved);
                is_dropped("$name, older", $wire, $path, $older);
            }

            is_refused("$name, forged",
                       send_hook($wire, $path,
                                 decision($who, 'declined', 0),
                                 signature => 'a' x 64), 401);
            is(state_of($wire, $who), 'VERIFIED', "$name: still approved");

            send_hook($wire, $path, decision($who, 'declined', 50));
            is(state_of($wire, $who), 'REJECTED', "$name: declined");
            app_seen();
        }
    }
});


# ---- configuration ---------------------------------------------------------

sub hook {
    my ($path, $more, $options) = @_;

    return "location = $path { veriff_webhook kyc " . ($options // '') . ";\n"
           . 'proxy_http_version 1.1; proxy_set_header X-Seen '
           . '"$veriff_webhook_type,$veriff_webhook_session_id,'
           . '$veriff_webhook_status";' . "\n$more "
           . 'proxy_pass $TEST_NGINX_APP; }' . "\n";
}

my $off = 'proxy_request_buffering off;';

my $config = '$TEST_NGINX_WIRES $TEST_NGINX_READY
    location = /sink { return 200; }
    location = /alone { veriff_webhook kyc; }
    location = /nobody { veriff_webhook kyc; proxy_pass $TEST_NGINX_NO_APP; }'
    . api() . sessions()
    . hook('/hook', '') . hook('/unbuffered/hook', $off)
    . hook('/file/hook', "$off client_body_in_file_only clean;")
    . hook('/tiny/hook', "$off client_body_buffer_size 64;")
    . hook('/report', '', 'report')
    . hook('/report-unbuffered', $off, 'report');

my $stateful = 'location = /status { veriff_status kyc; }'
    . hook('/pass', '', 'replay=pass')
    . hook('/unbuffered-pass', $off, 'replay=pass');

add_block_preprocessor(sub {
    my ($block) = @_;

    my $has_store = $block->name =~ /TEST 8:/;

    $block->set_value('http_config',
        ($has_store ? "veriff_store veriff_temp;\n" : '')
        . integration($has_store ? 'watchlist apply; full_auto apply;' : ''));
    $block->set_value('config', $config . ($has_store ? $stateful : ''));
    $block->set_value('request', 'GET /ready');
    $block->set_value('response_body', "ready\n");
});

start_app();
start_sandbox();
run_tests();

__DATA__

=== TEST 1: every type
--- no_error_log
[alert]



=== TEST 2: bodies of every size
--- no_error_log
[alert]



=== TEST 3: in pieces, and with trailers
--- no_error_log
[alert]



=== TEST 4: several at the same time
--- no_error_log
[alert]



=== TEST 5: what is refused
--- error_log
veriff webhook refused: conflicting_headers



=== TEST 6: report mode
--- error_log
veriff webhook is not valid: size



=== TEST 7: what the app says
--- no_error_log
[alert]



=== TEST 8: state, and replays
--- no_error_log
[alert]
