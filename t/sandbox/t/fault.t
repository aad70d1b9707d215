use Mojo::Base -strict, -signatures;

# Faults, each seen on the wire by a client which knows nothing of HTTP.

use FindBin qw($RealBin);
use lib "$RealBin/../lib", "$RealBin/lib";

use Digest::SHA qw(hmac_sha256_hex);
use IO::Uncompress::Gunzip qw(gunzip);
use Mojo::JSON  qw(decode_json encode_json false true);
use Mojo::UserAgent;
use SandboxTest qw(
    $KEY $SECRET raw_exchange read_answer signed start_process stop_process
);
use Test::More;
use Time::HiRes qw(time);

my $second = '00000000-0000-4000-8000-000000000000';
my $it     = start_process('--secret', $SECRET, '--secret', $second);
my $ua     = Mojo::UserAgent->new;

sub control ($method, $path, @body) {
    my $res = $ua->$method("$it->{http}/_sandbox/$path", @body ? (json => @body) : ())->result;
    is $res->code, 200, "$method $path" or diag $res->body;
    return $res->json;
}

sub raw_create (%with) {
    my $body    = $with{body} // '{"verification":{"vendorData":"u-1"}}';
    my $version = $with{version} // '1.1';
    return raw_exchange(
        $it->{http},
        join "\r\n", "POST /v1/sessions HTTP/$version", 'Host: sandbox', 'Connection: close',
        "X-AUTH-CLIENT: $KEY", 'Content-Type: application/json',
        'Content-Length: ' . length $body, '', $body
    );
}

sub create_with ($fault) {
    control(post => 'faults', $fault);
    return read_answer(raw_create());
}

sub last_status () { return control(get => 'requests')->[-1]{status} }

sub signature_ok ($headers, $body, $name = 'signed') {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is_deeply $headers->{'x-hmac-signature'}, [hmac_sha256_hex($body, $SECRET)], $name;
}

subtest 'no fault' => sub {
    my ($status, $headers, $body) = read_answer(raw_create());
    is $status, 201, 'created';
    signature_ok($headers, $body);
    is $headers->{'content-length'}[0], length $body, 'Content-Length';
    is $headers->{'transfer-encoding'}, undef, 'not chunked';
    ($status, $headers, $body) = read_answer(raw_create(version => '1.0'));
    is $status, 201, 'HTTP/1.0 as well';
    signature_ok($headers, $body);
    is control(get => 'requests')->[-1]{http_version}, '1.0', 'version is written down';
};

subtest 'delay' => sub {
    my $start = time;
    my ($status) = create_with({ delay => 0.4 });
    is $status, 201, 'answered';
    cmp_ok time - $start, '>=', 0.4, 'late';
    is_deeply control(get => 'faults'), [], 'used up';
};

subtest 'cuts' => sub {
    control(post => 'faults', { cut => 'before' });
    is raw_create(), '', 'before: nothing at all';
    is last_status(), undef, 'no status was answered';

    control(post => 'faults', { cut => 'header' });
    my $bytes = raw_create();
    like $bytes, qr{\AHTTP/1\.1 201 Created\r\n}, 'header: it begins';
    unlike $bytes, qr/\r\n\r\n/, 'and does not end';

    my ($status, $headers, $body) = create_with({ cut => 'body' });
    is $status, 201, 'body: status';
    cmp_ok length $body, '<', $headers->{'content-length'}[0], 'the body is too short';
    cmp_ok length $body, '>', 0, 'but not empty';

    ($status, $headers, $body) = create_with({ cut => 'body', chunked => true });
    is_deeply $headers->{'transfer-encoding'}, ['chunked'], 'chunked body, cut';
    unlike $body, qr/\r\n0\r\n/, 'no last chunk';

    is @{ control(get => 'sessions') }, 7, 'the sessions were made all the same';
};

