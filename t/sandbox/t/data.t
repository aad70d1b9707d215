use Mojo::Base -strict, -signatures;

# Collected data, attempts, person, watch list, registries, registry
# validation, one-time passwords, and several integrations of one key pair.

use FindBin qw($RealBin);
use lib "$RealBin/../lib", "$RealBin/lib";

use Mojo::JSON  qw(encode_json true);
use SandboxTest qw($KEY control created_session fails is_signed new_sandbox signed);
use Test::More;

my $OTHER = '5b1f0e52-4e0e-4a57-9d7c-3a2f9c1d0b11';
my $PERSON = { firstName => 'Maria', lastName => 'Smith', dateOfBirth => '1990-05-17' };

sub post ($t, $path, $body, %headers) {
    $body = encode_json($body) if ref $body;
    return $t->post_ok(
        $path => { signed($body), 'Content-Type' => 'application/json', %headers } => $body);
}

sub patch ($t, $path, $body) {
    my $bytes = encode_json($body);
    return $t->patch_ok(
        $path => { signed($bytes), 'Content-Type' => 'application/json' } => $bytes);
}

sub get ($t, $id, $rest, %headers) {
    return $t->get_ok("/v1/sessions/$id/$rest", { signed($id), %headers });
}

subtest 'ids and signatures' => sub {
    my $t = new_sandbox();
    for my $rest (qw(attempts person watchlist-screening decision/ine-registry
        decision/curp-registry?version=1.0.0 decision/combined-ine-curp-registry))
    {
        fails(get($t, $OTHER, $rest), 404, '1101', "$rest, unknown id");
        is_signed($t);
        fails(get($t, 'x' x 36, $rest), 400, '1002', "$rest, no id");
        fails($t->get_ok("/v1/sessions/$OTHER/$rest", { signed("$OTHER/$rest") }),
            401, '1818', "$rest, path signed");
        fails($t->get_ok("/v1/sessions/$OTHER/$rest", { 'X-AUTH-CLIENT' => $KEY }),
            401, '1815', "$rest, nothing signed");
    }
    for my $rest (qw(collected-data mfa/generate mfa/verify)) {
        my $path = "/v1/sessions/$OTHER/$rest";
        fails(post($t, $path, '{}'), 404, '1101', "$rest, unknown id");
        fails($t->post_ok($path, { signed($OTHER) }, '{}'), 401, '1819', "$rest, id signed");
    }
};

subtest 'collected data' => sub {
    my $t    = new_sandbox();
    my $id   = created_session($t)->{id};
    my $path = "/v1/sessions/$id/collected-data";
    my %good = (
        providerName => 'Acme',
        network      => { ip => { addressV4 => '192.0.2.1' } },
        device       => { fingerprint => 'f1' },
    );
    post($t, $path, \%good)->status_is(200);
    is_signed($t);
    my $attempt = control_session($t, $id)->{attemptId};
    post($t, $path, \%good)->json_is('/sessionId' => $id)->json_is('/attemptId' => $attempt);
    is_deeply control_session($t, $id)->{collected}, \%good, 'kept';
    post($t, $path, { %good, network => { ip => { addressV6 => '2001:db8::1' } } })->status_is(200);

    my @bad = (
        [[]                                                          => 1101],
        [{ %good, providerName => '' }                               => 1104],
        [{ %good, providerName => 'x' x 256 }                        => 1104],
        [{ %good, providerName => 7 }                                => 1104],
        [{ %good, device => {} }                                     => 1102],
        [{ %good, device => 'x' }                                    => 1104],
        [{ %good, network => {} }                                    => 1102],
        [{ %good, network => { ip => { addressV4 => 'here' } } }     => 1104],
        [{ %good, browser => { utcOffset => 1441 } }                 => 1104],
        [{ %good, browser => { userAgent => 'x' x 256 } }            => 1104],
        [{ %good, person => { email => undef } }                     => 1104],
    );
    fails(post($t, $path, $_->[0]), 400, $_->[1], encode_json($_->[0])) for @bad;
    delete $good{providerName};
    fails(post($t, $path, \%good), 400, '1102', 'no provider');

    control($t, "sessions/$id/event", { action => 'submitted' });
    fails(post($t, $path, \%good), 400, '1304', 'after it was submitted');
};

