package VeriffEndpoints;

# Every endpoint of the provider's API (t/endpoints.txt), what it takes to call
# one, and what must have come to the other side.
#
# A row has: name, method, path (with {session}, {attempt}, {media}), signs,
# apps, given, sends, and answers, a list of [status, pattern, body].

use strict;
use warnings;

use Digest::SHA qw(hmac_sha256_hex sha256_hex);
use Exporter qw(import);
use HTTP::Tiny ();
use JSON::PP ();
use MIME::Base64 qw(encode_base64);
use Test::More ();
use VeriffTest ();

our @EXPORT = qw(
    endpoints place_for filled direct call_it call_by last_seen new_session
    is_signed_as is_passed_on
);

my $timeout = 20;
my $last_seen;
my $client = \&_call_nginx;

# what a client must not be able to say, all of it said
my %theirs = (
    'X-AUTH-CLIENT' => ['mine', ''],
    'X-HMAC-SIGNATURE' => ['0' x 64, '1' x 64],
    'X-SIGNATURE' => '2' x 64,
    'VRF-AUTH-CLIENT' => 'mine',
    'VRF-HMAC-SIGNATURE' => '3' x 64,
    'vrf-integration-id' => '00000000-0000-4000-8000-00000000dead',
    Cookie => 'session=1',
    Authorization => 'Basic bWluZQ==',
);

my $headers_of_ours = qr/^(?:x-auth-client|x-hmac-signature|x-signature
                            |vrf-.*|cookie|authorization)\z/xi;

my $file = __FILE__ =~ s{lib/VeriffEndpoints\.pm$}{endpoints.txt}r;


# ---- the table -------------------------------------------------------------

