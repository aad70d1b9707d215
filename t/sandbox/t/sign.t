use Mojo::Base -strict, -signatures;

# The published and computed test vectors, those which must fail as well.

use FindBin qw($RealBin);
use lib "$RealBin/../lib", "$RealBin/lib";

use Digest::SHA   qw(sha256_hex);
use Mojo::Util    qw(encode);
use Sandbox::Sign qw(matches sign spoil well_formed);
use SandboxTest   qw($KEY $SECRET control fails is_signed new_receiver new_sandbox);
use Test::More;

my $body_a = '{"verification":{"callback":"https://veriff.com","person":{"firstName":"John",'
    . '"lastName":"Smith"},"document":{"type":"PASSPORT","country":"EE"},'
    . '"vendorData":"unique id of the end-user","timestamp":"2016-05-19T08:30:25.597Z"}}';
my $body_b    = $body_a =~ s/the end-user/a user/r;
my $id        = 'aea9ba6d-1b47-47fc-a4fc-f72b6d3584a7';
my $submitted = '{"verification":{"status":"submitted"}}';
my $spaced    = '{"verification": {"status": "submitted"}}';
my $empty     = '{"verification":{}}';
my $joao      = encode 'UTF-8', qq({"verification":{"person":{"firstName":"Jo\x{e3}o"}}});
my $joao_esc  = '{"verification":{"person":{"firstName":"Jo\u00e3o"}}}';
my $webhook_d = qq({"status":"success","verification":{"id":"$id",)
    . '"attemptId":"00bca969-b53a-4fad-b065-874d41a7b2b8","vendorData":"u-1","endUserId":null,'
    . '"status":"approved","code":9001,"reason":null,"reasonCode":null,'
    . '"decisionTime":"2026-01-02T03:04:05.678901Z",'
    . '"acceptanceTime":"2026-01-02T03:00:00.000000Z"},"technicalData":{"ip":null}}';
my $webhook_e = qq({"id":"$id","attemptId":"00bca969-b53a-4fad-b065-874d41a7b2b8",)
    . '"feature":"selfid","code":7002,"action":"submitted","vendorData":"u-1"}';

my %hex = (
    1    => '0dcab73ddd20062616d104231c7439657546a5c24e4691977da93bb854c31e25',
    2    => '6af6d95822e19e9cc707aec55395d8d363ba2c7bc4625bc04ebeca0c7bf8cd67',
    3    => '895cb3fd31139d89aeb7b263682e15479ab57651e70591256ad2c14fde4950dd',
    4    => '431804d39503a5600eb3a57c1bb6403cba06b3b243593e2619868e17eb22b277',
    5    => 'd3911e27bf0857fcdb6e490ebcbe2094643c34cdc9d7b34f67c4b0a7f03a8195',
    6    => '42bb6e2ac6f14dae742ce595163deec11f72720500cf044f7189047382e17c6a',
    7    => '9627d60a19c71d8596233f9ff9d307bcd648356f323f20c5870e068ffc645e32',
    8    => '762e8088e60a503ebac7f50b149b1d4143bc19ea55e51d861e1f012e16a9b810',
    9    => 'f80b217ee72bcece8a9b85c1b5f2915c7712b9c8593cb444d5c4ce2c745f2f6c',
    '9b' => '503ec918d662ed83e67127447b15e45a64a14ac5d6138eb9cd321fbcebf5480b',
    10   => '4005304bae46f8a0c2b1fbd7088f9dded39dc1040be754dede2bf198ab44b7c8',
    11   => '987508e74ee08cd2fa17bead496b22090f1a4ff9a8fcdb6ea0a207489d07b2c7',
    12   => 'bea1b7ce00503a0a31c15192d1bb1fa25fc1e3dda351bc136e03d17f53ad8e03',
    13   => '137f09712396b01a6c41f33b3cabce02d5f46032f467c0bcd6f26a1b3b9cacdd',
    14   => 'ff9c9e3bc8db532463c2824da94756be1f1347b41061a3e7aec5a72304fcdb18',
    L1   => '0558cec8645b295b424644f65dc65f1e4b4af2a9d2211bda0b0e62cfa78275fc',
    L2   => '19f1c8446beea200e4b184739f1e1dd81c335c513f685b87dea2133681f769ec',
    L3   => '5c48a0469e930f6f44103945f9b3283c8254048c5267570905755e5b68f278ba',
    X1   => 'ee7866a87920f13af7ce838f96f91b3ebbcee578a2ccd3d01839275b3dbc08a3',
    X2   => '66f4f578b74264c4d5ccc9cc6d9d878cab349015c98fca378effde1a59b27d70',
);
my %message = (
    1    => $body_a,
    2    => $body_b,
    3    => $id,
    4    => $submitted,
    5    => "$submitted\n",
    6    => $spaced,
    7    => uc $id,
    8    => $empty,
    9    => $joao,
    '9b' => $joao_esc,
    10   => '',
    11   => '/v1/feedback/fraud-categories',
    12   => qq(/v1/feedback/fraud-reports/retrieve\n{"sessionIds":["$id"]}),
    13   => $webhook_d,
    14   => $webhook_e,
);

subtest 'vectors' => sub {
    is length $joao,      49,  'vector 9 has 49 bytes';
    is length $joao_esc,  53,  'vector 9b has 53 bytes';
    is length $webhook_d, 352, 'webhook D has 352 bytes';
    is length $webhook_e, 167, 'webhook E has 167 bytes';
    is sign($message{$_}, $SECRET), $hex{$_}, "vector $_" for sort keys %message;
};

subtest 'what must not match' => sub {
    ok !matches($hex{5},  $submitted, $SECRET), 'a newline more';
    ok !matches($hex{6},  $submitted, $SECRET), 'other spacing';
    ok !matches($hex{7},  $id,        $SECRET), 'the id in upper case';
    ok !matches($hex{9},  $joao_esc,  $SECRET), 'escaped and raw differ';
    ok !matches($hex{10}, $id,        $SECRET), 'the empty message';
    ok !matches($hex{X1}, $id,        $SECRET), 'the decoded key';
    ok !matches($hex{X2}, $id,        $SECRET), 'another key';
    ok !matches($hex{L1}, $body_a,    $SECRET), 'legacy scheme, body A';
    ok !matches($hex{L2}, $body_b,    $SECRET), 'legacy scheme, body B';
    ok !matches($hex{L3}, $id,        $SECRET), 'legacy scheme, id';
    is sha256_hex($body_a . $SECRET), $hex{L1}, 'L1 is the legacy scheme indeed';
    is sign($id, pack 'H*', $SECRET =~ tr/-//dr), $hex{X1}, 'X1 is the decoded key indeed';

    ok matches(uc $hex{3}, $id, $SECRET), 'upper-case hex is accepted';
    ok matches($hex{X2}, $id, $SECRET, '00000000-0000-4000-8000-000000000000'),
        'a second secret is tried';
    ok !matches(spoil($hex{3}), $id, $SECRET), 'a spoilt signature';
    ok well_formed(spoil($hex{3})), 'which looks right';
    ok !well_formed($_), "not a signature: \"$_\"" for '', 'x' x 64, "$hex{3}0", "$hex{3}\n";
};

subtest 'over the wire: ids' => sub {
    my $t   = new_sandbox();
    my $get = sub ($path_id, $signature) {
        return $t->get_ok(
            "/v1/sessions/$path_id/decision",
            { 'X-AUTH-CLIENT' => $KEY, 'X-HMAC-SIGNATURE' => $signature }
        );
    };

    fails($get->($id, $hex{3}),       404, '1101', 'right signature of an unknown id');
    fails($get->($id, uc $hex{3}),    404, '1101', 'in upper case');
    fails($get->(uc $id, $hex{7}),    404, '1101', 'id in upper case, signed so');
    fails($get->(uc $id, $hex{3}),    401, '1818', 'id in upper case, signed otherwise');
    fails($get->($id, $hex{$_}),      401, '1818', "vector $_ for an id") for qw(7 10 L3 X1 X2);
    fails($get->($id, 'none'),        401, '1812', 'not a signature');
    is_signed($t, 'the refusal is signed');
};

subtest 'over the wire: bodies' => sub {
    my $t    = new_sandbox();
    my $post = sub ($body, $signature) {
        return $t->post_ok(
            '/v1/sessions',
            {
                'X-AUTH-CLIENT'    => $KEY,
                'X-HMAC-SIGNATURE' => $signature,
                'Content-Type'     => 'application/json'
            },
            $body
        );
    };

    # Their time stamp is of 2016: the signature is checked before it.
    fails($post->($body_a, $hex{1}), 400, '1201', 'body A');
    fails($post->($body_b, $hex{2}), 400, '1201', 'body B');
    $post->($message{$_}, $hex{$_})->status_is(201) for qw(4 5 6 8 9 9b);

    my %wrong = (
        '2 for body A' => [$body_a,        2],
        'L1'           => [$body_a,        'L1'],
        'L2'           => [$body_b,        'L2'],
        '5 for 4'      => [$submitted,     5],
        '4 for 5'      => ["$submitted\n", 4],
        '6 for 4'      => [$submitted,     6],
        '9 for 9b'     => [$joao_esc,      9],
        '9b for 9'     => [$joao,          '9b'],
        '10'           => [$empty,         10],
    );
    for my $name (sort keys %wrong) {
        my ($body, $number) = @{ $wrong{$name} };
        fails($post->($body, $hex{$number}), 401, '1819', "vector $name");
    }
};

subtest 'over the wire: webhooks' => sub {
    my $receiver = new_receiver();
    my $t        = new_sandbox('--webhook-url', "$receiver->{url}/hook");
    for my $number (13, 14) {
        control($t, 'webhooks/send', { body => $message{$number} });
        my $seen = pop @{ $receiver->{seen} };
        is $seen->{headers}{'x-hmac-signature'}, $hex{$number}, "vector $number is sent";
        is $seen->{headers}{'x-auth-client'}, $KEY, 'with the key';
        is $seen->{body}, $message{$number}, 'and its bytes';
    }
};

subtest 'rotation' => sub {
    my $second = '00000000-0000-4000-8000-000000000000';
    my $t      = new_sandbox('--secret', $SECRET, '--secret', $second);
    $t->get_ok(
        "/v1/sessions/$id/decision",
        { 'X-AUTH-CLIENT' => $KEY, 'X-HMAC-SIGNATURE' => $hex{X2} }
    );
    fails($t, 404, '1101', 'the second secret is accepted');
    is_signed($t, 'the first one signs');
};

done_testing;