subtest 'attempts, person, watch list' => sub {
    my $t = new_sandbox();
    my $id = created_session($t, encode_json({ verification => { person => $PERSON } }))->{id};

    get($t, $id, 'person')->status_is(200)->json_is('/person' => undef);
    control($t, "sessions/$id/decide", { status => 'resubmission_requested' });
    control($t, "sessions/$id/event",  { action => 'started' });
    control($t, "sessions/$id/decide", { status => 'approved' });

    my $list = get($t, $id, 'attempts')->status_is(200)->tx->res->json->{verifications};
    is_signed($t);
    is_deeply [map { $_->{status} } @$list], [qw(resubmission_requested approved)], 'attempts';
    is $list->[1]{id}, control_session($t, $id)->{attemptId}, 'id of the last';
    like $list->[0]{createdTime}, qr/\A\d{4}-\d\d-\d\dT[\d:.]+Z\z/, 'time';

    my $person = get($t, $id, 'person')->status_is(200)->tx->res->json->{person};
    is_signed($t);
    is $person->{lastName}, 'Smith', 'name';
    is $person->{idCode}, '49005170014', 'id number under its name here';

    my $data = get($t, $id, 'watchlist-screening')->status_is(200)->tx->res->json->{data};
    is_signed($t);
    is_deeply [@$data{qw(sessionId matchStatus monitorStatus totalHits)}],
        [$id, 'no_match', 'enabled', 0], 'screening';
    is_deeply $data->{searchTerm}, { name => 'Maria Smith', year => '1990' }, 'search term';

    my $path = "/v1/sessions/$id/watchlist-screening";
    fails(patch($t, $path, {}), 400, '1102', 'no status');
    fails(patch($t, $path, { monitorStatus => 'enabled' }), 400, '1104', 'enabled');
    fails($t->patch_ok($path, { signed($id) }, '{}'), 401, '1819', 'id signed');
    patch($t, $path, { monitorStatus => 'disabled' })->status_is(200)
        ->json_is('/data/monitorStatus' => 'disabled');
    get($t, $id, 'watchlist-screening')->json_is('/data/monitorStatus' => 'disabled');
};

subtest 'registries' => sub {
    my $t  = new_sandbox();
    my $id = created_session($t)->{id};
    my $curp = 'decision/curp-registry?version=1.0.0';

    fails(get($t, $id, 'decision/ine-registry'), 404, '1101', 'not yet');
    control($t, "sessions/$id/decide", { status => 'approved' });
    get($t, $id, 'decision/ine-registry')->status_is(200)->json_is('/eventType' => 'ine_registry')
        ->json_is('/data/details/active' => true);
    is_signed($t);
    get($t, $id, $curp)->status_is(200)->json_is('/type' => 'curp_registry')
        ->json_is('/id' => $id)->json_is('/data/details/statusCurp' => 'AN');
    get($t, $id, 'decision/combined-ine-curp-registry')->status_is(200)
        ->json_is('/eventType' => 'combined-ine-curp-registry')
        ->json_is('/data/details/ine/ineIdentifier' => '123456789');
    fails(get($t, $id, 'decision/curp-registry'), 400, '1102', 'without a version');
    fails(get($t, $id, 'decision/curp-registry?version=2'), 400, '1104', 'another version');
    fails(get($t, $id, 'decision/other-registry'), 404, '1101', 'another registry');
};

subtest 'registry validation' => sub {
    my $t    = new_sandbox();
    my %good = (idNumber => '123', fullName => 'Maria Smith', dateOfBirth => '1990-05-17');
    my $body = sub (%members) { return { verification => \%members } };

    for my $path ('/v1/validate-registry', '/v1/sessions/validate-registry') {
        post($t, $path, $body->(person => \%good))->status_is(201)
            ->json_is('/verification/status' => 'submitted');
        is_signed($t);
        $t->post_ok($path => { 'X-AUTH-CLIENT' => $KEY, 'Content-Type' => 'application/json' },
            encode_json($body->(person => \%good)))->status_is(201, 'without a signature');
        fails(post($t, $path, $body->()), 400, '1102', 'no person');
        fails(post($t, $path, $body->(person => { fullName => 'x' })), 400, '1308', 'no number');
    }

    delete $good{dateOfBirth};
    my $path = '/v1/validate-registry';
    fails(post($t, $path, $body->(person => \%good)), 400, '1102', 'neither birth date nor address');
    post($t, $path, $body->(person => \%good, address => $_))->status_is(201)
        for { fullAddress => 'x' }, { street => 'x', houseNumber => '1', postcode => '2' };
    fails(post($t, $path, $body->(person => { idNumber => '1', firstName => 'x' })),
        400, '1102', 'half a name');

    my %sync = (Host => 'sync-api.test');
    $good{dateOfBirth} = '1990-05-17';
    fails(post($t, $path, $body->(person => \%good), %sync), 401, '1801', 'sync, no x-api-key');
    post($t, $path, $body->(person => \%good), %sync, 'x-api-key' => 'k')->status_is(200)
        ->json_is('/verification/status' => 'approved');
};

