use Mojo::Base -strict, -signatures;

# Session creation: who may call, validation and its codes, the answer.

use FindBin qw($RealBin);
use lib "$RealBin/../lib", "$RealBin/lib";

use Mojo::JSON  qw(decode_json encode_json false true);
use Mojo::Util  qw(decode);
use MIME::Base64 qw(decode_base64url);
use SandboxTest qw(
    $KEY $SECRET control created_session fails is_signed new_sandbox post_session signed
);
use Test::More;

my $UUID_V4 = qr/\A[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\z/;

subtest 'the answer' => sub {
    my $t = new_sandbox();
    my $v = created_session($t, '{"verification":{"vendorData":"u-1"}}');
    is_signed($t);
    $t->content_type_is('application/json');
    unlike $t->tx->res->body, qr{\\/}, 'slashes are not escaped';
    like $t->tx->res->body, qr/\A\{"status":"success","verification":\{"id":/, 'in usual order';
    is $t->tx->res->json->{status}, 'success', 'status of the call';

    like $v->{id}, $UUID_V4, 'id is a UUID v4';
    is $v->{status}, 'created', 'status of the session';
    is $v->{host}, 'https://flow.test', 'host';
    is $v->{url}, "$v->{host}/v/$v->{sessionToken}", 'url is made of host and token';
    is $v->{vendorData}, 'u-1', 'vendorData comes back';
    ok exists $v->{endUserId} && !defined $v->{endUserId}, 'endUserId is null';

    my @part = split /\./, $v->{sessionToken};
    is @part, 3, 'the token looks like a JWT';
    my $claims = decode_json(decode_base64url($part[1]));
    is $claims->{session_id}, $v->{id}, 'it carries the session id';
    ok abs($claims->{iat} - time) < 60, 'and the time';

    $v = created_session($t, '{"verification":{"endUserId":"6b1d9a3e-9f0a-4e62-8a51-0c2d7f4e8b90"}}');
    is $v->{endUserId}, '6b1d9a3e-9f0a-4e62-8a51-0c2d7f4e8b90', 'endUserId comes back';
    ok exists $v->{vendorData} && !defined $v->{vendorData}, 'vendorData is null';

    $t->post_ok('/v1/sessions/', { 'X-AUTH-CLIENT' => $KEY, 'Content-Type' => 'application/json' },
        '{"verification":{}}')->status_is(201, 'with a trailing slash');
};

subtest 'keys and signatures' => sub {
    my $t    = new_sandbox();
    my $body = '{"verification":{}}';
    my $post = sub (%headers) {
        return $t->post_ok(
            '/v1/sessions', { 'Content-Type' => 'application/json', %headers }, $body
        );
    };

    fails($post->(), 401, '1801', 'no key');
    is $t->tx->res->headers->header('x-hmac-signature'), undef, 'unsigned without a key';
    fails($post->('X-AUTH-CLIENT' => 'key'), 401, '1802', 'key is not a UUID');
    fails($post->('X-AUTH-CLIENT' => [$KEY, $KEY]), 401, '1802', 'key sent twice');
    fails($post->('X-AUTH-CLIENT' => $SECRET), 401, '1803', 'unknown key');
    is $t->tx->res->headers->header('x-hmac-signature'), undef, 'unsigned with an unknown key';

    $post->('X-AUTH-CLIENT' => $KEY)->status_is(201, 'no signature is needed');
    $post->(signed($body))->status_is(201, 'a right signature');
    fails($post->(signed($body, 'other')), 401, '1819', 'a wrong signature');
    is_signed($t, 'known key: refusal is signed');
    fails($post->(signed($body), 'X-HMAC-SIGNATURE' => 'abc'), 401, '1812', 'no hex');
    my %signed = signed($body);
    $signed{'X-HMAC-SIGNATURE'} = [($signed{'X-HMAC-SIGNATURE'}) x 2];
    fails($post->(%signed), 401, '1812', 'signature sent twice');

    my $id = '5b1f0e52-4e0e-4a57-9d7c-3a2f9c1d0b11';
    for my $path ("sessions/$id/decision", "sessions/$id/media", "attempts/$id/media", "media/$id") {
        my %key = ('X-AUTH-CLIENT' => $KEY);
        fails($t->get_ok("/v1/$path", \%key), 401, '1815', "$path without a signature");
        is_signed($t);
        fails($t->get_ok("/v1/$path", { signed('') }), 401, '1818', "$path, nothing signed");
        fails($t->get_ok("/v1/$path", { signed("/v1/$path") }), 401, '1818', "$path, path signed");
        fails($t->get_ok("/v1/$path", { signed($id) }), 404, '1101', "$path, id signed");
        is_signed($t);
    }
    fails($t->get_ok('/v1/sessions/short/decision', { signed('short') }), 400, '1001', 'short id');
    my $v1 = '5b1f0e52-4e0e-1a57-9d7c-3a2f9c1d0b11';
    fails($t->get_ok("/v1/sessions/$v1/decision", { signed($v1) }), 400, '1002', 'UUID v1');
    fails($t->get_ok('/v1/other', { signed('x') }), 404, '1101', 'unknown path');
    fails($t->put_ok('/v1/sessions', { signed('x') }), 404, '1101', 'unknown method');
};

subtest 'validation' => sub {
    my $t = new_sandbox();

    my @bad = (
        ['{"verification":',                                                1101],
        ['[]',                                                              1101],
        ['"text"',                                                          1101],
        ['null',                                                            1101],
        ['',                                                                1101],
        ["{\"verification\":{\"lang\":\"\xff\"}}",                          1101],
        ['{}',                                                              1102],
        ['{"verification":null}',                                           1104],
        ['{"verification":[]}',                                             1104],
        [{ callback => 'http://app.test/' },                                1302],
        [{ callback => 'https://' },                                        1302],
        [{ callback => 'https:///path' },                                   1302],
        [{ callback => '/veriff/return' },                                  1302],
        [{ callback => '' },                                                1302],
        [{ callback => 7 },                                                 1104],
        [{ vendorData => 12 },                                              1501],
        [{ vendorData => undef },                                           1501],
        [{ vendorData => ['u'] },                                           1501],
        [{ vendorData => 'x' x 1001 },                                      1500],
        [{ endUserId => 'u-1' },                                            1104],
        [{ endUserId => '6B1D9A3E-9F0A-4E62-8A51-0C2D7F4E8B90' },           1104],
        [{ person => 'Maria' },                                             1104],
        [{ person => { firstName => 1 } },                                  1104],
        [{ person => { lastName => undef } },                               1104],
        [{ person => { idNumber => 49005170014 } },                         1104],
        [{ person => { idNumber => ['49005170014'] } },                     1104],
        [{ person => { phoneNumber => 8888888888 } },                       1104],
        [{ person => { email => true } },                                   1104],
        [{ person => { occupation => 7 } },                                 1104],
        [{ person => { gender => 'X' } },                                   1104],
        [{ person => { maritalStatus => 'it depends' } },                   1104],
        [{ person => { isDeceased => 'no' } },                              1104],
        [{ person => { dateOfBirth => '17.05.1990' } },                     2003],
        [{ person => { dateOfBirth => '1990-02-30' } },                     2003],
        [{ person => { dateOfBirth => 19900217 } },                         2003],
        [{ document => 'PASSPORT' },                                        1104],
        [{ document => { number => 123456789 } },                           1104],
        [{ document => { number => '' } },                                  2101],
        [{ document => { number => 'A' x 51 } },                            2101],
        [{ document => { number => 'AB-12' } },                             2102],
        [{ document => { type => 'LIBRARY_CARD' } },                        2103],
        [{ document => { type => 'passport' } },                            2103],
        [{ document => { country => 'ee' } },                               2104],
        [{ document => { country => 'EST' } },                              2104],
        [{ document => { firstIssue => 'yesterday' } },                     1203],
        [{ document => { idCardType => 'C1' } },                            1104],
        [{ document => { documentNumberIdentifiers => '158912347' } },      1104],
        [{ document => { documentNumberIdentifiers => { mxIne => 1 } } },   1104],
        [{ document => { documentNumberIdentifiers => { mxIfe => 1 } } },   1104],
        [{ address => 'Tallinn' },                                          1104],
        [{ address => { fullAddress => 1 } },                               1104],
        [{ proofOfAddress => { acceptableTypes => [{}] } },                 1102],
        [{ proofOfAddress => { acceptableTypes => 'UTILITY_BILL' } },       1104],
        [{ proofOfAddress => { acceptableTypes => ['UTILITY_BILL'] } },     1104],
        [{ proofOfAddress => { acceptableTypes => [{ name => 1 }] } },      1104],
        [{ proofOfAddress => ['UTILITY_BILL'] },                            1104],
        [{ consents => { type => 'ine' } },                                 1104],
        [{ consents => [{ type => 'tea', approved => true }] },             1104],
        [{ consents => [{ type => 'ine', approved => 'yes' }] },            1104],
        [{ consents => [{ type => 'ine', approved => 'true' }] },           1104],
        [{ consents => [{ type => 'ine', approved => 1 }] },                1104],
        [{ consents => [{ type => 'ine', approved => false }] },            1104],
        [{ consents => [{ type => 'ine' }] },                               1104],
        [{ consents => [{ approved => true }] },                            1102],
        [{ lang => 1 },                                                     1104],
        [{ features => ['telepathy'] },                                     1301],
        [{ timestamp => 'today' },                                          1202],
        [{ timestamp => '2016-05-19T08:30:25.597Z' },                       1201],
    );
    for my $case (@bad) {
        my ($input, $code) = @$case;
        my $body = ref $input ? encode_json({ verification => $input }) : $input;
        fails(post_session($t, $body), 400, $code, substr $body, 0, 70);
        is_signed($t);
    }
    is_deeply control_sessions($t), [], 'nothing was made';

    fails(post_session($t, '{"verification":{}}', 'Content-Type' => 'text/plain'),
        400, '1101', 'not sent as JSON');

    my @good = (
        { callback => 'https://app.test/veriff/return?x=1#y' },
        { callback => 'https://[::1]:8443/return' },
        { vendorData => '12' },
        { vendorData => "\x{1f600}" x 1000 },
        { vendorData => '' },
        { person => { firstName => "Jo\x{e3}o", lastName => 'Silva', idNumber => '1', gender => 'MALE',
            dateOfBirth => '1992-02-29', maritalStatus => 'single', isDeceased => false,
            occupation => 'cook', phoneNumber => '+372', email => 'a@b.test' } },
        { document => { number => 'AB12', country => 'EE', type => 'ID_CARD', idCardType => 'CE',
            firstIssue => '2020-01-31', documentNumberIdentifiers => { mxIne => '123456789' } } },
        { address => { fullAddress => 'Tallinn' } },
        { proofOfAddress => { acceptableTypes => [{ name => 'UTILITY_BILL' }] } },
        { proofOfAddress => { acceptableTypes => [{ name => 'PHONE_BILL' }, { name => 'X' }] } },
        { document => { number => '123456789M00000000',
            documentNumberIdentifiers => { mxIfe => 'MEX1234567890123' } } },
        { consents => [{ type => 'ine', approved => true }, { type => 'aadhaar', approved => true }] },
        { consents => [{ type => 'bipa', approved => true }] },
        { consents => [{ type => 'bipa', approved => false }] },
        { lang => 'xx', features => ['selfid'], somethingNew => [1] },
        { timestamp => Sandbox::Store->timestamp(time) },
        { timestamp => '2999-01-01T00:00:00+02:00' },
    );
    for my $input (@good) {
        my $v = created_session($t, encode_json({ verification => $input }));
        is $v->{vendorData}, $input->{vendorData}, 'echo';
    }
    is @{ control_sessions($t) }, @good, 'all of them were made';
};

sub control_sessions ($t) { return $t->get_ok('/_sandbox/sessions')->tx->res->json }

subtest 'cap' => sub {
    my $t = new_sandbox('--rate', 3);
    created_session($t) for 1 .. 3;
    fails(post_session($t), 429, '1004', 'the fourth in a minute');
    is_signed($t);
    my $wait = $t->tx->res->headers->header('Retry-After');
    ok $wait > 0 && $wait <= 60, 'Retry-After says when';
    control($t, 'time', { advance => $wait });
    created_session($t);
};

subtest 'what was seen' => sub {
    my $t = new_sandbox();
    $t->post_ok('/v1/sessions/?a=%2Fb', { 'X-AUTH-CLIENT' => $KEY, 'X-Twice' => [1, 2],
        'Content-Type' => 'application/json' }, '{"verification":{}}');
    post_session($t, '{"verification":{"lang":"' . 'x' x 262_144 . '"}}')->status_is(201);
    my $seen = $t->get_ok('/_sandbox/requests')->tx->res->json;
    is @$seen, 2, 'two requests';
    is $seen->[0]{path}, '/v1/sessions/?a=%2Fb', 'the target as it was sent';
    is $seen->[0]{http_version}, '1.1', 'HTTP version';
    is $seen->[0]{status}, 201, 'status';
    is $seen->[0]{body_base64}, 'eyJ2ZXJpZmljYXRpb24iOnt9fQ==', 'body';
    is $seen->[0]{body_sha256}, Digest::SHA::sha256_hex('{"verification":{}}'), 'its hash';
    is_deeply [map { $_->[1] } grep { $_->[0] eq 'X-Twice' } @{ $seen->[0]{headers} }], [1, 2],
        'headers are kept apart';
    is $seen->[1]{body_base64}, undef, 'a large body is not kept';
    is $seen->[1]{body_length}, 262_144 + 28, 'but its length is';

    $t->delete_ok('/_sandbox/requests')->status_is(200);
    is_deeply $t->get_ok('/_sandbox/requests')->tx->res->json, [], 'forgotten';
};

done_testing;
