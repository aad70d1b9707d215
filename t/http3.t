# Requests over HTTP/3: webhooks, sessions and signed requests, with bodies
# that announce their length and bodies that do not.

use lib 't/lib';
use VeriffTest;
use VeriffWebhook;
use VeriffSession;
use VeriffHttp3;
use Digest::SHA qw(sha256_hex);
use Test::More;

start_sandbox();
start_app();

my $small = '{"verification":{"id":"abc-1","status":"approved"}}';
my @unannounced = ('Content-Length:');

sub body_of {
    my ($size) = @_;

    my $start = '{"verification":{"id":"abc-1","status":"approved"},"a":"';
    my $n = 0;

    $start .= sprintf '%08x', $n++ while length $start < $size;

    return substr($start, 0, $size - 2) . '"}';
}

# a webhook, signed as $signature
sub hook {
    my ($body, $signature, @fields) = @_;

    return http3(POST => '/hook', body => $body, fields => [
        'Content-Type: application/json', 'X-AUTH-CLIENT: ' . api_key(),
        "X-HMAC-SIGNATURE: $signature", @fields]);
}

sub is_refused {
    my ($name, $status, @hook) = @_;

    is(hook(@hook)->{status}, $status, "$name: answered $status");
    is(scalar(app_seen()), 0, "$name: the app sees nothing");
}

on_block(1 => sub {
    for my $size (60, 3000, 300_000) {
        my $body = body_of($size);
        my $right = hmac(shared_secret(), $body);

        (my $changed = $body) =~ s/abc-1/abc-2/;

        for my $more ([], \@unannounced) {
            my $name = "$size bytes [@$more]";

            my $answer = hook($body, $right, @$more, 'X-Veriff-User: mallory');
            my @seen = app_seen();

            is($answer->{status}, 200, "$name: answered 200");
            is($answer->{body}, "app\n", "$name: by the app");
            is(scalar @seen, 1, "$name: the app sees it once");
            ok(@seen && $seen[0]{body} eq $body, "$name: byte for byte");

            my $head = @seen ? $seen[0]{head} : '';
            like($head, qr/^X-Veriff-Webhook: ok\r$/m, "$name: and marked");
            like($head, qr/^Content-Length: $size\r$/m, "$name: its length");
            unlike($head, qr/mallory/, "$name: no header that is ours");

            is_refused("$name, a byte changed", 401, $changed, $right, @$more);
            is_refused("$name, a byte more", 401, "$body ", $right, @$more);
            is_refused("$name, another secret", 401, $body,
                       hmac('x', $body), @$more);
            is_refused("$name, the HMAC of nothing", 401, $body,
                       hmac(shared_secret(), ''), @$more);
        }
    }

    is(http3(POST => '/hook', body => $small)->{status}, 401, 'no signature');
    is(http3(GET => '/hook')->{status}, 405, 'another method');

    my $large = body_of(1_500_000);
    is_refused('too large', 413, $large, hmac(shared_secret(), $large));
    is_refused('too large, not announced', 413, $large,
               hmac(shared_secret(), $large), @unannounced);

    my $cut = substr $small, 0, -1;
    is_refused('more announced than sent', 400, $cut,
               hmac(shared_secret(), $cut), @unannounced,
               'Content-Length: ' . length $small);
});

sub session {
    my ($method, $path, %o) = @_;

    my $answer = http3($method => $path, %o, fields => [
        'X-User: alice', 'Cookie: a=b', 'Authorization: Basic YTpi',
        @{ $o{fields} }]);

    my @created = grep { $_->{path} eq '/v1/sessions' }
                       @{ sandbox(GET => '/_sandbox/requests') };
    sandbox(POST => '/_sandbox/reset');

    return ($answer, @created);
}

my $host = 'app.example.com';
my %origin_of = (
    $host => "https://$host",
    "\u$host" => "https://$host",
    "$host:443" => "https://$host",
    "$host:8443" => "https://$host:8443",
);

my %foreign_to = (
    $host => ['https://evil.example.net', 'null', "http://$host",
              "https://$host:8443", "https://$host.example.net"],
    "$host:8443" => ["https://$host", "https://$host:8444"],
);

