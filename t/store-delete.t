# A session that an application deletes at the provider is removed from the
# store, before the answer passes on; what other sessions have brought stays.

use lib 't/lib';
use VeriffTest;
use VeriffSession;
use VeriffStore;
use VeriffDb;
use Test::More;

sub app_places {
    my ($more) = @_;

    $more //= '';

    return VeriffStore::places(<<"END");
location /app/ {
    veriff_sign kyc insecure_tls;
    rewrite ^/app/(.*)\$ /\$1 break;
    proxy_pass http://127.0.0.1:\$TEST_NGINX_SANDBOX_HTTP_PORT;
    proxy_ignore_client_abort on;
    proxy_ignore_headers X-Accel-Redirect X-Accel-Expires X-Accel-Limit-Rate
                         X-Accel-Buffering X-Accel-Charset;
    $more
}
location /empty/ {
    veriff_sign kyc insecure_tls;
    rewrite ^/empty/(.*)\$ /\$1 break;
    proxy_pass http://127.0.0.1:\$TEST_NGINX_SERVER_PORT;
    proxy_ignore_client_abort on;
}
location /v1/ { return 204; }
END
}

sub id_of { JSON::PP::decode_json($_[0])->{sessionId} }

sub gone {
    my ($session, $after) = @_;

    return ask('/app/v1/sessions/' . id_of($session) . ($after // ''), undef,
               method => 'DELETE');
}

sub counts { join ' ', map { $_ . keys %{ of_kind($_) } } qw(u s) }

sub ago { POSIX::strftime('%Y-%m-%dT%H:%M:%S.000000Z', gmtime(time - $_[0])) }

on_block(1 => sub {
    my $open = ask('/json', 'alice')->{content};
    my $other = ask('/json', 'bob')->{content};

    my $answer = gone($open);
    is($answer->{status}, 200, 'deleted');
    like($answer->{content}, qr/"status":"success"/, 'as the provider says');

    is(counts(), 'u2 s1', 'and gone at once');
    my @values = map { length } values %{ of_kind('u') };
    cmp_ok((sort { $a <=> $b } @values)[0], '<=', 144,
           'with user and URL');
    state_is('nothing is known', 'alice', 'UNVERIFIED', 'none', undef);

    my $new = answer_is('a new one', ask('/json', 'alice'), 200,
                        qr/"sessionUrl":"/);
    isnt(url_of({ content => $new }), url_of({ content => $open }),
         'with another URL');
    is(ask('/json', 'bob')->{content}, $other, 'others are not concerned');
    is(posts(), 3, 'three POSTs');
});

on_block(2 => sub {
    my $session = ask('/json', 'alice')->{content};
    decide($session, 'approved');
    answer_is('approved', ask('/json', 'alice'), 200, qr/"VERIFIED"/);

    is(gone($session)->{status}, 200, 'deleted');
    is(counts(), 'u1 s0', 'gone');
    state_is('and the verdict with it', 'alice', 'UNVERIFIED', 'none', undef);
});

on_block(3 => sub {
    my $first = ask('/json', 'alice')->{content};
    decide($first, 'approved', decisionTime => ago(86400 - 30));

    # its approval counts for half a minute more, but is old enough for a
    # second session when the record is made older
    change(sub {
        my ($all) = @_;
        for my $name (grep { /^u/ } keys %$all) {
            my $at = unpack 'q<', substr $all->{$name}, 16, 8;
            substr($all->{$name}, 16, 8) = pack 'q<', $at - 60_000_000;
        }
    });
    my $second = answer_is('step up', ask('/json', 'alice'), 200,
                           qr/"sessionUrl":"/);
    change(sub {
        my ($all) = @_;
        for my $name (grep { /^u/ } keys %$all) {
            my $at = unpack 'q<', substr $all->{$name}, 16, 8;
            substr($all->{$name}, 16, 8) = pack 'q<', $at + 60_000_000;
        }
    });

    is(gone($second)->{status}, 200, 'the second is deleted');
    is(counts(), 'u1 s1', 'and gone');
    answer_is('the first stands', ask('/json', 'alice'), 200,
              qr/"VERIFIED"/);
});

on_block(4 => sub {
    for my $fault ([status => 429], [status => 500], [signature => 'wrong'],
                   [signature => 'none'], [cut => 'body'])
    {
        my $session = ask('/json', "@$fault")->{content};

        fault(@$fault, method => 'DELETE');
        cmp_ok(gone($session)->{status}, '>=', 400, "@$fault: refused");
        like(ask('/status', "@$fault")->{content},
             qr/"sessionId":"\Q@{[id_of($session)]}\E"/, "@$fault: it stays");
    }

    my $session = ask('/json', 'alice')->{content};

    isnt(gone($session, '/media')->{status}, 200, 'what belongs to it');
    is(id_of(ask('/json', 'alice')->{content}), id_of($session),
       'is not itself');

    ask('/app/v1/sessions/' . id_of($session) . '/decision');
    is(id_of(ask('/json', 'alice')->{content}), id_of($session),
       'nor is GET a DELETE');
});

# a 204 has no signature
on_block(5 => sub {
    my $session = ask('/json', 'alice')->{content};

    fault(signature => 'none', method => 'DELETE');
    is(gone($session)->{status}, 200, 'deleted');
    wait_until('it is gone', sub { counts() eq 'u1 s0' });
    state_is('forgotten', 'alice', 'UNVERIFIED', 'none', undef);
});

# as some of its documents have it
on_block(10 => sub {
    my $session = ask('/json', 'alice')->{content};
    my $path = '/empty/v1/sessions/' . id_of($session);

    is(ask("$path/media", undef, method => 'DELETE')->{status}, 204, 'no content');
    is(ask('/json', 'alice')->{content}, $session, 'for another place');

    is(ask($path, undef, method => 'DELETE')->{status}, 204, 'deleted');
    wait_until('it is gone', sub { counts() eq 'u1 s0' });
    state_is('forgotten', 'alice', 'UNVERIFIED', 'none', undef);
});

on_block(6 => sub {
    my $session = ask('/json', 'alice')->{content};

    # its client does not wait
    my $socket = IO::Socket::INET->new(
        PeerAddr => '127.0.0.1',
        PeerPort => Test::Nginx::Util::server_port()) or die "connect: $!";
    fault(delay => 0.3, method => 'DELETE');
    syswrite $socket, 'DELETE /app/v1/sessions/' . id_of($session)
                      . " HTTP/1.1\r\nHost: localhost\r\n\r\n";
    close $socket;

    wait_until('it is gone', sub { counts() eq 'u1 s0' });
    state_is('forgotten', 'alice', 'UNVERIFIED', 'none', undef);
});

on_block(7 => sub {
    my @sessions = map { ask('/json', "user$_")->{content} } 1 .. 2;

    # the answer does not pass while nobody can write
    my $socket;

    locked(sub {
        $socket = IO::Socket::INET->new(
            PeerAddr => '127.0.0.1',
            PeerPort => Test::Nginx::Util::server_port())
            or die "connect: $!";
        syswrite $socket, 'DELETE /app/v1/sessions/' . id_of($sessions[0])
                          . " HTTP/1.1\r\nHost: localhost\r\n"
                          . "Connection: close\r\n\r\n";

        ok(!IO::Select->new($socket)->can_read(0.5), 'it waits');
    });

    my ($answer) = read_answers($socket);
    like($answer, qr{^HTTP/1\.1 200 .*"status":"success"}s, 'then it passes');
    is(counts(), 'u2 s1', 'when it is done');
});

# what is left of who has nothing more for user_rate
on_block(8 => sub {
    my $session = ask('/json', 'alice')->{content};

    change(sub {
        my ($all) = @_;
        substr($all->{$_}, 88, 4) = "\0" x 4 for grep { /^u/ } keys %$all;
    });

    is(gone($session)->{status}, 200, 'deleted');
    is(counts(), 'u0 s0', 'nothing is left');

    answer_is('a new one', ask('/json', 'alice'), 200, qr/"sessionUrl":"/);
    is(counts(), 'u1 s1', 'begins anew');
});

# With "match vendor_data" a webhook of a session that is not known binds it.
on_block(9 => sub {
    my $hook = sub {
        my ($status, $id, $user, @time) = @_;

        my $body = qq({"verification":{"id":"$id","vendorData":"$user",)
                   . (@time ? qq("decisionTime":"$time[0]",) : '')
                   . qq("status":"$status"}});

        my $answer = ask('/hook', undef, method => 'POST', content => $body,
                         'X-AUTH-CLIENT' => api_key(),
                         'X-HMAC-SIGNATURE' => hmac(shared_secret(), $body));
        is($answer->{status}, 200, "$status: taken");
    };

    my $id = id_of(ask('/json', 'alice')->{content});
    my $token = JSON::PP::decode_json(MIME::Base64::decode_base64(
        sandbox(GET => '/_sandbox/requests')->[-1]{body_base64}))
        ->{verification}{vendorData};

    my @approved = ('approved', $id, $token, ago(60));
    $hook->(@approved);
    state_is('approved', 'alice', 'VERIFIED', 'approved');

    is(ask("/app/v1/sessions/$id", undef, method => 'DELETE')->{status}, 200,
       'deleted');
    state_is('nothing is known', 'alice', 'UNVERIFIED', 'none');
    is(scalar keys %{ of_kind('d') }, 1, 'but that it was deleted');

    $hook->(@approved);
    state_is('sent once more', 'alice', 'UNVERIFIED', 'none');
    $hook->('approved', $id, $token);
    state_is('without time', 'alice', 'UNVERIFIED', 'none');
    $hook->('approved', $id, 'bob', ago(60));
    state_is('of another', 'bob', 'UNVERIFIED', 'none');

    $hook->('approved', 'another', 'alice', ago(60));
    state_is('another session', 'alice', 'VERIFIED', 'approved');
});

# The provider has none by that id: it was deleted, but not here.
on_block(11 => sub {
    my $open = ask('/json', 'alice')->{content};
    my $other = ask('/json', 'bob')->{content};

    VeriffTest::sandbox(POST => '/_sandbox/reset');

    is(gone($open)->{status}, 404, 'not known there');
    is(counts(), 'u2 s1', 'nor here any more');
    state_is('nothing is known', 'alice', 'UNVERIFIED', 'none', undef);
    is(url_of(ask('/json', 'bob')), url_of({ content => $other }),
       'others are not concerned');

    fault(signature => 'none', status => 404, code => 1101);
    is(gone($other)->{status}, 404, 'without a signature');
    is(counts(), 'u2 s1', 'it says nothing');
});

start_sandbox();
run_tests();

__DATA__

=== TEST 1: an open session
--- config eval: main::app_places()



=== TEST 2: the session of the verdict
--- config eval: main::app_places()



=== TEST 3: a second session
--- config eval: main::app_places()
--- http_config eval
main::kyc('verified_for 1d;')



=== TEST 4: what does not delete
--- config eval: main::app_places()



=== TEST 5: an answer without signature
--- config eval: main::app_places()
--- http_config eval
main::kyc('response_signature optional;')



=== TEST 6: a client that leaves
--- config eval: main::app_places()



=== TEST 7: the answer waits for the store
--- config eval: main::app_places()



=== TEST 8: nothing is left
--- config eval: main::app_places()



=== TEST 9: its webhook, sent once more
--- config eval: main::app_places()
--- http_config eval
main::kyc('match vendor_data;')



=== TEST 10: an answer without content
--- config eval: main::app_places()



=== TEST 11: one that the provider does not know
--- config eval: main::app_places()
