use Mojo::Base -strict, -signatures;

# The feedback API: its headers, what is signed, its answers.

use FindBin qw($RealBin);
use lib "$RealBin/../lib", "$RealBin/lib";

use Digest::SHA qw(hmac_sha256_hex);
use Mojo::JSON  qw(encode_json);
use SandboxTest qw($KEY $SECRET created_session fails new_sandbox signed);
use Test::More;

my $CATEGORIES = '/v1/feedback/fraud-categories';
my $REPORTS    = '/v1/feedback/fraud-reports';

my $t  = new_sandbox();
my $id = created_session($t)->{id};

sub vrf ($message) {
    return (
        'VRF-AUTH-CLIENT'    => $KEY,
        'VRF-HMAC-SIGNATURE' => hmac_sha256_hex($message, $SECRET),
    );
}

sub post ($path, $body) {
    my $bytes = encode_json($body);
    return $t->post_ok(
        $path => { vrf("$path\n$bytes"), 'Content-Type' => 'application/json' } => $bytes);
}

sub refused ($code, $name) {
    $t->status_is(401, $name);
    is_deeply [sort keys %{ $t->tx->res->json }], [qw(code message)], "$name: no status";
    is $t->tx->res->json->{code}, $code, "$name: code";
}

subtest 'signatures' => sub {
    my %vector = (
        'VRF-AUTH-CLIENT'    => $KEY,
        'VRF-HMAC-SIGNATURE' => '987508e74ee08cd2fa17bead496b22090f1a4ff9a8fcdb6ea0a207489d07b2c7',
    );
    $t->get_ok($CATEGORIES, \%vector)->status_is(200, 'vector 11');
    my $headers = $t->tx->res->headers;
    is $headers->header('vrf-hmac-signature'), hmac_sha256_hex($t->tx->res->body, $SECRET),
        'the answer is signed under its name';
    is $headers->header('x-hmac-signature'), undef, 'and no other';

    my $body = '{"sessionIds":["aea9ba6d-1b47-47fc-a4fc-f72b6d3584a7"]}';
    $vector{'VRF-HMAC-SIGNATURE'} =
        'bea1b7ce00503a0a31c15192d1bb1fa25fc1e3dda351bc136e03d17f53ad8e03';
    $t->post_ok("$REPORTS/retrieve", { %vector, 'Content-Type' => 'application/json' }, $body)
        ->status_is(200, 'vector 12')->json_is('/reports/0/status' => 'NOT_FOUND');

    $t->get_ok($CATEGORIES, { signed($CATEGORIES) });
    refused('1801', 'X for VRF');
    $t->get_ok($CATEGORIES, { vrf('') });
    refused('1818', 'nothing signed');
    $t->get_ok($CATEGORIES, { 'VRF-AUTH-CLIENT' => $KEY });
    refused('1815', 'no signature');
    $t->get_ok($CATEGORIES, { vrf($CATEGORIES), 'VRF-AUTH-CLIENT' => $SECRET });
    refused('1803', 'unknown key');
    for my $wrong ($body, $REPORTS, "$REPORTS$body", "$REPORTS\n") {
        $t->post_ok($REPORTS, { vrf($wrong), 'Content-Type' => 'application/json' }, $body);
        refused('1819', 'wrongly signed');
    }
    $t->get_ok("/v1/sessions/$id/decision", { vrf($id) });
    fails($t, 401, '1801', 'VRF for X');
};

subtest 'reports' => sub {
    my $other  = '5b1f0e52-4e0e-4a57-9d7c-3a2f9c1d0b11';
    my %report = (sessionId => $id, categories => ['OTHER'], comment => 'seen twice');

    post($REPORTS, { reports => [\%report, { %report, sessionId => $other }] })->status_is(200)
        ->json_is('/reports' => [
            { sessionId => $id,    status => 'reported' },
            { sessionId => $other, status => 'error' },
        ]);
    post("$REPORTS/retrieve", { sessionIds => [$id, $other] })->status_is(200)
        ->json_is('/reports' => [
            { sessionId => $id, status => 'FOUND', categories => ['OTHER'],
                comment => 'seen twice' },
            { sessionId => $other, status => 'NOT_FOUND' },
        ]);

    fails(post($REPORTS, {}), 400, '1102', 'no reports');
    fails(post($REPORTS, { reports => ['x'] }), 400, '1104', 'no object');
    fails(post($REPORTS, { reports => [{ categories => ['OTHER'] }] }), 400, '1102', 'no id');
    fails(post($REPORTS, { reports => [{ %report, categories => [] }] }), 400, '1102', 'none');
    fails(post($REPORTS, { reports => [{ %report, categories => ['x'] }] }), 400, '1104', 'unknown');
    fails(post($REPORTS, { reports => [{ %report, comment => 'x' x 501 }] }), 400, '1104', 'long');
    fails(post("$REPORTS/retrieve", { sessionIds => [] }), 400, '1102', 'no ids');
    fails(post("$REPORTS/retrieve", { sessionIds => [($id) x 11] }), 400, '1104', '11 ids');
};

done_testing;