subtest 'one-time passwords' => sub {
    my $t        = new_sandbox();
    my $id       = created_session($t)->{id};
    my $generate = sub ($identifier) {
        return post($t, "/v1/sessions/$id/mfa/generate",
            { identifier => $identifier, type => 'aadhaar' });
    };
    my $verify = sub ($code) {
        return post($t, "/v1/sessions/$id/mfa/verify", { code => $code, type => 'aadhaar' });
    };
    my $reason = sub ($status, $text) {
        $t->status_is($status, $text)->json_is('/message' => $text);
    };

    $verify->('123456');
    $reason->(400, 'OTP_NOT_GENERATED');
    for (['12', 'INVALID_INPUT_AADHAR'], ['9' x 12, 'INVALID_AADHAR'],
        ['999999999998', 'INVALID_PHONE_NUMBER'])
    {
        $generate->($_->[0]);
        $reason->(400, $_->[1]);
    }
    fails(post($t, "/v1/sessions/$id/mfa/generate", { identifier => '1' }), 400, '1104', 'no type');

    $generate->('234567890123')->status_is(200);
    is_deeply [map { $t->tx->res->headers->header($_) } qw(x-hmac-signature vrf-auth-client)],
        [$t->tx->res->headers->header('vrf-hmac-signature'), $KEY], 'signed under both names';
    is_signed($t);
    $generate->('234567890123');
    $reason->(429, 'OTP_REQUEST_TOO_SOON');
    $generate->('234567890124');
    $reason->(400, 'INVALID_RESEND_ATTEMPT');
    for (1, 2) {
        control($t, 'time', { advance => 61 });
        $generate->('234567890123')->status_is(200);
    }
    control($t, 'time', { advance => 61 });
    $generate->('234567890123');
    $reason->(429, 'OTP_GENERATION_LIMIT_REACHED');

    $verify->('12');
    $reason->(400, 'INVALID_INPUT_OTP');
    $verify->('654321');
    $reason->(400, 'INVALID_OTP');
    $verify->('123456')->status_is(200);
    $verify->('123456');
    $reason->(400, 'MFA_ALREADY_COMPLETED');
    $generate->('234567890123');
    $reason->(400, 'MFA_ALREADY_COMPLETED');

    $id = created_session($t)->{id};
    $generate->('234567890123')->status_is(200);
    $verify->('654321') for 1 .. 3;
    $verify->('123456');
    $reason->(429, 'OTP_SUBMISSION_LIMIT_REACHED');
    control($t, "sessions/$id/decide", { status => 'declined' });
    $verify->('123456');
    $reason->(400, 'INVALID_SESSION_DETAILS');
};

subtest 'several integrations' => sub {
    my @id = map {"0000000$_-0000-4000-8000-000000000000"} 1 .. 3;
    my $t  = new_sandbox('--strict', map { ('--integration', $_) } @id[0, 1]);
    my $create = sub (%headers) { return post($t, '/v1/sessions', '{"verification":{}}', %headers) };
    my $named  = sub ($number) { return ('vrf-integration-id' => $id[$number]) };

    fails($create->(), 400, '1102', 'unnamed');
    fails($create->($named->(2)), 401, '1803', 'not of this key pair');
    is_signed($t);
    $create->($named->(0))->status_is(201);
    my $session = $t->tx->res->json->{verification}{id};
    is control_session($t, $session)->{integration}, $id[0], 'kept';

    get($t, $session, 'decision')->status_is(200);
    get($t, $session, 'decision', $named->(0))->status_is(200);
    fails(get($t, $session, 'decision', $named->(1)), 404, '1101', 'session of another');
    my $attempt = control_session($t, $session)->{attemptId};
    fails($t->get_ok("/v1/attempts/$attempt/media", { signed($attempt), $named->(1) }),
        404, '1101', 'attempt of another');

    fails($t->post_ok('/v1/sessions', { 'X-AUTH-CLIENT' => $KEY, $named->(0),
        'Content-Type' => 'application/json' }, '{"verification":{}}'),
        401, '1815', 'strict: a session needs a signature');
};

sub control_session ($t, $id) { return $t->get_ok("/_sandbox/sessions/$id")->tx->res->json }

done_testing;
