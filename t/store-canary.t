# Nothing in the store's files, or in the log, says who is verified: user ids,
# session URLs, tokens and names were on the wire and are not in clear there.
# The log is looked at by the test "error log" that every block has.

use lib 't/lib';
use VeriffTest;
use VeriffSession;
use VeriffWebhook;
use JSON::PP ();
use MIME::Base64 ();
use Test::More;

our %c = map { $_ => canary("canary-$_-5d2c") } qw(user url name other);

start_app();
start_sandbox();

sub get {
    my ($path, $user) = @_;

    return exchange("GET $path HTTP/1.1\r\nHost: localhost\r\n"
                    . "X-User: $user\r\nX-Name: $c{name}\r\n"
                    . "Connection: close\r\n\r\n");
}

# all that the store's directory holds
sub store {
    my $text = '';

    for my $file (glob "$ENV{TEST_NGINX_KEYS}/store/*") {
        open my $in, '<:raw', $file or die "$file: $!";
        $text .= do { local $/; <$in> };
    }

    return $text;
}

sub check_store {
    my ($name, @secrets) = @_;

    my $store = store();

    ok(length $store > 4096, "$name: the store has been written");

    for my $secret (@secrets) {
        is(index($store, $secret), -1, "$name: not in clear");
        is(index($store, unpack 'H*', $secret), -1, "$name: nor in hex");
    }
}

on_block(1 => sub {
    my $url = "https://alchemy.veriff.com/v/$c{url}";

    fault(url => $url);

    my $answer = get('/api', $c{user});
    my $json = JSON::PP::decode_json(content_of($answer))->{verification};

    is($json->{url}, $url, 'the URL was on the wire');

    my $token = canary($json->{vendorData});
    my @secrets = (values %c, $token);

    my ($seen) = grep { $_->{method} eq 'POST' }
                 @{ sandbox(GET => '/_sandbox/requests') };
    my $sent = MIME::Base64::decode_base64($seen->{body_base64});
    like($sent, qr/\Q$c{name}\E/, 'the name was on the wire');
    like($sent, qr/\Q$token\E/, 'the token was on the wire');

    check_store('a session', @secrets);

    $answer = get('/json', $c{user});
    like($answer, qr/\Q$url\E/, 'the URL comes back from the store');

    # of a user without a session, too
    get('/status', $c{other});

    my %verification = (id => $json->{id}, vendorData => $token,
                        person => { firstName => $c{name} });

    for my $status ('review', 'approved', 'declined') {
        my $time = $status eq 'declined' ? '2026-01-02T00:00:00Z'
                                         : '2026-01-01T00:00:00Z';
        my $body = JSON::PP::encode_json({ verification => {
            %verification, status => $status, decisionTime => $time } });

        is(status_of(exchange(webhook(body => $body))), 200, $status);

        my ($webhook) = app_seen();
        like($webhook->{head}, qr/^X-Veriff-User: \Q$c{user}\E\r$/m,
             "$status: the user was on the wire");
        like($webhook->{body}, qr/\Q$token\E.*\Q$c{name}\E|
                                  \Q$c{name}\E.*\Q$token\E/x,
             "$status: with token and name");

        check_store($status, @secrets);
    }

    # older, another user's, and unknown
    for my $change ({ status => 'approved' }, { vendorData => $c{other} },
                    { id => 'unknown' })
    {
        my $body = JSON::PP::encode_json({ verification => {
            %verification, status => 'declined',
            decisionTime => '2026-01-01T00:00:00Z', %$change } });

        is(status_of(exchange(webhook(body => $body))), 200, 'refused');
        check_store('refused', @secrets);
    }

    like(get('/status', $c{user}), qr/"state":"REJECTED"/, 'it was applied');
});

run_tests();

__DATA__

=== TEST 1: a session, its webhooks and its end
--- http_config eval
'veriff_store $TEST_NGINX_KEYS/store;' . main::integration(
    q(payload '{"verification": {"vendorData": "$veriff_user_token",
      "person": {"firstName": "$http_x_name"}}}';))
--- config eval
main::api() . main::sessions() . '
    $TEST_NGINX_READY
    location = /status { veriff_status kyc; }
    location = /hook { veriff_webhook kyc; proxy_pass $TEST_NGINX_APP; }'
--- request
    GET /ready
--- response_body
ready