subtest 'signatures' => sub {
    my $families = sub ($headers) {
        return join ' ', sort grep {/-hmac-signature|-auth-client/} keys %$headers;
    };
    my $x   = 'x-auth-client x-hmac-signature';
    my $vrf = 'vrf-auth-client vrf-hmac-signature';

    my ($status, $headers, $body) = create_with({ signature => 'wrong' });
    like $headers->{'x-hmac-signature'}[0], qr/\A[0-9a-f]{64}\z/, 'wrong: looks right';
    isnt $headers->{'x-hmac-signature'}[0], hmac_sha256_hex($body, $SECRET), 'but is wrong';

    ($status, $headers, $body) = create_with({ signature => 'none' });
    is $families->($headers), '', 'none';

    ($status, $headers, $body) = create_with({ signature => 'vrf' });
    is $families->($headers), $vrf, 'vrf';
    is $headers->{'vrf-hmac-signature'}[0], hmac_sha256_hex($body, $SECRET), 'signed';

    ($status, $headers, $body) = create_with({ signature => 'both' });
    is $families->($headers), "$vrf $x", 'both';
    is_deeply $headers->{'vrf-hmac-signature'}, $headers->{'x-hmac-signature'}, 'they agree';

    ($status, $headers, $body) = create_with({ signature => 'conflict' });
    is $families->($headers), "$vrf $x", 'conflict';
    signature_ok($headers, $body, 'one is right');
    isnt $headers->{'vrf-hmac-signature'}[0], $headers->{'x-hmac-signature'}[0], 'one is not';

    ($status, $headers, $body) = create_with({ signature => 'upper' });
    is $headers->{'x-hmac-signature'}[0], uc hmac_sha256_hex($body, $SECRET), 'upper';

    ($status, $headers, $body) = create_with({ signature => 'second' });
    is $headers->{'x-hmac-signature'}[0], hmac_sha256_hex($body, $second), 'second';

    ($status, $headers, $body) = create_with({ auth_client => $second });
    is $headers->{'x-auth-client'}[0], $second, 'another auth_client';
    signature_ok($headers, $body);
};

subtest 'bodies' => sub {
    my ($status, $headers, $body) = create_with({ oversized => 300_000 });
    is length $body, 300_000, 'oversized';
    is decode_json($body)->{status}, 'success', 'still JSON';
    signature_ok($headers, $body);

    ($status, $headers, $body) = create_with({ non_json => true });
    like $body, qr/<h1>/, 'non_json';
    is $headers->{'content-type'}[0], 'text/html', 'its type';
    signature_ok($headers, $body);

    ($status, $headers, $body) = create_with({ gzip => true });
    is_deeply $headers->{'content-encoding'}, ['gzip'], 'gzip';
    gunzip(\$body => \my $plain);
    is decode_json($plain)->{status}, 'success', 'unpacks';
    signature_ok($headers, $plain, 'the identity bytes are signed');

    ($status, $headers, $body) = create_with({ body => "{\"a\": \x{e3}}", status => 200 });
    is $body, "{\"a\": \xc3\xa3}", 'raw body';
    is $status, 200, 'with a status';
    signature_ok($headers, $body);
    ($status, $headers, $body) = create_with({ body => [1], signature => 'wrong' });
    is $body, '[1]', 'body given as JSON';
    isnt $headers->{'x-hmac-signature'}[0], hmac_sha256_hex($body, $SECRET), 'not signed when told';
    ($status, $headers, $body) = create_with({ body => '' });
    is $body, '', 'empty body';

    ($status, $headers, $body) = create_with({ chunked => true });
    is_deeply $headers->{'transfer-encoding'}, ['chunked'], 'chunked';
    is $headers->{'content-length'}, undef, 'without a length';
    my $whole = '';
    while ($body =~ s/\A([0-9a-f]+)\r\n//) {
        my $size = hex $1 or last;
        $whole .= substr $body, 0, $size, '';
        $body =~ s/\A\r\n//;
    }
    is decode_json($whole)->{status}, 'success', 'complete';
    is $body, "\r\n", 'and ended';
    signature_ok($headers, $whole);
};

