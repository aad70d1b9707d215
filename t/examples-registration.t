# The registration flow, conf-examples/registration.conf: who registers has an
# onboarding id, and later a token.  The app knows by either who that is.

use lib 't/lib';
use HTTP::Tiny;
use VeriffTest;
use VeriffSession qw(fault);
use VeriffExample;
use VeriffApp;
use VeriffStore qw(wait_until);
use Test::More;

my %key = (web => '7d3c1f52-0c55-4c0e-9b0e-6a8f1d2e4b90',
           mobile => 'c2a96e0b-51f4-4f6f-8e53-0d9b7a1c3f28');

my @register = (POST => '/v1/auth/register/verification');
my @registering = (GET => '/v1/auth/register/status');
my @user = (GET => '/v1/user/verification');
my @status = (GET => '/v1/user/verification/status');

my %us = ('X-US-Env' => 'true');
my $us;


# ---- the app ---------------------------------------------------------------

# An onboarding id says what the app answers: 200... is the user "user-" and
# the last four digits, other digits are a status, 000... is no answer, and
# 299... an answer that names nobody.
sub id { return sprintf '%03d00000-9cf1-4fa1-9be9-2e9828b2%s', @_ }

sub user_header { return "X-Veriff-User: user-$_[0]\r\n" }

sub onboarding {
    my @headers = @_;

    return 500 if grep { /^(?:authorization|cookie|content-length):/i } @headers;

    my ($code, $user) = map { /^X-Onboarding-Id: (\d{3}).*(\w{4})$/i } @headers
        or return 500;

    die if $code eq '000';
    return 200 if $code eq '299';
    return ($code, $code eq '200' ? user_header(lc $user) : '');
}

# a token or a cookie: token-0001 is the user "user-0001", token-403 is 403
sub account {
    for (@_) {
        my ($who) = /^(?:Authorization: Bearer |Cookie:.*\bsid=)token-(\w+)$/
            or next;

        die if $who eq '000';
        return $who if length $who == 3;
        return (200, user_header($who));
    }

    return 401;
}


# ---- requests --------------------------------------------------------------

sub call {
    my ($method, $path, %o) = @_;

    my $headers = delete $o{headers} // {};

    return fetch($path, %o, method => $method,
                 headers => { 'X-Client-Key' => $key{mobile}, %$headers });
}

sub json { return JSON::PP::encode_json({ onboardingId => $_[0] }) }

# who registers, and asks how it stands
sub registers {
    my ($id, %headers) = @_;

    return call(@register, body => json($id), headers => {
                    'Content-Type' => 'application/json', %headers });
}

sub asks {
    my ($id, %headers) = @_;

    return call(@registering, headers => { 'X-Onboarding-Id' => $id,
                                           %headers });
}

# who has a token
sub as {
    my ($who, %headers) = @_;

    return (headers => { Authorization => "Bearer token-$who", %headers });
}

# what the mock has seen
sub created { return scalar grep { $_ eq 'POST /v1/sessions' } provider_saw() }


# ---- the other provider ----------------------------------------------------

sub other {
    my ($method, $path, $json) = @_;

    my $answer = HTTP::Tiny->new->request($method, $us->{http} . $path, {
        headers => { 'Content-Type' => 'application/json' },
        $json ? (content => JSON::PP::encode_json($json)) : () });

    die "$path: $answer->{content}" if !$answer->{success};
    return $answer->{content} eq ''
           ? undef : JSON::PP::decode_json($answer->{content});
}

sub created_there {
    return scalar grep { "$_->{method} $_->{path}" eq 'POST /v1/sessions' }
                  @{ other(GET => '/_sandbox/requests') };
}


# ---- assertions ------------------------------------------------------------

