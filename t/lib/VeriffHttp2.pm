package VeriffHttp2;

# HTTP/2 by hand, for clients that leave: a request, and its end, in one write.
#
#     my $socket = h2_connect();
#     syswrite $socket, h2_request(1, '/page', cookie => 'a=b') . h2_reset(1);
#
# Or with whatever a client should not send: h2_headers(stream, [name => value,
# ...], end), h2_data(stream, bytes, end), after h2_preface().  h2_answers(text)
# says what came of each stream: { 1 => { status, body, end, reset }, ... },
# and under "goaway" if the connection was ended.
#
# For configurations: $TEST_NGINX_H2_PORT, for a "listen" with "http2".

use strict;
use warnings;

use Exporter qw(import);
use IO::Socket::INET ();
use VeriffTest ();

our @EXPORT = qw(h2_connect h2_request h2_reset h2_preface h2_headers h2_data
                 h2_answers);

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

    syswrite $socket, h2_preface();

    return $socket;
}

sub h2_preface { "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" . _frame(4, 0, 0, '') }

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

sub h2_headers {
    my ($stream, $fields, $end) = @_;

    my @strings = @$fields;
    my $block = '';

    while (my ($name, $value) = splice @strings, 0, 2) {
        $block .= "\0" . _string($name) . _string($value);
    }

    # longer than a frame may be: the rest in others
    my @part = unpack '(a16000)*', $block;
    my $last = pop @part;
    my $flags = $end ? 1 : 0;

    return _frame(1, $flags | 4, $stream, $last) if !@part;

    return join '', _frame(1, $flags, $stream, shift @part),
                    map({ _frame(9, 0, $stream, $_) } @part),
                    _frame(9, 4, $stream, $last);
}

sub h2_data {
    my ($stream, $bytes, $end) = @_;

    return _frame(0, $end ? 1 : 0, $stream, $bytes);
}

# nginx indexes a few statuses, and writes others as they are
my %indexed = (0x88 => 200, 0x89 => 204, 0x8a => 206, 0x8b => 304,
               0x8c => 400, 0x8d => 404, 0x8e => 500);

sub _status {
    my ($block) = @_;

    $block =~ s/\A[\x20-\x3f]//;

    return $indexed{ord $block} // ($block =~ /\A[\x08\x48]\x03(\d{3})/ ? $1
                                                                      : 0);
}

sub h2_answers {
    my ($text) = @_;

    my %answer;

    while (length $text >= 9) {
        my ($high, $low, $type, $flags, $stream)
            = unpack 'C n C C N', substr $text, 0, 9;
        my $length = $high << 16 | $low;

        last if length $text < 9 + $length;

        my $payload = substr $text, 9, $length;
        substr($text, 0, 9 + $length) = '';

        $answer{goaway} = 1 if $type == 7;
        next if $stream == 0;

        my $one = $answer{$stream} //= { body => '' };

        $one->{status} //= _status($payload) if $type == 1;
        $one->{body} .= $payload if $type == 0;
        $one->{reset} = 1 if $type == 3;
        $one->{end} = 1 if $type == 3 || $type <= 1 && $flags & 1;
    }

    return \%answer;
}

sub h2_reset { _frame(3, 0, $_[0], pack('N', 8)) }

$ENV{TEST_NGINX_H2_PORT} = VeriffTest::free_port();

1;
