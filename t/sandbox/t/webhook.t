use Mojo::Base -strict, -signatures;

# Delivery: retries, duplicates, order, delays, and the webhook client.

use FindBin qw($RealBin);
use lib "$RealBin/../lib", "$RealBin/lib";

use Digest::SHA  qw(hmac_sha256_hex);
use MIME::Base64 qw(decode_base64 encode_base64);
use Mojo::JSON   qw(decode_json false true);
use Mojo::Util   qw(encode);
use SandboxTest  qw($KEY $SECRET control created_session new_receiver new_sandbox wait_for);
use Test::More;

sub deliveries ($t) { return @{ $t->get_ok('/_sandbox/webhooks')->tx->res->json } }

sub decide ($t, $v, $status = 'approved') {
    return control($t, "sessions/$v->{id}/decide", { status => $status, wait => true });
}

subtest 'retries' => sub {
    my $receiver = new_receiver();
    my $t        = new_sandbox('--webhook-url', $receiver->{url});
    my $v        = created_session($t);

    @{ $receiver->{statuses} } = (503, 204, 302);
    decide($t, $v);
    my ($d) = deliveries($t);
    is_deeply [$d->{type}, $d->{url}, $d->{session}, $d->{state}],
        ['decision', $receiver->{url}, $v->{id}, 'failed'], 'listed';
    is $d->{attempts}[0]{status}, 503, 'what the receiver said';

    control($t, 'time', { advance => 3599, wait => true });
    is @{ $receiver->{seen} }, 1, 'not before an hour';
    control($t, 'time', { advance => 2, wait => true });
    is @{ $receiver->{seen} }, 2, 'after an hour';
    control($t, 'webhooks/retry');
    is @{ $receiver->{seen} }, 3, '204 is no success; retried when asked';
    control($t, 'config', { retry_interval => 0.05 });
    wait_for('302 is no success; retried after the new interval', sub { @{ $receiver->{seen} } == 4 });
    wait_for('delivered', sub { (deliveries($t))[0]{state} eq 'delivered' });
    ($d) = deliveries($t);
    is_deeply [map { $_->{status} } @{ $d->{attempts} }], [503, 204, 302, 200], 'all attempts';
    my $bytes = encode 'UTF-8', $d->{body};
    is $_->{body}, $bytes, 'the same bytes each time' for @{ $receiver->{seen} };
    is $d->{headers}[2][1], hmac_sha256_hex($bytes, $SECRET), 'signature is listed';

    control($t, 'config', { webhook_url => 'http://127.0.0.1:1/' });
    decide($t, $v, 'declined');
    $d = (deliveries($t))[-1];
    is $d->{attempts}[0]{status}, undef, 'nobody listens';
    ok length $d->{attempts}[0]{error}, 'the error is listed';
    control($t, 'config', { retry_interval => 3600 });
    control($t, 'time', { advance => 7 * 86_400 + 1, wait => true });
    is((deliveries($t))[1]{state}, 'given up', 'after seven days it is given up');

    $t->delete_ok('/_sandbox/webhooks')->status_is(200);
    is_deeply [deliveries($t)], [], 'forgotten';
    control($t, 'config', { webhook_url => undef });
    decide($t, $v);
    is_deeply [deliveries($t)], [], 'no URL, no webhook';
};

subtest 'another pair signs' => sub {
    my $receiver = new_receiver();
    my $other    = 'b7a6f3c9-64e5-4d34-8d3a-5f6c2f6e9a01';
    my $t        = new_sandbox('--webhook-url', $receiver->{url}, '--webhook-key', $other,
        '--webhook-secret', 'second secret');
    decide($t, created_session($t));
    my $seen = $receiver->{seen}[0];
    is_deeply [@{ $seen->{headers} }{qw(x-auth-client x-hmac-signature)}],
        [$other, hmac_sha256_hex($seen->{body}, 'second secret')], 'the webhook pair';
};

