package VeriffWire;

# The same request over every version of HTTP.
#
#     for my $wire (wires()) {
#         my $answer = $wire->ask(POST => '/hook', body => $bytes,
#                                 fields => ['X-User: alice']);
#         is($answer->{status}, 200, $wire->name);
#     }
#
# The wires are HTTP/1.1 with a length and chunked; HTTP/2 over TLS with a
# length, and in clear without one; HTTP/3 with a length and without one, if
# this nginx has it (the suite says so when it has not).  wires('bare') are
# those for requests without a body: one of each version, and HTTP/2 twice.
#
# Options of a request: fields; body; piece, how many bytes are written at
# once, as a chunk or DATA frame of their own; slow: HTTP/2 waits until a
# piece has been dealt with, HTTP/1.1 with the first one for "100 Continue";
# trailer, a field after the body, which HTTP/1.1 with a length has not;
# authority.
#
# The answer has a status (0: none), headers (lower case; several of a name
# are a list), header lines in "head", and a content.
#
# For configurations: $TEST_NGINX_WIRES is what a server listens with, besides
# Test::Nginx's port.

use strict;
use warnings;

use Exporter qw(import);
use IO::Select ();
use IO::Socket::INET ();
use Socket ();
use Test::More ();
use Test::Nginx::Util ();
use Time::HiRes ();
use VeriffHttp2 qw(h2_client);
use VeriffTest ();

require VeriffHttp3;

our @EXPORT = qw(wires shape_of same_shape);

my $timeout = 20;

my @wires = (
    { name => 'HTTP/1.1', ask => \&_ask_http1, bare => 1 },
    { name => 'HTTP/1.1 chunked', ask => \&_ask_http1, unannounced => 1 },
    { name => 'HTTP/2', ask => \&_ask_http2, bare => 1, tls => 1 },
    { name => 'HTTP/2 in clear', ask => \&_ask_http2, bare => 1,
      unannounced => 1 },
    { name => 'HTTP/3', ask => \&_ask_http3, bare => 1 },
    { name => 'HTTP/3 without a length', ask => \&_ask_http3,
      unannounced => 1 },
);

my $has_http3 = VeriffHttp3::has_http3();


# New ones for every nginx: they keep connections.
sub wires {
    my ($bare) = @_;

    return map { bless { %$_ } } grep { $has_http3 || $_->{name} !~ m{/3} }
                                 grep { !$bare || $_->{bare} } @wires;
}

sub name { $_[0]{name} }
sub is_http1 { $_[0]{name} =~ m{/1} }
sub is_http2 { $_[0]{name} =~ m{/2} }
sub is_announced { !$_[0]{unannounced} }
sub is_bare { $_[0]{bare} }

sub ask {
    my ($self, $method, $path, %o) = @_;

    my $answer = $self->{ask}->($self, { method => $method, path => $path,
                                         %o });

    $answer->{content} = delete $answer->{body};

    for my $line (split /\n/, $answer->{head}) {
        my ($name, $value) = $line =~ /^(.*?): ?(.*)/ or next;
        my $known = $answer->{headers}{lc $name};

        $answer->{headers}{lc $name} =
            !defined $known ? $value
                            : [ref $known ? @$known : $known, $value];
    }

    return $answer;
}


# ---- HTTP/1.1 --------------------------------------------------------------

