# A program on a server, written for the provider's API as its samples are: it
# has a base URL, a key and a secret, and signs each request itself.  Its base
# URL is all that changes: it is the listener of conf-examples/api-for-apps.conf
# now.  Its key and secret are wrong, and nothing of them leaves.

use lib 't/lib';
use VeriffTest;
use VeriffExample;
use VeriffApp;
use VeriffMetrics qw(reload_nginx);
use Digest::SHA qw(hmac_sha256_hex sha256_hex);
use MIME::Base64 qw(encode_base64);
use Test::More;

# bytes of every value, as a file has them
my $file = join '', map { chr } 0 .. 255;


# ---- the program: it knows nothing of nginx --------------------------------

package Program;

# base_url, key, secret; headers(key, signature): how it names them;
# verifies: "never", "always", or "if there" is a signature
sub new {
    my ($class, %o) = @_;

    return bless { verifies => 'if there', headers => \&usual_headers, %o },
                 $class;
}

sub usual_headers {
    return ('X-AUTH-CLIENT' => $_[0], 'X-HMAC-SIGNATURE' => $_[1]);
}

# POST and PATCH sign the body, GET and DELETE the id that the path names.
sub call {
    my ($self, $method, $path, $body) = @_;

    my ($host, $port, $base) = $self->{base_url}
                               =~ m{^http://([^:/]+):(\d+)(.*)$};
    my ($id) = $path =~ m{^/(?:sessions|attempts|media)/([^/?]+)};
    my $signature = Digest::SHA::hmac_sha256_hex($body // $id,
                                                 $self->{secret});

    my $answer = VeriffExample::fetch("$base$path",
        host => $host, port => $port, tls => 0, method => $method,
        body => $body // '', headers => {
            defined $body ? ('Content-Type' => 'application/json') : (),
            Accept => 'application/json', 'User-Agent' => 'program/1.0',
            $self->{headers}->($self->{key}, $signature) });

    $self->check($answer);

    return $answer;
}

# That an answer is the provider's.
sub check {
    my ($self, $answer) = @_;

    return if $self->{verifies} eq 'never' || $answer->{status} >= 300;

    my $signature = $answer->{headers}{'x-hmac-signature'};

    die "unsigned answer\n" if !defined $signature
                               && $self->{verifies} eq 'always';
    die "wrong signature\n"
        if defined $signature
           && lc $signature ne Digest::SHA::hmac_sha256_hex($answer->{content},
                                                            $self->{secret});
}

sub create {
    my ($self, %verification) = @_;

    return $self->call(POST => '/sessions', JSON::PP::encode_json(
                           { verification => \%verification }));
}

sub upload {
    my ($self, $id, $context, $bytes) = @_;

    my $content = 'data:image/png;base64,'
                  . MIME::Base64::encode_base64($bytes, '');

    return $self->call(POST => "/sessions/$id/media", JSON::PP::encode_json(
        { image => { context => $context, content => $content } }));
}

sub submit {
    my ($self, $id) = @_;

    return $self->call(PATCH => "/sessions/$id",
                       '{"verification":{"status":"submitted"}}');
}

sub get { my ($self, $path) = @_; return $self->call(GET => $path) }
sub remove { my ($self, $id) = @_; return $self->call(DELETE =>
                                                      "/sessions/$id") }


# ---- what it says, and what must arrive ------------------------------------

package main;

my $stranger = '22222222-2222-4222-8222-222222222222';
my $wrong = 'abcdef12-0000-4000-8000-00000000beef';

sub program {
    my (%o) = @_;

    return Program->new(base_url => 'http://localhost:8900/v1',
                        key => $stranger, secret => canary($wrong), %o);
}