sub endpoints {
    my (@rows, $row);

    open my $in, '<:raw', $file or die "$file: $!";

    while (my $line = <$in>) {
        chomp $line;
        next if $line =~ /^(?:#|\s*$)/;

        if ($line =~ /^([A-Z]+) (\S+)(?: # .+)?$/) {
            $row = { name => $line, method => $1, path => $2, answers => [],
                     given => '', sends => undef };
            push @rows, $row;

        } elsif ($line =~ /^    answer +(\d{3}) (\S+)(?: (.+))?$/) {
            push @{ $row->{answers} }, [$1, $2, $3];

        } elsif ($line =~ /^    (signs|apps|given|sends) +(.+)$/) {
            $row->{$1} = $2;

        } else {
            die "$file:$.: \"$line\"";
        }
    }

    return @rows;
}

# the path without arguments, and a text with the ids of a session in it
sub filled {
    my ($text, $ids) = @_;

    return $text =~ s/\{(session|attempt|media)\}/$ids->{$1}/gr;
}

sub place_for {
    my ($row, $ids) = @_;

    return filled($row->{path}, $ids);
}


# ---- calls -----------------------------------------------------------------

sub _request {
    my ($method, $url, $headers, $body) = @_;

    my %request = (headers => { %$headers });

    if (defined $body) {
        $request{content} = $body;
        $request{headers}{'Content-Type'} //= 'application/json';
    }

    return HTTP::Tiny->new(timeout => $timeout, keep_alive => 0,
                           max_redirect => 0)
                     ->request($method, $url, \%request);
}

sub _call_nginx {
    my ($method, $path, $headers, $body) = @_;

    my $port = Test::Nginx::Util::server_port_for_client();

    return _request($method, "http://127.0.0.1:$port$path", $headers, $body);
}

# What call_it() calls in the place of _call_nginx(), with the same arguments.
sub call_by { $client = $_[0] }

# Straight to the sandbox, signed here.
sub direct {
    my ($method, $path, $body, %more) = @_;

    my ($id) = $path =~ m{^/v1/(?:sessions|attempts|media)/([^/?]+)};

    my $answer = _request(
        $method, "http://127.0.0.1:$ENV{TEST_NGINX_SANDBOX_HTTP_PORT}$path",
        { 'X-AUTH-CLIENT' => VeriffTest::api_key(),
          'X-HMAC-SIGNATURE' => hmac_sha256_hex($body // $id,
                                                VeriffTest::shared_secret()),
          %more }, $body);

    die "$method $path: $answer->{status} $answer->{content}"
        if !$answer->{success};

    return JSON::PP::decode_json($answer->{content});
}

# Through nginx, with a client's own headers.  What the sandbox saw of it is
# last_seen().
sub call_it {
    my ($method, $path, $body, %headers) = @_;

    VeriffTest::sandbox(DELETE => '/_sandbox/requests');

    my $answer = $client->($method, $path, { %theirs, %headers }, $body);

    my $seen = VeriffTest::sandbox(GET => '/_sandbox/requests');
    $last_seen = $seen->[-1] // {};

    Test::More::is(scalar @$seen, 1, "$method $path: one request")
        if @$seen > 1;

    return $answer;
}

sub last_seen { return $last_seen }

# The ids of a session that the provider has, after what is "given".
sub new_session {
    my ($given, %headers) = @_;

    $given //= '';

    my $made = direct(POST => '/v1/sessions', '{"verification":{}}', %headers);
    my $id = $made->{verification}{id};

    my %ids = (session => $id, media => $id);
    $ids{attempt} = VeriffTest::sandbox(GET => "/_sandbox/sessions/$id")
                        ->{attemptId};

    if ($given eq 'media') {
        my $image = { context => 'face', content => 'data:image/png;base64,'
                      . encode_base64("\x89PNG\r\n\x1a\n\0\xff", '') };
        $ids{media} = direct(POST => "/v1/sessions/$id/media",
                             JSON::PP::encode_json({ image => $image }),
                             %headers)->{image}{id};

    } elsif ($given eq 'otp') {
        direct(POST => "/v1/sessions/$id/mfa/generate",
               '{"identifier":"234567890123","type":"aadhaar"}', %headers);

    } elsif ($given eq 'submitted') {
        VeriffTest::sandbox(POST => "/_sandbox/sessions/$id/event",
                            { action => $given });

    } elsif ($given ne '') {
        VeriffTest::sandbox(POST => "/_sandbox/sessions/$id/decide",
                            { status => $given });
    }

    return \%ids;
}


# ---- what came to the other side -------------------------------------------

sub _signed_text {
    my ($row, $path, $ids, $body) = @_;

    my $bare = $path =~ s/\?.*//sr;

    return { key => undef, body => $body // '', path => $bare,
             'path+body' => $bare . "\n" . ($body // ''),
             session => $ids->{session}, attempt => $ids->{attempt},
             media => $ids->{media} }->{ $row->{signs} };
}

# The request has come as it was sent, with key and signature of the
# integration's (and its id, if there is one), and nothing that the client had
# in their place.
sub is_signed_as {
    my ($name, $row, $ids, $body, %o) = @_;

    my $seen = last_seen();
    my $path = place_for($row, $ids);
    my $text = _signed_text($row, $path, $ids, $body);
    my $family = $row->{signs} =~ /^path/ ? 'vrf' : 'x';

    my %expected = (
        "$family-auth-client" => $o{key} // VeriffTest::api_key(),
        defined $text ? ("$family-hmac-signature" => hmac_sha256_hex(
                             $text, $o{secret}
                                    // VeriffTest::shared_secret())) : (),
        defined $o{integration} ? ('vrf-integration-id' => $o{integration})
                                : (),
    );

    my @headers = @{ $seen->{headers} // [] };

    Test::More::is("$seen->{method} $seen->{path}", "$row->{method} $path",
                   "$name: method and path");
    Test::More::is($seen->{body_sha256}, sha256_hex($body // ''),
                   "$name: body, byte for byte");
    Test::More::is_deeply(
        [sort map { lc($_->[0]) . ": $_->[1]" }
              grep { $_->[0] =~ $headers_of_ours } @headers],
        [sort map { "$_: $expected{$_}" } keys %expected],
        "$name: signed over $row->{signs}");

    if (defined $body) {
        my ($type) = map { $_->[1] } grep { lc $_->[0] eq 'content-type' }
                     @headers;
        Test::More::is($type, 'application/json', "$name: content type");
    }

    return $seen;
}

# The answer has come as the provider gave it, without its signature.
sub is_passed_on {
    my ($name, $answer, $status, $pattern) = @_;

    my $seen = last_seen();

    Test::More::is($answer->{status}, $status, "$name: $status");
    Test::More::is($seen->{status}, $status, "$name: the provider's status");
    Test::More::is(sha256_hex($answer->{content}), $seen->{answer_sha256},
                   "$name: answer, byte for byte")
        or Test::More::diag($answer->{content});
    Test::More::like($answer->{content}, qr/\Q$pattern\E/,
                     "$name: $pattern") if defined $pattern;
    Test::More::is_deeply([grep { /$headers_of_ours/ }
                           keys %{ $answer->{headers} }], [],
                          "$name: without the provider's headers");
}

1;