sub _ask_http1 {
    my ($self, $request) = @_;

    local $SIG{PIPE} = 'IGNORE';

    my $socket = IO::Socket::INET->new(
        PeerAddr => '127.0.0.1',
        PeerPort => Test::Nginx::Util::server_port_for_client(),
        Timeout => $timeout) or die "connect: $!";
    setsockopt $socket, Socket::IPPROTO_TCP(), Socket::TCP_NODELAY(), 1;

    my $body = $request->{body};
    my @lines = ("$request->{method} $request->{path} HTTP/1.1",
                 'Host: ' . ($request->{authority} // 'localhost'),
                 'Connection: close', @{ $request->{fields} // [] });

    push @lines, $self->{unannounced} ? 'Transfer-Encoding: chunked'
                                      : 'Content-Length: ' . length $body
        if defined $body;
    push @lines, 'Expect: 100-continue' if $request->{slow};

    my $text = '';

    _write_all($socket, CORE::join("\r\n", @lines) . "\r\n\r\n");
    $text = _read_until($socket, sub { $_[0] =~ /\r\n\r\n/ })
        if $request->{slow};

    if (defined $body && (!$request->{slow} || $text =~ m{^HTTP/1\.1 100 })) {
        _write_body($self, $socket, $request);
        $text = '';
    }

    # nginx may keep the connection for what is left of a body
    my $is_whole = sub { _is_whole($text . $_[0], $request->{method}) };

    return _http1_answer($text . _read_until($socket, $is_whole));
}

sub _is_whole {
    my ($text, $method) = @_;

    $text =~ s{^HTTP/1\.1 1\d\d .*?\r\n\r\n}{}s;

    my ($head, $body) = split /\r\n\r\n/, $text, 2;

    return 0 if !defined $body;
    return 1 if $method eq 'HEAD' || $head =~ m{^HTTP/1\.1 (?:204|304) };
    return length $body >= $1 if $head =~ /^Content-Length: (\d+)\r?$/mi;
    return $body =~ /(?:^|\n)0\r\n\r\n\z/
        if $head =~ /^Transfer-Encoding: chunked\r?$/mi;

    return 0;
}

sub _write_body {
    my ($self, $socket, $request) = @_;

    my $body = $request->{body};
    my $size = $request->{piece} || length $body;

    for (my $at = 0; $at < length $body; $at += $size) {
        my $piece = substr $body, $at, $size;

        $piece = sprintf("%x\r\n%s\r\n", length $piece, $piece)
            if $self->{unannounced};
        _write_all($socket, $piece) or return;
    }

    return if !$self->{unannounced};

    my $trailer = $request->{trailer};
    _write_all($socket, "0\r\n" . (defined $trailer ? "$trailer\r\n" : '')
                        . "\r\n");
}

sub _write_all {
    my ($socket, $bytes) = @_;

    my $at = 0;

    while ($at < length $bytes) {
        my $n = syswrite($socket, $bytes, length($bytes) - $at, $at)
            or return 0;
        $at += $n;
    }

    return 1;
}

sub _read_until {
    my ($socket, $is_enough) = @_;

    my $text = '';
    my $end = Time::HiRes::time() + $timeout;
    my $select = IO::Select->new($socket);

    while ((my $left = $end - Time::HiRes::time()) > 0) {
        last if $is_enough->($text);
        $select->can_read($left) or last;
        sysread($socket, $text, 65536, length $text) or last;
    }

    return $text;
}

sub _http1_answer {
    my ($text) = @_;

    $text =~ s{^HTTP/1\.1 1\d\d .*?\r\n\r\n}{}s;

    my ($head, $body) = split /\r\n\r\n/, $text, 2;
    my ($status) = ($head // '') =~ m{^HTTP/1\.1 (\d+)};

    my (undef, @lines) = split /\r\n/, $head // '';

    $head = CORE::join '', map { "$_\n" } @lines;
    $body //= '';

    if ($head =~ /^transfer-encoding: chunked$/mi) {
        my $rest = $body;
        $body = '';

        while ($rest =~ s/^([0-9a-f]+)\r\n//i && (my $size = hex $1)) {
            $body .= substr $rest, 0, $size, '';
            substr($rest, 0, 2) = '';
        }
    }

    return { status => $status // 0, head => $head, body => $body };
}


# ---- HTTP/2 and HTTP/3 -----------------------------------------------------

sub _connection {
    my ($self) = @_;

    if (!$self->{connection} || !$self->{connection}->is_open) {
        $self->{connection} = h2_client(tls => $self->{tls});
    }

    return $self->{connection};
}

sub _ask_http2 {
    my ($self, $request) = @_;

    my ($answer) = _connection($self)->ask({
        %$request, unannounced => $self->{unannounced} });

    return $answer;
}

# All at once, on one connection: requests as VeriffHttp2 has them.
sub ask_together {
    my ($self, @requests) = @_;

    return _connection($self)->ask(map {
        { %$_, unannounced => $self->{unannounced} }
    } @requests);
}

sub _ask_http3 {
    my ($self, $request) = @_;

    my @fields = @{ $request->{fields} // [] };
    push @fields, 'Content-Length:' if $self->{unannounced};

    # it names itself
    push @fields, 'User-Agent:' if !grep { /^user-agent:/i } @fields;

    return VeriffHttp3::http3(
        $request->{method}, $request->{path}, fields => \@fields,
        map { ($_ => $request->{$_}) }
            grep { defined $request->{$_} } qw(body piece trailer authority));
}


# ---- comparison ------------------------------------------------------------

# What of an answer is no matter of the connection: the status, the headers,
# the content.  The code, if any, makes what differs from one answer to the
# next the same.
sub shape_of {
    my ($answer, $same) = @_;

    my @lines = grep { !/^(?:connection|date|keep-alive|server
                            |transfer-encoding|content-length|alt-svc):/x }
                map { s/^([^:]+)/\L$1/r } split /\n/, $answer->{head};

    my $text = CORE::join "\n", "status: $answer->{status}", sort(@lines),
                                '', $answer->{content};

    return $same ? $same->($text) : $text;
}

# The first shape of a name is what the others must be.
sub same_shape {
    my ($first, $name, $wire, $shape) = @_;

    $first->{$name} //= $shape;

    Test::More::is($shape, $first->{$name},
                   "$name, " . $wire->name . ': as over the first wire');
}


# ---- preparations ----------------------------------------------------------

sub _certificate {
    my $dir = $ENV{TEST_NGINX_KEYS};
    my @options = qw(-x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes
                     -subj /CN=localhost -days 2);

    system("openssl req @options -keyout $dir/wires.key -out $dir/wires.pem"
           . ' 2>/dev/null') == 0 or die "openssl req: $?";

    return "ssl_certificate $dir/wires.pem;"
           . " ssl_certificate_key $dir/wires.key;";
}

sub _prepare {
    my $quic = '';

    if ($has_http3) {
        VeriffHttp3::prepare();
        $quic = $ENV{TEST_NGINX_HTTP3} =~ s/^\s*ssl_.*\n//mgr;
    }

    $ENV{TEST_NGINX_WIRES} = <<"END_OF_TEXT" . _certificate();
        listen $ENV{TEST_NGINX_H2_PORT} http2;
        listen $ENV{TEST_NGINX_H2_TLS_PORT} ssl http2;
        $quic
END_OF_TEXT

    # workers share one socket, but not what comes over it
    Test::Nginx::Util::master_on();
    Test::Nginx::Util::workers(1);

    return if $has_http3;

    Test::Nginx::Util::add_block_preprocessor(sub {
      SKIP: {
            Test::More::skip($_[0]->name . ' - this nginx has no HTTP/3', 1);
        }
    });
}

_prepare();

1;