# The last request came once, with key and signature of the integration's, and
# with nothing of the program's.
sub is_ours {
    my ($name, $method, $path, $signed, $program) = @_;

    my ($seen, @more) = @{ sandbox(GET => '/_sandbox/requests') };
    my @headers = @{ $seen->{headers} // [] };

    is(scalar @more, 0, "$name: one request");
    is("$seen->{method} $seen->{path}", "$method $path", "$name: $path");
    is_deeply([sort map { lc($_->[0]) . ": $_->[1]" }
               grep { $_->[0] =~ /^(?:x[-_](?:auth|hmac|sig)|vrf)/i } @headers],
              ['x-auth-client: ' . api_key(),
               'x-hmac-signature: ' . hmac(shared_secret(), $signed)],
              "$name: one key and one signature, ours");

    my @theirs = ($program->{key} eq api_key() ? () : $program->{key},
                  $program->{secret} eq shared_secret() ? ()
                  : ($program->{secret}, hmac($program->{secret}, $signed)));
    my $all = lc join "\n", map { @$_ } @headers;

    is_deeply([grep { index($all, lc) >= 0 } @theirs], [],
              "$name: nothing of the program's");
}

sub called {
    my ($name, $program, $call, $expected, @about) = @_;

    sandbox(DELETE => '/_sandbox/requests');

    my $answer = $call->();

    is_status($name, $answer, $expected);
    is_ours($name, @about, $program);
    is_deeply([grep { /^(?:x-(?:auth|hmac)|vrf)/ } keys %{ $answer->{headers} }],
              [], "$name: no header of the provider's comes back");

    my $seen = sandbox(GET => '/_sandbox/requests')->[0];
    is(sha256_hex($answer->{content}), $seen->{answer_sha256},
       "$name: the provider's answer, byte for byte");

    return $answer;
}

# A whole verification, as the provider's guide describes it.
sub verify_somebody {
    my ($name, $program, $prefix) = @_;

    $prefix //= '/v1';

    my $person = '{"verification":{"vendorData":"alice"}}';
    my $answer = called("$name, session", $program,
        sub { $program->create(vendorData => 'alice') }, 201,
        POST => "$prefix/sessions", $person);
    my $made = json_of($answer)->{verification};
    my $id = $made->{id} // 'none';

    like($made->{url}, qr{^https://alchemy\.veriff\.com/v/}, "$name: a URL");
    canary($made->{sessionToken});

    my $image = '{"image":{"content":"data:image/png;base64,'
                . encode_base64($file, '') . '","context":"face"}}';
    $answer = called("$name, upload", $program,
        sub { $program->call(POST => "/sessions/$id/media", $image) }, 200,
        POST => "$prefix/sessions/$id/media", $image);
    my $media = json_of($answer)->{image}{id} // 'none';

    called("$name, submit", $program, sub { $program->submit($id) }, 200,
           PATCH => "$prefix/sessions/$id",
           '{"verification":{"status":"submitted"}}');

    # too late: the provider's error, in its own words
    called("$name, late", $program, sub { $program->call(
               POST => "/sessions/$id/media", $image) }, 409,
           POST => "$prefix/sessions/$id/media", $image);

    decide($id, 'approved');

    $answer = called("$name, decision", $program,
        sub { $program->get("/sessions/$id/decision") }, 200,
        GET => "$prefix/sessions/$id/decision", $id);
    is(json_of($answer)->{verification}{status}, 'approved',
       "$name: approved");

    $answer = called("$name, attempts", $program,
        sub { $program->get("/sessions/$id/attempts") }, 200,
        GET => "$prefix/sessions/$id/attempts", $id);
    my $attempt = json_of($answer)->{verifications}[0]{id} // 'none';

    called("$name, person", $program,
           sub { $program->get("/sessions/$id/person") }, 200,
           GET => "$prefix/sessions/$id/person", $id);
    $answer = called("$name, list", $program,
        sub { $program->get("/attempts/$attempt/media") }, 200,
        GET => "$prefix/attempts/$attempt/media", $attempt);

    # its URL is the provider's, and leads past nginx; its path does not
    my ($place) = json_of($answer)->{images}[0]{url} =~ m{^https?://[^/]+(/.*)};
    is($place, "/v1/media/$media", "$name: where it is");

    $answer = called("$name, download", $program,
                     sub { $program->get("/media/$media") }, 200,
                     GET => "$prefix/media/$media", $media);
    ok($answer->{content} eq $file, "$name: the file, byte for byte");
    is($answer->{headers}{'content-type'}, 'image/png', "$name: its type");

    return $id;
}

# ---- the blocks ------------------------------------------------------------

# another key, and what is signed with another secret
on_block(1 => sub {
    my $id = verify_somebody('wrong key', program());

    passes('the gate knows', fetch('/x', basic('alice')), '/x');

    my $program = program();
    my $answer = $program->remove($id);
    is_status('to delete', $answer, 403, qr/^\{"status":"fail",/);
    like(join(' ', provider_saw()), qr/^(?!.*DELETE)/, 'which is not asked');

    # as the example says how
    reload_nginx(sub { s/limit_except PATCH \{/limit_except PATCH DELETE {/
                           or die 'no PATCH' });

    called('deleted', $program, sub { $program->remove($id) }, 200,
           DELETE => "/v1/sessions/$id", $id);
    is_problem('the gate, too', fetch('/x', basic('alice')), 'UNVERIFIED');
    called('deleted again', $program, sub { $program->remove($id) }, 404,
           DELETE => "/v1/sessions/$id", $id);
});

# the pair that is right is replaced by itself
on_block(2 => sub {
    verify_somebody('right key',
                    program(key => api_key(), secret => shared_secret()));
    verify_somebody('wrong secret', program(key => api_key()));
    verify_somebody('wrong key', program(secret => shared_secret()));
});

# however it spells its headers, and how often it says them
on_block(3 => sub {
    my %spelling = (
        'lower case' => sub { ('x-auth-client' => $_[0],
                               'x-hmac-signature' => $_[1]) },
        'mixed case' => sub { ('x-Auth-cLIENT' => $_[0],
                               'X-Hmac-Signature' => $_[1]) },
        'upper hex' => sub { ('X-AUTH-CLIENT' => uc $_[0],
                              'X-HMAC-SIGNATURE' => uc $_[1]) },
        'twice' => sub { ('X-AUTH-CLIENT' => [@_[0, 0]],
                          'X-HMAC-SIGNATURE' => [@_[1, 1]]) },
        'twice, otherwise' => sub { ('X-AUTH-CLIENT' => $_[0],
                                     'x-auth-client' => 'second',
                                     'X-HMAC-SIGNATURE' => $_[1],
                                     'x-Hmac-signature' => 'f' x 64) },
        'and empty' => sub { ('X-AUTH-CLIENT' => ['', $_[0], ''],
                              'X-HMAC-SIGNATURE' => ['', $_[1], '']) },
        'both families' => sub { ('X-AUTH-CLIENT' => $_[0],
                                  'X-HMAC-SIGNATURE' => $_[1],
                                  'VRF-AUTH-CLIENT' => $_[0],
                                  'VRF-HMAC-SIGNATURE' => $_[1]) },
        'the other family' => sub { ('vrf-auth-client' => $_[0],
                                     'vrf-hmac-signature' => $_[1]) },
        'legacy' => sub { ('X-AUTH-CLIENT' => $_[0],
                           'X-SIGNATURE' => $_[1]) },
        'an integration' => sub { ('X-AUTH-CLIENT' => $_[0],
                                   'X-HMAC-SIGNATURE' => $_[1],
                                   'vrf-integration-id' => $_[0]) },
        'none' => sub { () },
    );

    verify_somebody($_, program(headers => $spelling{$_}))
        for sort keys %spelling;
});

# base URLs; a slash too many is a path that the provider does not have
on_block(4 => sub {
    my $join = sub {
        my ($base) = @_;

        return ($base =~ s{/$}{}r) . ($base =~ m{/v1/?$} ? '' : '/v1');
    };

    for my $base (map { ($_, "$_/") } 'http://localhost:8900',
                                      'http://localhost:8900/v1',
                                      'http://127.0.0.1:8900/v1')
    {
        verify_somebody($base, program(base_url => $join->($base)));
    }

    # as in the provider's samples
    my $program = program();
    my $body = '{"verification":{}}';

    called('/v1/sessions/', $program,
           sub { $program->call(POST => '/sessions/', $body) }, 201,
           POST => '/v1/sessions/', $body);

    for my $base ('http://localhost:8900/', 'http://localhost:8900/v1/') {
        my $careless = program(base_url => $base);
        my $path = $base =~ /v1/ ? '/sessions' : '/v1/sessions';

        sandbox(DELETE => '/_sandbox/requests');

        my $answer = $careless->call(POST => $path, $body);
        is_status("$base$path", $answer, 400,
                  qr/"status":"fail".*"The path is not one of the API\."/);
        is_deeply([provider_saw()], [], "$base$path: not asked");
    }
});

# what verifies answers itself
on_block(5 => sub {
    for my $verifies ('never', 'if there') {
        verify_somebody("verifies $verifies", program(verifies => $verifies));
    }

    # there is nothing to verify any more: nginx has done it
    my $strict = program(verifies => 'always');
    is(eval { $strict->create(vendorData => 'alice'); 1 } // $@,
       "unsigned answer\n", 'which insists on a signature is told of none');

    my $program = program();
    sandbox(POST => '/_sandbox/faults', { signature => 'wrong' });
    my $answer = $program->create(vendorData => 'alice');
    is_status('a forged answer', $answer, 502, qr/^\{"status":"fail",/);
    unlike($answer->{content}, qr/alchemy/, 'nothing of it');

    sandbox(POST => '/_sandbox/faults', { signature => 'none' });
    is_status('an unsigned answer',
              $program->create(vendorData => 'alice'), 502,
              qr/^\{"status":"fail",/);
});

no_root_location();
start_app();
start_sandbox(strict => undef, public_url => 'https://alchemy.veriff.com');
service(8080 => $ENV{TEST_NGINX_APP_PORT});
run_tests();

__DATA__

=== TEST 1: its own key and secret, which are wrong
--- example: api-for-apps.conf



=== TEST 2: the right pair, and half of it
--- example: api-for-apps.conf



=== TEST 3: headers in every spelling, and repeated
--- example: api-for-apps.conf



=== TEST 4: base URLs
--- example: api-for-apps.conf



=== TEST 5: answers that it would verify
--- example: api-for-apps.conf