subtest 'faults' => sub {
    my $receiver = new_receiver();
    my $t        = new_sandbox('--webhook-url', $receiver->{url}, '--resubmission-delay', 300);
    my $ids      = sub { map { decode_json($_->{body})->{verification}{id} } @{ $receiver->{seen} } };
    my ($first, $second) = map { created_session($t) } 1 .. 2;

    control($t, 'faults', { duplicate => 3 });
    decide($t, $first);
    is_deeply [$ids->()], [($first->{id}) x 3], 'duplicate';
    @{ $receiver->{seen} } = ();

    control($t, 'faults', { reorder => true });
    decide($t, $first);
    is_deeply [$ids->()], [], 'reorder: the first is held';
    decide($t, $second);
    is_deeply [$ids->()], [$second->{id}, $first->{id}], 'and follows the second';
    @{ $receiver->{seen} } = ();

    control($t, 'faults', { reorder => true });
    decide($t, $first);
    control($t, 'webhooks/retry');
    is_deeply [$ids->()], [$first->{id}], 'what is held leaves when asked';
    @{ $receiver->{seen} } = ();

    control($t, 'faults', { webhook_delay => 60 });
    decide($t, $first);
    is_deeply [$ids->()], [], 'webhook_delay: not at once';
    control($t, 'time', { advance => 61, wait => true });
    is_deeply [$ids->()], [$first->{id}], 'but then';
    @{ $receiver->{seen} } = ();

    decide($t, $first, 'resubmission_requested');
    is_deeply [$ids->()], [], 'resubmission_requested is delayed';
    control($t, 'time', { advance => 301, wait => true });
    is_deeply [$ids->()], [$first->{id}], 'by five minutes';
};

subtest 'client' => sub {
    my $receiver = new_receiver();
    my $t        = new_sandbox('--webhook-url', "$receiver->{url}/hook");
    my $send     = sub ($wish) {
        my $answer = control($t, 'webhooks/send', $wish);
        return ($answer, pop @{ $receiver->{seen} });
    };

    my $text = qq({"a": "\x{e3}"}\n);
    my ($answer, $seen) = $send->({ body => $text });
    is $answer->{status}, 200, 'status';
    is $answer->{body}, "got it\n", 'body';
    ok scalar(grep { $_->[0] eq 'Content-Length' } @{ $answer->{headers} }), 'headers';
    is $seen->{path}, '/hook', 'the usual URL';
    is $seen->{body}, encode('UTF-8', $text), 'text goes as UTF-8';
    is $seen->{headers}{'x-hmac-signature'}, hmac_sha256_hex($seen->{body}, $SECRET), 'signed';
    is $seen->{headers}{'x-auth-client'}, $KEY, 'key';

    (undef, $seen) = $send->({ body => { b => [1] }, url => "$receiver->{url}/other" });
    is $seen->{body}, '{"b":[1]}', 'object';
    is $seen->{path}, '/other', 'another URL';

    (undef, $seen) = $send->({ body_base64 => encode_base64("\x00\xff", '') });
    is $seen->{body}, "\x00\xff", 'raw bytes';

    (undef, $seen) = $send->({ body => 'x', sign => false });
    ok !exists $seen->{headers}{'x-hmac-signature'}, 'unsigned';
    (undef, $seen) = $send->({ body => 'x', sign => 'wrong' });
    like $seen->{headers}{'x-hmac-signature'}, qr/\A[0-9a-f]{64}\z/, 'wrong looks right';
    isnt $seen->{headers}{'x-hmac-signature'}, hmac_sha256_hex('x', $SECRET), 'but is wrong';

    (undef, $seen) = $send->({ body => 'x', secret => 'abc', api_key => 'me' });
    is $seen->{headers}{'x-hmac-signature'}, hmac_sha256_hex('x', 'abc'), 'another secret';
    is $seen->{headers}{'x-auth-client'}, 'me', 'another key';

    (undef, $seen) = $send->({ body => 'x', headers =>
        { 'x-auth-client' => undef, 'Content-Type' => 'text/plain', 'X-More' => ['a', 'b'] } });
    ok !exists $seen->{headers}{'x-auth-client'}, 'header taken away';
    is $seen->{headers}{'Content-Type'}, 'text/plain', 'header replaced';
    is $seen->{headers}{'X-More'}, 'a, b', 'header added twice';

    (undef, $seen) = $send->({ body => 'x' x 100_000, chunked => true });
    is length $seen->{body}, 100_000, 'chunked: all of it';
    (undef, $seen) = $send->({ method => 'GET' });
    is $seen->{method}, 'GET', 'another method';

    $receiver->{statuses} = [302];
    ($answer) = $send->({ body => 'x' });
    is $answer->{status}, 302, 'redirects are not followed';
    ($answer) = $send->({ body => 'x', url => 'http://127.0.0.1:1/' });
    is $answer->{status}, undef, 'nobody listens';
    ok length $answer->{error}, 'the error is told';
    $t->post_ok('/_sandbox/webhooks/send', json => { bdoy => 'x' })->status_is(400);
};

done_testing;