# {"message"}, and nothing else
sub is_message {
    my ($name, $answer, $status, $pattern) = @_;

    is_status($name, $answer, $status);
    is($answer->{headers}{'content-type'}, 'application/json', "$name: JSON");

    my $json = json_of($answer);

    is_deeply([keys %$json], ['message'], "$name: a message");
    like($json->{message}, $pattern // qr/^[A-Z].+\.$/, "$name: which");

    return $answer;
}

sub is_unavailable {
    my ($name, $answer) = @_;

    is_message($name, $answer, 503, qr/not available/);
    like($answer->{headers}{'retry-after'}, qr/^\d+$/, "$name: Retry-After");
}

# a session's URL
sub is_url {
    my ($name, $answer, $host) = @_;

    is_status($name, $answer, 200);
    is($answer->{headers}{'content-type'}, 'application/json', "$name: JSON");
    is($answer->{headers}{'cache-control'}, 'no-store', "$name: no-store");

    my $url = json_of($answer)->{sessionUrl} // '';

    like($url, $host // qr{^https://alchemy\.veriff\.com/v/.{20}},
         "$name: a URL");
    canary($url) if length $url > 20;

    return $url;
}

# no URL, as there is nothing to do
sub is_nothing {
    my ($name, $answer, $state) = @_;

    is_status($name, $answer, 200);
    is_deeply(json_of($answer), { state => $state, sessionUrl => undef },
              "$name: $state");
}

sub is_state {
    my ($name, $answer, $state, $status) = @_;

    is_status($name, $answer, 200);

    my $json = json_of($answer);

    is("$json->{state} $json->{status}", "$state $status",
       "$name: $state, $status");
    is($answer->{headers}{'cache-control'}, 'no-store', "$name: no-store");
}


# ---- blocks ----------------------------------------------------------------

# the client's key
on_block(1 => sub {
    app_seen();

    my %keys = (
        'none' => undef, 'empty' => '', 'another' => 'x',
        'a part' => substr($key{web}, 0, -1), 'longer' => "$key{web}0",
        'in capitals' => uc $key{web}, 'with a space' => "$key{web} x",
        'a list' => "$key{web}, $key{web}",
        'the right one too late' => "x\r\nX-Client-Key: $key{web}",
        'under another name' => "\r\nX_Client_Key: $key{web}",
    );

    for my $what (sort keys %keys) {
        for my $call (\@register, \@registering, \@user, \@status) {
            my ($method, $path) = @$call;
            my %headers = ('X-Onboarding-Id' => id(200, '0001'),
                           Authorization => 'Bearer token-0001',
                           'X-Client-Key' => $keys{$what});

            delete $headers{'X-Client-Key'} if !defined $keys{$what};

            my $answer = fetch($path, method => $method, headers => \%headers,
                               body => $method eq 'POST'
                                       ? json(id(200, '0001')) : '');
            is_message("$what, $path", $answer, 498, qr/client key/);
        }
    }

    is_deeply([app_seen()], [], 'the app was not asked');
    is(scalar provider_saw(), 0, 'nor the provider');

    is_url("the key \"$_\"", registers(id(200, '0001'),
                                       'X-Client-Key' => $key{$_}))
        for sort keys %key;

    # a way around the key
    for my $path ('/v1/veriff/register/kyc', '/v1/veriff/register-status/kyc',
                  '/v1/veriff/user/kyc', '/v1/veriff/user-status/kyc_us',
                  '/v1//veriff/user/kyc', '/v1/veriff/%75ser/kyc',
                  '/v1/x/../veriff/user/kyc')
    {
        is_message("internal, $path", call(GET => $path, as('0001')), 404);
    }
});

# what the body says
on_block(2 => sub {
    app_seen();

    my $id = id(200, '0001');
    my $uuid = "\"$id\"";

    my %bodies = (
        'no body' => '', 'no JSON' => 'onboardingId=' . $id,
        'no object' => $uuid, 'an array' => "[$uuid]", 'a number' => 200,
        'no member' => '{}', 'null' => '{"onboardingId":null}',
        'empty' => '{"onboardingId":""}', 'of numbers' => '{"onboardingId":1}',
        'true' => '{"onboardingId":true}',
        'in an array' => "{\"onboardingId\":[$uuid]}",
        'in an object' => "{\"onboardingId\":{\"id\":$uuid}}",
        'deeper' => "{\"a\":{\"onboardingId\":$uuid}}",
        'twice' => "{\"onboardingId\":$uuid,\"onboardingId\":$uuid}",
        'more behind it' => "{\"onboardingId\":$uuid}{}",
        'cut' => "{\"onboardingId\":$uuid",
        'otherwise spelled' => "{\"onboardingid\":$uuid}",
        'no UUID' => json('alice'), 'one digit less' => json(substr $id, 1),
        'one digit more' => json($id . '0'), 'two' => json("$id $id"),
        'a path' => json('../../admin'), 'a variable' => json('$remote_addr'),
        'a space before it' => json(" $id"), 'behind it' => json("$id "),
        'a new line' => json("$id\n"), 'a zero' => json("$id\0"),
        'a header' => json("$id\r\nX-Onboarding-Id: $id"),
        'too long' => json('a' x 600), 'much too long' => json('4' x 10_000),
        'in UTF-8' => json("\x{661}" x 36), 'not in UTF-8' => json("\xff" x 36)
                                            =~ s/\xc3\xbf/\xff/gr,
    );

    for my $what (sort keys %bodies) {

        # a header takes the place of nothing
        for my $headers ({}, { 'X-Onboarding-Id' => $id }) {
            is_message($what, call(@register, body => $bodies{$what},
                                   headers => $headers),
                       400, qr/onboarding ID/);
        }
    }

    is_message('17 KB', call(@register, body => json($id)
                             . ' ' x (17 << 10)), 413);

    for my $method (qw(GET PUT PATCH DELETE OPTIONS)) {
        is_message($method, call($method => $register[1], body => json($id)),
                   405);
    }

    is(call(HEAD => $register[1])->{status}, 405, 'HEAD');
    is_deeply([app_seen()], [], 'the app was not asked');
    is(scalar provider_saw(), 0, 'nor the provider');

    # what is known makes no difference
    is_url('more members', call(@register, body => "{\"a\":1,\"onboardingId\":"
                                                   . "$uuid}"));
    is_url('JSON without a type', call(@register, body => json($id)));
});

no_root_location();
app_says('/internal/onboarding' => \&onboarding);
app_says('/internal/account' => \&account);
start_app();
start_sandbox(public_url => 'https://alchemy.veriff.com');

$us = start_provider('public-url' => 'https://us.veriff.me',
                     'api-key' => '0f5d7c4e-7c1e-4a52-9d0f-3b8a6e2c9d14',
                     secret => canary('5f0f3b5e-94a8-4f55-8e6a-0c2d7b9e1a63'));
key_pair(us => [$us->{api_key}, $us->{secret}]);

service(8080 => $ENV{TEST_NGINX_APP_PORT},
        'api.veriff.com' => $us->{https} =~ /(\d+)\/?$/);
run_tests();

__DATA__

=== TEST 1: the client's key
--- example: registration.conf



=== TEST 2: what the body says
--- example: registration.conf
