package Fault::Http2;

# HTTP/2 by hand: what a client sends, as frames.

use strict;
use warnings;

use Exporter qw(import);

our @EXPORT = qw(h2_preface h2_request h2_reset);

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

sub h2_preface { "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" . _frame(4, 0, 0, '') }

# The frames of a request: HEADERS and, with a body, two of DATA.
sub h2_request {
    my ($stream, $method, $path, $body, %headers) = @_;

    my @fields = (':path', $path, ':authority', 'localhost',
                  map { lc, $headers{$_} } sort keys %headers);
    my $block = ($method eq 'GET' ? "\x82" : "\x83") . "\x86";

    while (my ($name, $value) = splice @fields, 0, 2) {
        $block .= "\0" . _string($name) . _string($value);
    }

    # END_HEADERS, END_STREAM
    return _frame(1, 5, $stream, $block) if !defined $body || $body eq '';

    my $half = int(length($body) / 2);

    return (_frame(1, 4, $stream, $block),
            _frame(0, 0, $stream, substr $body, 0, $half),
            _frame(0, 1, $stream, substr $body, $half));
}

sub h2_reset { _frame(3, 0, $_[0], pack('N', 8)) }

1;
