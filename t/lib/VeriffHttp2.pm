package VeriffHttp2;

# HTTP/2 by hand, for clients that leave: a request, and its end, in one write.
#
#     my $socket = h2_connect();
#     syswrite $socket, h2_request(1, '/page', cookie => 'a=b') . h2_reset(1);
#
# For configurations: $TEST_NGINX_H2_PORT, for a "listen" with "http2".

use strict;
use warnings;

use Exporter qw(import);
use IO::Socket::INET ();
use VeriffTest ();

our @EXPORT = qw(h2_connect h2_request h2_reset);

sub _frame {
    my ($type, $flags, $stream, $payload) = @_;

    return substr(pack('N', length $payload), 1)
           . pack('CCN', $type, $flags, $stream) . $payload;
}

# a length of seven bits and more
sub _string {
    my ($text) = @_;

    my $length = length $text;
    return chr($length) . $text if $length < 127;

    my $bytes = "\x7f";

    for ($length -= 127; $length > 127; $length >>= 7) {
        $bytes .= chr(128 | $length & 127);
    }

    return $bytes . chr($length) . $text;
}

sub h2_connect {
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                       PeerPort => $ENV{TEST_NGINX_H2_PORT})
        or die "connect: $!";

    syswrite $socket, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" . _frame(4, 0, 0, '');

    return $socket;
}

sub h2_request {
    my ($stream, $path, @fields) = @_;

    my @strings = (':path', $path, ':authority', 'localhost', @fields);
    my $block = "\x82\x86";             # indexed: GET, http

    while (my ($name, $value) = splice @strings, 0, 2) {
        $block .= "\0" . _string($name) . _string($value);
    }

    # END_STREAM and END_HEADERS
    return _frame(1, 5, $stream, $block);
}

sub h2_reset { _frame(3, 0, $_[0], pack('N', 8)) }

$ENV{TEST_NGINX_H2_PORT} = VeriffTest::free_port();

1;