subtest 'members' => sub {
    my $v = sub (@answer) { return decode_json($answer[2])->{verification} };

    my ($status, $headers, $body) = create_with({ url => 'http://evil.test/x' });
    is decode_json($body)->{verification}{url}, 'http://evil.test/x', 'url';
    signature_ok($headers, $body);
    is $v->(create_with({ id => $second }))->{id}, $second, 'id';
    is $v->(create_with({ vendor_data => 'u-2' }))->{vendorData}, 'u-2', 'vendor_data';
    is $v->(create_with({ vendor_data => undef }))->{vendorData}, undef, 'vendor_data null';

    my $long = $v->(create_with({ url_length => 8000 }));
    is length $long->{url}, 8000, 'url_length';
    is $long->{url}, "$long->{host}/v/$long->{sessionToken}", 'still host and token';
    is $ua->get($long->{url})->result->code, 200, 'and it works';

    ($status, $headers, $body) = create_with({ extra => true });
    like $body, qr/\A\{"newMember":.*"verification":.*"status":"success"\}\z/, 'extra: turned round';
    like decode_json($body)->{verification}{url}, qr/\Ahttp/, 'all there';
    signature_ok($headers, $body);

    ($status, $headers, $body) = create_with(
        { headers => { 'X-Accel-Redirect' => '/secret', 'Set-Cookie' => ['a=1', 'b=2'] } });
    is_deeply [@$headers{qw(x-accel-redirect set-cookie)}], [['/secret'], ['a=1', 'b=2']], 'headers';
};

subtest 'status' => sub {
    my $before = @{ control(get => 'sessions') };
    for my $status (400, 401, 403, 404, 409, 429, 500, 502, 503, 504) {
        my ($got, $headers, $body) = create_with({ status => $status });
        is $got, $status, "status $status";
        is decode_json($body)->{status}, 'fail', 'envelope';
        signature_ok($headers, $body);
    }
    my ($status, $headers, $body) =
        create_with({ status => 429, code => '1004', message => 'slow down', retry_after => 7 });
    is_deeply decode_json($body), { status => 'fail', code => '1004', message => 'slow down' },
        'code and message';
    is_deeply $headers->{'retry-after'}, [7], 'Retry-After';
    ($status, $headers) = create_with({ status => 302, location => 'https://other.test/' });
    is_deeply [$status, $headers->{location}], [302, ['https://other.test/']], 'a redirect';
    is @{ control(get => 'sessions') }, $before, 'none of these made a session';

    ($status) = create_with({ status => 200 });
    is $status, 200, '200 instead of 201';
    is @{ control(get => 'sessions') }, $before + 1, 'this one did';
    control(post => 'faults', { status => 200 });
    ($status) = read_answer(raw_create(body => '{}'));
    is $status, 400, 'a refusal stays a refusal';
};

subtest 'which answers' => sub {
    my $status = sub { return (read_answer(raw_create()))[0] };
    control(post => 'faults', { status => 500, count => 2 });
    is_deeply [map { $status->() } 1 .. 3], [500, 500, 201], 'count';
    control(post => 'faults', { status => 500, count => -1 });
    is_deeply [map { $status->() } 1 .. 3], [500, 500, 500], 'until removed';
    control(delete => 'faults');
    is $status->(), 201, 'removed';

    control(post => 'faults', [{ status => 500 }, { status => 503 }]);
    is_deeply [map { $status->() } 1 .. 3], [500, 503, 201], 'a list: one after the other';

    control(post => 'faults', { status => 500, path => '/v1/media' });
    control(post => 'faults', { status => 503, method => 'GET' });
    is $status->(), 201, 'other paths and methods pass';
    my $id = '5b1f0e52-4e0e-4a57-9d7c-3a2f9c1d0b11';
    is $ua->get("$it->{http}/v1/media/$id", { signed($id) })->result->code, 500, 'path';
    is $ua->get("$it->{http}/v1/media/$id", { signed($id) })->result->code, 503, 'method';

    for my $bad ({}, { cut => 'tail' }, { typo => 1 }, { delay => 'long' }, { count => 1 },
        { status => 999 }, { gzip => 1 }, { delay => 1, duplicate => 2 }, 'text')
    {
        my $res = $ua->post("$it->{http}/_sandbox/faults", json => $bad)->result;
        is $res->code, 400, 'refused: ' . encode_json([$bad]);
        ok length $res->json->{error}, 'with a reason';
    }
};

subtest 'malformed requests' => sub {
    my ($status) = read_answer(raw_exchange($it->{http}, "nonsense\r\n\r\n"));
    is $status, 400, 'not HTTP';
    my $huge = 'x' x 200_000;
    ($status) = read_answer(raw_exchange($it->{http},
        "POST /v1/sessions HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Huge: $huge\r\n\r\n"));
    is $status, 413, 'header too large';
};

is stop_process($it->{pid}), 0, 'it ends cleanly';
done_testing;
