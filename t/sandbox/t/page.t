use Mojo::Base -strict, -signatures;

# The hosted page: what a person sees and presses, and what it causes.

use FindBin qw($RealBin);
use lib "$RealBin/../lib", "$RealBin/lib";

use Digest::SHA qw(hmac_sha256_hex);
use Mojo::JSON  qw(decode_json);
use SandboxTest qw($KEY $SECRET control created_session new_receiver new_sandbox wait_for);
use Test::More;

my $callback = 'https://app.test/return?state=a&b=%3C';

sub page_of ($v) { return $v->{url} =~ s{\Ahttps://flow\.test}{}r }

sub press ($t, $v, $button) {
    return $t->post_ok(page_of($v) => form => { action => $button });
}

subtest 'the page' => sub {
    my $t = new_sandbox();
    my $v = created_session($t, qq({"verification":{"callback":"$callback"}}));
    $t->get_ok(page_of($v))->status_is(200)->content_type_is('text/html; charset=utf-8')
        ->header_is('Cache-Control' => 'no-store')->header_is('Referrer-Policy' => 'no-referrer')
        ->text_is('title' => 'Verify your identity - sandbox')
        ->text_is('h1' => 'Verify your identity')
        ->element_exists('html[lang]')
        ->element_exists('link[rel=icon][href="data:,"]')
        ->element_exists("button#$_") for qw(approve decline resubmit leave);
    $t->element_count_is('h1' => 1)->element_exists_not('script, img, link[rel=stylesheet]');
    is $t->tx->res->dom->at('code')->text, $callback, 'it says where one returns to';
    unlike $t->tx->res->body, qr/b=%3C&b|state=a&b/, 'escaped';
    $t->get_ok('/v/nonsense')->status_is(404)->text_is('h1' => 'Nothing to do');
    $t->post_ok('/v/nonsense')->status_is(404);
    press($t, $v, 'dance')->status_is(400);
};

my %outcome = (
    approve  => ['approved',               9001],
    decline  => ['declined',               9102],
    resubmit => ['resubmission_requested', 9103],
);
for my $button (sort keys %outcome) {
    subtest "button $button" => sub {
        my ($status, $code) = @{ $outcome{$button} };
        my $receiver = new_receiver();
        my $t = new_sandbox('--webhook-url', "$receiver->{url}/decisions",
            '--event-url', "$receiver->{url}/events",
            '--integration-id', 'd9f1e1de-2c5a-4bb4-9a43-4f04a2b6f1d7');
        my $v = created_session($t, qq({"verification":{"callback":"$callback","vendorData":"u"}}));

        $t->get_ok(page_of($v))->status_is(200);
        $t->get_ok(page_of($v))->status_is(200);
        press($t, $v, $button)->status_is(303)->header_is(Location => $callback);
        wait_for('three webhooks arrive', sub { @{ $receiver->{seen} } >= 3 });

        my @seen = @{ $receiver->{seen} };
        is_deeply [map { $_->{path} } @seen], ['/events', '/events', '/decisions'],
            'in order; started is told once';
        my @body = map { decode_json($_->{body}) } @seen;
        is_deeply [map { $_->{code} } @body[0, 1]], [7001, 7002], 'events';
        is_deeply [@{ $body[2]{verification} }{qw(id status code vendorData)}],
            [$v->{id}, $status, $code, 'u'], 'decision';
        is $body[2]{status}, 'success', 'status of the call';
        for my $seen (@seen) {
            is_deeply
                [@{ $seen->{headers} }{qw(x-auth-client x-hmac-signature vrf-integration-id)}],
                [$KEY, hmac_sha256_hex($seen->{body}, $SECRET),
                    'd9f1e1de-2c5a-4bb4-9a43-4f04a2b6f1d7'], 'signed';
            is $seen->{headers}{'Content-Type'}, 'application/json', 'JSON';
            is $seen->{method}, 'POST', 'POST';
        }

        if ($button eq 'resubmit') {
            $t->get_ok(page_of($v))->status_is(200)->text_is('h1' => 'Verify your identity');
            wait_for('a new start is told', sub { @{ $receiver->{seen} } == 4 });
            my $event = decode_json($receiver->{seen}[3]{body});
            is $event->{code}, 7001, 'event started';
            isnt $event->{attemptId}, $body[2]{verification}{attemptId}, 'of a new attempt';
        }
        else {
            $t->get_ok(page_of($v))->status_is(200)->text_is('h1' => 'Nothing to do')
                ->element_exists_not('button');
            press($t, $v, 'approve')->status_is(409)->text_is('h1' => 'Nothing to do');
        }
    };
}

subtest 'leaving, and no callback' => sub {
    my $receiver = new_receiver();
    my $t        = new_sandbox('--webhook-url', $receiver->{url});
    my $v        = created_session($t, qq({"verification":{"callback":"$callback"}}));
    $t->get_ok(page_of($v))->status_is(200);
    press($t, $v, 'leave')->status_is(303)->header_is(Location => $callback);
    is $t->get_ok("/_sandbox/sessions/$v->{id}")->tx->res->json->{status}, 'started', 'still open';
    is_deeply $t->get_ok('/_sandbox/webhooks')->tx->res->json, [], 'no webhook';

    $v = created_session($t);
    press($t, $v, 'leave')->status_is(200)->text_is('h1' => 'You can close this page');
    press($t, $v, 'approve')->status_is(200)->text_is('h1' => 'You can close this page');

    $v = created_session($t);
    control($t, 'time', { advance => 8 * 86_400 });
    $t->get_ok(page_of($v))->status_is(200)->text_is('h1' => 'Nothing to do');
};

done_testing;
