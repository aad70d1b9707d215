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
my $us;             # the other provider


# ---- the app ---------------------------------------------------------------

# An onboarding id says what the app answers: 200... is the user "user-" and
# the last four digits, other digits are a status, 000... is no answer, and
# 299... an answer that names nobody.
sub id { return canary(sprintf '%03d00000-9cf1-4fa1-9be9-2e9828b2%s', @_) }

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
        my ($who) = /^(?:Authorization: Bearer |Cookie:.*\bsid=)token-(\w+)$/i
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

# what the provider has seen
sub created { return scalar grep { $_ eq 'POST /v1/sessions' } provider_saw() }

# so many at the same time register with this body
sub at_once {
    my ($count, $body) = @_;

    my @sockets = map { connect_to() } 1 .. $count;

    print $_ "POST $register[1] HTTP/1.1\r\nHost: app.example.com\r\n"
             . "Connection: close\r\nX-Client-Key: $key{web}\r\n"
             . 'Content-Length: ' . length($body) . "\r\n\r\n$body"
        for @sockets;

    local $SIG{ALRM} = sub { die 'no answer' };
    alarm 15;
    my @answers = map { my $socket = $_; local $/; scalar <$socket> } @sockets;
    alarm 0;

    return map { $_ // '' } @answers;
}

sub read_file {
    my ($file) = @_;

    open my $in, '<:raw', $file or die "$file: $!";
    local $/;
    return scalar <$in>;
}

# the operator's page, where the file says that it is
sub guide_is_there {
    place('/var/www/veriff/registration.html',
          read_file('conf-examples/registration.html'));
}

# curl's own headers take the place of ours
sub http2 {
    my ($path, @more) = @_;

    my $port = port_of(443);

    unshift @more, '-H', "X-Client-Key: $key{mobile}"
        if !grep { /^X-Client-Key:/ } @more;

    open my $curl, '-|', 'curl', '--silent', '--http2', '--max-time', 15,
         '--include', '--cacert', $ENV{MOJO_CA_FILE}, '--noproxy', '*',
         '--resolve', "app.example.com:$port:127.0.0.1", @more,
         "https://app.example.com:$port$path" or die "curl: $!";

    my $text = do { local $/; <$curl> } // '';
    my ($head, $content) = split /\r\n\r\n/, $text, 2;
    my ($first, @lines) = split /\r\n/, $head // '';
    my ($status) = ($first // '') =~ m{^HTTP/2 (\d+)}
        or die "no HTTP/2: $text";

    return { status => $status, content => $content // '',
             headers => { map { split /: /, $_, 2 } @lines } };
}


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
    for my $path ((map { ("/v1/veriff/$_/kyc", "/v1/veriff/$_/kyc_us") }
                       qw(register register-status user user-status)),
                  '/v1//veriff/user/kyc', '/v1/veriff/%75ser/kyc',
                  '/v1/x/../veriff/user/kyc')
    {
        is_message("internal, $path", call(GET => $path, as('0001',
                       'X-Onboarding-Id' => id(200, '0001'))), 404);
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

# what the app says of an onboarding id, or a token
on_block(3 => sub {
    my %says = (400 => 400, 401 => 401, 403 => 403, 404 => 404, 402 => 500,
                302 => 500, 498 => 500, 500 => 500, 503 => 500,
                '000' => 500);

    for my $says (sort keys %says) {
        is_message("register, $says", registers(id($says, '0001')),
                   $says{$says});
        is_message("status, $says", asks(id($says, '0001')), $says{$says});

        # here these two are as unexpected as the others
        my $status = $says =~ /^40[04]$/ ? 500 : $says{$says};

        is_message("user, $says", call(@user, as($says)), $status);
        is_message("user's status, $says", call(@status, as($says)), $status);
    }

    # the body counts, not what a client adds to it
    is_message('two ids', registers(id(404, '0001'),
                                    'X-Onboarding-Id' => id(200, '0001')),
               404);
    is_message('a name', registers(id(404, '0001'),
                                   'X-Veriff-User' => 'user-0001'), 404);

    is(scalar provider_saw(), 0, 'the provider is not asked');

    # who is asked for by no id
    my %ids = ('none' => undef, 'empty' => '', 'no UUID' => 'alice',
               'too long' => 'a' x 600,
               'two' => id(200, '0001') . ' ' . id(200, '0002'));

    app_seen();

    for my $what (sort keys %ids) {
        is_message("status, $what", call(@registering, headers => {
                       defined $ids{$what}
                       ? ('X-Onboarding-Id' => $ids{$what}) : () }),
                   400, qr/onboarding ID/);
    }

    is_deeply([app_seen()], [], 'the app was not asked');

    # and how
    for my $call (\@user, \@status, \@registering) {
        is_message("DELETE $call->[1]", call(DELETE => $call->[1], as('0001',
                       'X-Onboarding-Id' => id(200, '0001'))), 405);
    }

    is_message('POST, of a status', call(POST => $status[1], as('0001')), 405);

    # and by no token
    my @cookie = (headers => { Cookie => 'sid=token-0001' });

    for my $call (\@user, \@status) {
        my $path = $call->[1];

        is_message("$path, no token", call(@$call), 401, qr/log in/);
        is_message("$path, a wrong token", call(@$call, as('x-y')), 401);
        is_message("$path, a cookie", call(@$call, @cookie), 401);
        is_message("$path, an id", call(@$call, headers => {
                       'X-Onboarding-Id' => id(200, '0001') }), 401);
        is_message("$path, a name", call(@$call, headers => {
                       'X-Veriff-User' => 'user-0001' }), 401);
    }

    is_message('a page of another site', call(@user, as('0001',
                   Origin => 'https://evil.example.net')), 403);
    is_message('its form', registers(id(200, '0001'),
                                     Origin => 'https://evil.example.net'),
               403);
    is(scalar provider_saw(), 0, 'the provider is not asked');

    # what else the client has does not count
    my @more = (Cookie => 'sid=token-0002', Authorization => 'Bearer token-403');

    is_url('with more', registers(id(200, '0001'), @more));
    is_state('with more', asks(id(200, '0001'), @more), 'UNVERIFIED',
             'created');
    is_state('with a cookie', call(@status, as('0001',
                 Cookie => 'sid=token-0002')), 'UNVERIFIED', 'created');

    # one that names nobody: a user of its own
    is_url('no name', registers(id(299, '0003')));
    is_message('no name, status', asks(id(299, '0003')), 401);
    is_state('the one of that number', asks(id(200, '0003')), 'UNVERIFIED',
             'none');
});

# the whole way
on_block(4 => sub {
    my $id = id(200, 'a001');

    app_seen();
    is_state('before', asks($id), 'UNVERIFIED', 'none');

    my $answer = registers($id);
    my $url = is_url('registers', $answer);
    my $json = json_of($answer);

    is_deeply([sort keys %$json],
              [qw(expiresAt sessionId sessionUrl state)], 'its members');
    is($json->{sessionId}, session_of(), 'the session');
    like($json->{expiresAt}, qr/^\d{4}-\d\d-\d\dT[\d:]{8}Z$/, 'until when');

    # until it is done
    is(is_url('once more', registers($id)), $url, 'the same URL');
    is(is_url('another device', registers($id, 'X-Client-Key' => $key{web},
                                          'User-Agent' => 'other')),
       $url, 'the same URL');
    is(is_url('another address', call(@register, body => json($id),
                                      from => '127.0.0.2')), $url,
       'the same URL');
    is(is_url('in capitals', registers(uc $id)), $url, 'the same URL');
    is_state('created', asks($id), 'UNVERIFIED', 'created');

    event(session_of(), 'started');
    is(is_url('interrupted', registers($id)), $url, 'the same URL');
    is_state('started', asks($id), 'UNVERIFIED', 'started');

    event(session_of(), 'submitted');
    is_state('submitted', asks($id), 'PENDING', 'submitted');
    is_nothing('submitted', registers($id), 'PENDING');

    decide(session_of(), 'approved');
    is_state('approved', asks($id), 'VERIFIED', 'approved');
    is_state('approved, in capitals', asks(uc $id), 'VERIFIED', 'approved');
    is_nothing('approved', registers($id), 'VERIFIED');
    is(created(), 1, 'one session in all');

    # the app is told who
    my @told = grep { m{^app POST /veriff/webhook } } app_seen();
    is(scalar @told, 3, 'started, submitted, approved');
    like($_, qr/ x-veriff-user=user-a001( |$)/, 'of whom') for @told;

    # the account that came of it
    is_state('with a token', call(@status, as('a001')), 'VERIFIED',
             'approved');
    is_nothing('with a token', call(@user, as('a001')), 'VERIFIED');

    # and nobody else
    for my $other (id(200, 'a002'), id(299, 'a001')) {
        isnt(is_url('another id', registers($other)), $url, 'another URL');
    }

    is_state('another id', asks(id(200, 'a002')), 'UNVERIFIED', 'created');
    is_state('another token', call(@status, as('a003')), 'UNVERIFIED', 'none');
    isnt(is_url('another token', call(@user, as('a003'))), $url,
         'another URL');

    # several devices at once
    my $before = created();
    my @answers = at_once(4, json(id(200, 'a005')));
    my %urls = map { $_ => 1 } map { /"sessionUrl":"([^"]+)"/ } @answers;

    is(scalar(grep { m{^HTTP/1\.1 200 } } @answers), 4, 'all are answered');
    is(scalar keys %urls, 1, 'with the same URL');
    is(created() - $before, 1, 'of one session');

    # the other way round: what an account began, its onboarding id goes on
    $url = is_url('a token first', call(@user, as('a004')));
    is(is_url('then its id', registers(id(200, 'a004'))), $url,
       'the same URL');
});

# no, and again
on_block(5 => sub {
    my $id = id(200, 'b001');
    my $url = is_url('registers', registers($id));

    decide(session_of(), 'resubmission_requested');
    is_state('once more, please', asks($id), 'UNVERIFIED',
             'resubmission_requested');
    is(is_url('once more, please', registers($id)), $url, 'the same URL');

    decide(session_of(), 'declined');
    is_state('declined', asks($id), 'REJECTED', 'declined');
    is_state('declined, with a token', call(@status, as('b001')), 'REJECTED',
             'declined');
    is_message('declined', registers($id), 403);
    is_message('declined, with a token', call(@user, as('b001')), 403);
    is(created(), 1, 'no other session yet');

    # after a minute
    my $ago = sub {
        my @t = gmtime time - $_[0];
        sprintf '%d-%02d-%02dT%02d:%02d:%02dZ', $t[5] + 1900, $t[4] + 1,
                @t[3, 2, 1, 0];
    };

    $id = id(200, 'b002');
    $url = is_url('another one', registers($id));
    decide(session_of(), 'declined', decisionTime => $ago->(90));
    is_state('declined before', asks($id), 'UNVERIFIED', 'declined');

    my $again = is_url('again, with a token', call(@user, as('b002')));
    isnt($again, $url, 'another URL');
    is(is_url('and with the id', registers($id)), $again, 'the same URL');

    event(session_of(), 'submitted');
    decide(session_of(), 'approved');
    is_state('this time', asks($id), 'VERIFIED', 'approved');

    # what has run out
    for my $what (qw(expired abandoned)) {
        $id = id(200, $what eq 'expired' ? 'b003' : 'b004');
        $url = is_url($what, registers($id));
        decide(session_of(), $what);
        is_state($what, asks($id), 'UNVERIFIED', $what);
        isnt(is_url("$what, again", registers($id)), $url, 'another URL');
    }

    # five in an hour
    $id = id(200, 'b005');

    for (1 .. 5) {
        is_url("number $_", registers($id));
        decide(session_of(), 'abandoned');
    }

    my $answer = registers($id);
    is_message('number 6', $answer, 429, qr/too many/);
    like($answer->{headers}{'retry-after'}, qr/^\d+$/, 'when again');
});

# the other integration
on_block(6 => sub {
    my $there = qr{^https://us\.veriff\.me/v/.{20}};
    my $hook = 'https://127.0.0.1:' . port_of(443) . '/veriff/webhook';
    my $id = id(200, 'c001');

    other(POST => '/_sandbox/reset');
    other(POST => '/_sandbox/config',
          { webhook_url => $hook, event_url => $hook });

    my $number = 2;

    for my $value ('false', '', '0', '1', 'yes', 'truex', 'true, false') {
        is_url("\"$value\": here", registers(id(200, 'c00' . $number++),
                                             'X-US-Env' => $value));
    }

    is(created_there(), 0, 'nothing there');

    my $here = is_url('absent: here', registers($id));
    my $us_url = is_url('true: there', registers($id, %us), $there);

    is(is_url('TRUE: there', registers($id, 'X-US-Env' => 'TRUE'), $there),
       $us_url, 'the same URL');
    is(is_url('here again', registers($id)), $here, 'the same URL');
    is(is_url('with a token', call(@user, as('c001', %us)), $there), $us_url,
       'the same URL');
    is(created(), 8, 'sessions here');
    is(created_there(), 1, 'sessions there');

    # two records
    decide(session_of(), 'approved');
    is_state('here', asks($id), 'VERIFIED', 'approved');
    is_state('there', asks($id, %us), 'UNVERIFIED', 'created');
    is_state('here, token', call(@status, as('c001')), 'VERIFIED', 'approved');
    is_state('there, token', call(@status, as('c001', %us)), 'UNVERIFIED',
             'created');

    my ($made) = @{ other(GET => '/_sandbox/sessions') };

    other(POST => "/_sandbox/sessions/$made->{id}/decide",
          { status => 'approved', wait => JSON::PP::true() });
    is_state('there', asks($id, %us), 'VERIFIED', 'approved');
    is_nothing('there', registers($id, %us), 'VERIFIED');

    # what is refused here is there, too
    is_message('no key', registers($id, %us, 'X-Client-Key' => 'x'), 498);
    is_message('no UUID', registers('alice', %us), 400);
    is_message('unknown', registers(id(404, 'c001'), %us), 404);
    is_message('unknown, status', asks(id(404, 'c001'), %us), 404);
    is_message('no token', call(@user, headers => {%us}), 401);
    is_message('no token, status', call(@status, headers => {%us}), 401);
});

# the provider
on_block(7 => sub {
    my %answers = (
        (map { ("status $_" => [503, status => $_]) }
             429, 500, 502, 503, 504),
        (map { ("status $_" => [500, status => $_, code => '1802']) }
             400, 401, 403, 404, 409),
        (map { ("cut: $_" => [503, cut => $_]) } qw(before header)),
        'no signature' => [500, signature => 'none'],
        'a wrong one' => [500, signature => 'wrong'],
        'HTML' => [500, non_json => JSON::PP::true()],
        'no JSON' => [500, body => '{'],
        'another host' => [500, url => 'https://evil.example.net/v/1'],
        'no https' => [500, url => 'http://alchemy.veriff.com/v/1'],
        'another user' => [500, vendor_data => 'alice'],
    );

    my $number = 1000;

    for my $what (sort keys %answers) {
        my ($status, %fault) = @{ $answers{$what} };

        for my $token (0, 1) {
            my $who = ++$number;

            fault(%fault);
            my $answer = $token ? call(@user, as($who))
                                : registers(id(200, $who));

            $status == 503 ? is_unavailable("$what, $token", $answer)
                           : is_message("$what, $token", $answer, 500,
                                        qr/went wrong/);
            is_state("$what, $token, state", call(@status, as($who)),
                     'UNVERIFIED', 'none');
        }
    }

    is_url('and then', registers(id(200, 'd001')));
});

# nobody there
on_block(8 => sub {
    is_unavailable('refused', registers(id(200, 'd002'), %us));
    is_unavailable('refused, token', call(@user, as('d003', %us)));
    is_state('refused, state', asks(id(200, 'd002'), %us), 'UNVERIFIED',
             'none');
    is_url('here', registers(id(200, 'd002')));
});

# too late
on_block(9 => sub {
    fault(delay => 4);
    is_unavailable('late', registers(id(200, 'd004')));
});

# browsers
on_block(10 => sub {
    my %alice = (jar => { sid => 'token-e001' });

    guide_is_there();

    for my $path ('/veriff/guide', '/veriff-us/guide') {
        my $page = browse("$path?return=%2Fx");
        my $html = is_status($path, $page, 200)->{content};

        is($page->{headers}{'content-type'}, 'text/html; charset=utf-8',
           "$path: HTML");
        is($page->{headers}{'cache-control'}, 'no-store', "$path: no-store");
        is($page->{headers}{'x-frame-options'}, 'DENY', "$path: no frames");

        like($html, $_, "$path: $_")
            for qr/passport, driver's license/, qr/residence permit/,
                qr/selfie/, qr/proof of address/, qr/5 to 30\s+minutes/,
                qr/The law obliges us/, qr/good light/, qr/glasses/,
                qr/<html lang="en">/, qr/name="viewport"/;

        unlike($html, qr/\b(?:src|srcset|action)\s*=|<(?:script|link|img|iframe)
                         |url\(|\@import|\/\//ix, "$path: nothing external");

        my @links = $html =~ /href="([^"]*)"/g;
        is_deeply(\@links, ['start'], "$path: one link");
    }

    for my $path ('/veriff/start', '/veriff-us/start', '/veriff/status') {
        is(browse($path)->{status}, 401, "$path, nobody");
        is(fetch($path, as('e001'))->{status}, 401, "$path, a token");
    }

    is(scalar provider_saw(), 0, 'the provider is not asked');

    # from the page to the provider, and back to it while it is not done
    my $answer = browse('/veriff/start?return=%2Faccount%2F1', %alice);
    is_status('start', $answer, 303);
    canary($answer->{headers}{location});
    is(is_url('the same for programs', call(@user, as('e001'))),
       $answer->{headers}{location}, 'the same URL');

    like(browse('/veriff/return', %alice)->{content},
         qr{href="/veriff/guide\?return=%2Faccount%2F1"}, 'to the page that explains it');
    is_state('the page asks', fetch('/veriff/status', %alice), 'UNVERIFIED',
             'created');

    event(session_of(), 'submitted');
    is_led('submitted', browse('/veriff/start', %alice), 303,
           '/veriff/return');

    decide(session_of(), 'approved');
    is_led('approved', browse('/veriff/return', %alice), 303, '/account/1');
    is_nothing('the one who registered', registers(id(200, 'e001')),
               'VERIFIED');

    # there
    $answer = browse('/veriff-us/start', %alice);
    is_status('start there', $answer, 303);
    like(canary($answer->{headers}{location}), qr{^https://us\.veriff\.me/},
         'to the other provider');
    like(browse('/veriff-us/return', %alice)->{content},
         qr{href="/veriff-us/guide\?}, 'to the page');

    # what is nginx's own, and what is the app's
    is(fetch('/internal/onboarding-status', headers => {
                 'X-Onboarding-Id' => id(200, 'e001') })->{status}, 403,
       'the question');

    is(fetch($_, method => 'POST', body => '{"verification":{}}', headers => {
                 'Content-Type' => 'application/json' })->{status}, 404, $_)
        for qw(/veriff-api/v1/sessions /veriff-api-us/v1/sessions);

    for my $path (qw(/internal/onboarding /internal/token
                     /internal/account /internal/x
                     /internal%2faccount /x/../internal/account
                     //internal/account))
    {
        is(fetch($path, %alice)->{status}, 404, $path);
    }

    is_status('the app', fetch('/x'), 200, qr{^app GET /x$});
    is_status('its API', fetch('/v1/auth/register/details', method => 'POST',
                               body => '{}'), 200, qr{^app POST /v1/auth/});
    is_status('what it says itself', fetch('/v1/gone', %alice), 404,
              qr{^app GET /v1/gone$});
});

# nothing of it is kept in clear
on_block(11 => sub {
    my $id = id(200, 'f001');
    my $token = canary('token-f001');
    my $user = canary('user-f001');

    my @urls = (is_url('registers', registers($id)),
                is_url('another', call(@user, as('f002'))));

    asks($id);
    call(@status, as('f001'));
    event(session_of(), 'submitted');
    fault(status => 500);
    registers(id(200, 'f003'));

    # lines of nginx's own about an app that fails
    for my $says ('000', 500, 400) {
        registers(id($says, 'f001'));
        asks(id($says, 'f001'));
        call(@user, as($says));
    }

    # those it can be sure of
    my $log = read_file($Test::Nginx::Util::ErrLogFile);
    ok($log =~ /\[error\].*upstream prematurely closed/, 'the app failed');
    ok($log =~ m{the user check "/internal/onboarding" must answer},
       'so did the check');

    my $sent = join '', map { MIME::Base64::decode_base64($_->{body_base64}) }
               @{ sandbox(GET => '/_sandbox/requests') };
    like($sent, qr/"vendorData":"/, 'the provider got a name');
    unlike($sent, qr/f001|f002|f003/, 'that tells it nothing');

    my $store = join '', map { read_file($_) }
                glob place('/var/lib/nginx/veriff') . '/*';
    cmp_ok(length $store, '>', 4096, 'the store was written');

    # id in the store, as there is none in the account's answer
    is_url('no name', registers(id(299, 'f009')));

    my $access = read_file($Test::Nginx::Util::AccLogFile);
    like($access, qr{POST /v1/auth/register/verification}, 'the access log');

    for my $secret (@urls, $id, id(299, 'f009'), $token, $user) {
        is(index($store, $secret), -1, 'not in the store');
        is(index($store, unpack 'H*', $secret), -1, 'nor in hex');
        is(index($access, $secret), -1, 'not in the access log');
    }
});

# over HTTP/2
on_block(12 => sub {
    my $id = id(200, 'aa01');
    my @json = ('-H', 'Content-Type: application/json', '-d', json($id));

    my $answer = http2($register[1], @json);
    my $url = is_url('registers', $answer);

    is(is_url('once more', http2($register[1], @json)), $url, 'the same URL');
    is_state('asks', http2($registering[1], '-H', "X-Onboarding-Id: $id"),
             'UNVERIFIED', 'created');
    is(is_url('with a token', http2($user[1], '-H',
                                    'Authorization: Bearer token-aa01')),
       $url, 'the same URL');

    is_message('no key', http2($register[1], @json, '-H', 'X-Client-Key:'),
               498, qr/client key/);
    is_message('a key twice', http2($register[1], @json, '-H',
                                    'X-Client-Key: x', '-H',
                                    "X-Client-Key: $key{web}"), 498);
    is_message('no UUID', http2($register[1], '-d', json('x')), 400);
    is_message('no body', http2($register[1], '-X', 'POST'), 400);
    is_message('unknown', http2($register[1], '-d', json(id(404, '0001'))),
               404);
    is_message('no token', http2($user[1]), 401);

    fault(status => 500);
    is_unavailable('the provider fails',
                   http2($register[1], '-d', json(id(200, 'aa02'))));

    event(session_of(), 'submitted');
    decide(session_of(), 'approved');
    is_nothing('approved', http2($register[1], @json), 'VERIFIED');
});

# two applications, of which one is down
on_block(13 => sub {
    my %says = (400 => 400, 403 => 403, 404 => 404);

    for my $says (sort keys %says) {
        is_message("$says, $_", asks(id($says, '0001')), $says{$says})
            for 1 .. 2;
    }
});

# the application's own paths
on_block(14 => sub {
    my @as = (headers => { 'X-Onboarding-Id' => id(200, '0001'),
                           Authorization => 'Bearer token-0001' });

    app_seen();

    for my $path ('/internal', '/internal/', '/internal/onboarding',
                  '/internal/onboarding-status', '/internal/account',
                  '/internal/token', '/internal/x', '/INTERNAL/onboarding',
                  '/Internal', '/internal;', '/internal;x/onboarding', '/%49nternal/account',
                  '/x/../internal/account', '//internal//account',
                  '/internal%2Faccount', '/v1/../internal/account')
    {
        like(call(GET => $path, @as)->{status}, qr/^40[34]$/, $path);
    }

    is_deeply([app_seen()], [], 'the app was not asked');

    # what it may take for one of them says nothing of an id
    for my $path ('/', '/x/..;/internal/onboarding', '/v1/x',
                  '/v1/..;/internal/onboarding')
    {
        call(GET => $path, headers => { 'X-Onboarding-Id' => 'mallory' });
        is_deeply([app_seen()], ["app GET $path"], "$path: without an id");
    }
});

# a site that keeps what its application says
on_block(15 => sub {
    my $url = is_url('registers', registers(id(200, 'ca01')));

    is_message('another id', registers(id(404, 'ca01')), 404);
    isnt(is_url('another user', registers(id(200, 'ca02'))), $url,
         'another URL');

    is_state('asks', asks(id(200, 'ca01')), 'UNVERIFIED', 'created');
    is_message('another id asks', asks(id(404, 'ca01')), 404);
    is_state('another user asks', asks(id(200, 'ca03')), 'UNVERIFIED', 'none');

    is_url('with a token', call(@user, as('ca01')));
    is_message('without', call(@user), 401);
    isnt(is_url('with another', call(@user, as('ca02'))), $url,
         'another URL');

    my @start = ('/veriff/start', jar => { sid => 'token-ca01' });
    is(canary(browse(@start)->{headers}{location}), $url, 'with a cookie');
    is(browse('/veriff/start')->{status}, 401, 'without');
});

no_root_location();
app_says('/internal/onboarding' => \&onboarding);
app_says('/internal/account' => \&account);
app_says('/v1/gone' => sub { 404 });
start_app();
start_sandbox(public_url => 'https://alchemy.veriff.com');

$us = start_provider('public-url' => 'https://us.veriff.me',
                     'api-key' => '0f5d7c4e-7c1e-4a52-9d0f-3b8a6e2c9d14',
                     secret => canary('5f0f3b5e-94a8-4f55-8e6a-0c2d7b9e1a63'));
key_pair(us => [$us->{api_key}, $us->{secret}]);

service(8080 => $ENV{TEST_NGINX_APP_PORT});

my $nobody = VeriffTest::free_port();

Test::Nginx::Util::add_block_preprocessor(sub {
    my ($there) = $us->{https} =~ /(\d+)\/?$/;

    service('api.veriff.com' => $_[0]->name =~ /TEST 8:/ ? $nobody : $there);
});

run_tests();

__DATA__

=== TEST 1: the client's key
--- example: registration.conf



=== TEST 2: what the body says
--- example: registration.conf



=== TEST 3: what the app says
--- example: registration.conf



=== TEST 4: the whole way
--- example: registration.conf



=== TEST 5: no, and again
--- example: registration.conf



=== TEST 6: the other integration
--- example: registration.conf



=== TEST 7: what the provider says
--- example: registration.conf



=== TEST 8: nobody is there
--- example: registration.conf



=== TEST 9: too late
--- example: registration.conf
--- edits
proxy_read_timeout     30s => proxy_read_timeout 1s



=== TEST 10: browsers
--- example: registration.conf



=== TEST 11: nothing is kept in clear
--- example: registration.conf



=== TEST 12: over HTTP/2
--- example: registration.conf
--- edits
 ssl; =>  ssl http2;



=== TEST 13: two applications
--- example: registration.conf
--- edits
upstream app { => upstream app { server 127.0.0.1:1 max_fails=0;



=== TEST 14: the application's own paths
--- example: registration.conf



=== TEST 15: a cache
--- example: registration.conf
--- edits
upstream app { => proxy_cache_path cache keys_zone=c:1m; proxy_cache c; proxy_cache_valid any 1m; upstream app {