on_block(2 => sub {
    for my $authority (sort keys %origin_of) {
        my $origin = $origin_of{$authority};
        my ($answer, @created) = session(POST => '/json',
            authority => $authority, fields => ["Origin: $origin"]);

        is($answer->{status}, 200, "$origin on $authority: answered 200");
        like($answer->{body}, qr/^\{"state":"UNVERIFIED","sessionUrl":"https:/,
             "$origin on $authority: with a URL");
        is(scalar @created, 1, "$origin on $authority: one session");
    }

    for my $authority (sort keys %foreign_to) {
        for my $origin (@{ $foreign_to{$authority} }) {
            my ($answer, @created) = session(POST => '/json',
                authority => $authority, fields => ["Origin: $origin"]);

            is($answer->{status}, 403, "$origin on $authority: answered 403");
            is(scalar @created, 0, "$origin on $authority: no session");
        }
    }
});

on_block(3 => sub {
    my ($answer, @created) = session(GET => '/redirect', fields => []);

    is($answer->{status}, 303, 'a navigation is redirected');
    like($answer->{head}, qr/^location: https:\/\/127\.0\.0\.1:\d+\/\S+$/m,
         'to the page of the session');

    # with a body of the client's, which is nobody's business
    for my $more ([], \@unannounced) {
        ($answer, @created) = session(POST => '/json', fields => $more,
                                      body => body_of(50_000));

        is($answer->{status}, 200, "a body [@$more]: answered 200");
        is(scalar @created, 1, "a body [@$more]: one session");

        my $seen = seen(JSON::PP::encode_json(\@created));

        like($seen, qr/^x-auth-client: right\n.*^x-hmac-signature: right\n/ms,
             "a body [@$more]: signed");
        unlike($seen, qr/^(?:cookie|authorization|user-agent|x-user):|abc-1/m,
               "a body [@$more]: nothing of the client's");
    }
});

my $id = 'aea9ba6d-1b47-47fc-a4fc-f72b6d3584a7';
my $media = "/veriff-app/v1/sessions/$id/media";

sub field {
    my ($request, $name) = @_;

    return join ', ', map { $_->[1] }
                      grep { lc $_->[0] eq $name } @{ $request->{headers} };
}

on_block(4 => sub {
    for my $size (60, 3000, 300_000) {
        my $body = body_of($size);

        for my $more ([], \@unannounced) {
            my $name = "$size bytes [@$more]";

            sandbox(DELETE => '/_sandbox/requests');

            # it has no such session, which it says if the signature is right
            my $answer = http3(POST => $media, body => $body, fields => [
                'Content-Type: application/json', 'X-HMAC-SIGNATURE: 00',
                'X-AUTH-CLIENT: mallory', 'Cookie: a=b', @$more]);
            is($answer->{status}, 404, "$name: accepted by the provider");

            my ($seen, @others) = @{ sandbox(GET => '/_sandbox/requests') };
            is(scalar @others, 0, "$name: sent once");
            is($seen->{body_length}, $size, "$name: all of it");
            is($seen->{body_sha256}, sha256_hex($body), "$name: as it came");
            is(field($seen, 'x-hmac-signature'),
               hmac(shared_secret(), $body), "$name: signed right");
            is(field($seen, 'x-auth-client'), api_key(), "$name: one key");
            is(field($seen, 'cookie'), '', "$name: no cookie");
        }
    }

    sandbox(DELETE => '/_sandbox/requests');
    is(http3(GET => $media)->{status}, 404, 'GET: accepted');

    my ($seen) = @{ sandbox(GET => '/_sandbox/requests') };
    is(field($seen, 'x-hmac-signature'), hmac(shared_secret(), $id),
       'GET: the id is signed');
});

run_tests();

__DATA__

=== TEST 1: webhooks
--- http_config
$TEST_NGINX_INTEGRATION
    server {
        $TEST_NGINX_HTTP3
        location = /hook {
            client_body_buffer_size 4k;
            veriff_webhook kyc;
            proxy_pass $TEST_NGINX_APP;
        }
    }
--- config
    $TEST_NGINX_READY
--- request
    GET /ready
--- response_body
ready



=== TEST 2: the origin of those who create sessions
--- http_config eval
main::integration() . '
server {
    $TEST_NGINX_HTTP3
' . main::api() . main::sessions() . '}'
--- config
    $TEST_NGINX_READY
--- request
    GET /ready
--- response_body
ready



=== TEST 3: sessions
--- http_config eval
main::integration() . '
server {
    $TEST_NGINX_HTTP3
' . main::api() . main::sessions() . '}'
--- config
    $TEST_NGINX_READY
--- request
    GET /ready
--- response_body
ready



=== TEST 4: signed requests
--- http_config eval
main::integration() . '
server {
    $TEST_NGINX_HTTP3
    location /veriff-app/ {
        client_body_buffer_size 4k;
        veriff_sign kyc insecure_tls;
        rewrite ^/veriff-app/(.*)$ /$1 break;
        proxy_pass http://127.0.0.1:$TEST_NGINX_SANDBOX_HTTP_PORT;
        proxy_ignore_client_abort on;
    }
}'
--- config
    $TEST_NGINX_READY
--- request
    GET /ready
--- response_body
ready
