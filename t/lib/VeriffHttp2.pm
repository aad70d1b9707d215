package VeriffHttp2;

# HTTP/2 by hand.  For clients that leave: a request, and its end, in one write.
#
#     my $socket = h2_connect();
#     syswrite $socket, h2_request(1, '/page', cookie => 'a=b') . h2_reset(1);
#
# Or with whatever a client should not send: h2_headers(stream, [name => value,
# ...], end), h2_data(stream, bytes, end), after h2_preface().  h2_answers(text)
# says what came of each stream: { 1 => { status, body, end, reset }, ... },
# and under "goaway" if the connection was ended.
#
# And a client, of one connection with any number of requests.  What is given
# to it together goes on at the same time, frame by frame in turns.
#
#     my $connection = h2_client();               # or h2_client(tls => 1)
#     my @answers = $connection->ask(
#         { method => 'GET', path => '/', fields => ['x-user: alice'] },
#         { method => 'POST', path => '/', body => $bytes, unannounced => 1,
#           piece => 1000, trailer => 'name: value', slow => 1 });
#
# "unannounced" is without Content-Length, "piece" the size of a DATA frame,
# "slow": the next one is not sent before nginx has dealt with the one before.
# The answer has a status (0: none), header lines in "head", and a body.
#
# h2_huffman(text) is what may stand for a text in a field, in HTTP/3 as well.
#
# For configurations: $TEST_NGINX_H2_PORT, for a "listen" with "http2", and
# $TEST_NGINX_H2_TLS_PORT, for one with "ssl".

use strict;
use warnings;

use Exporter qw(import);
use IO::Select ();
use IO::Socket::INET ();
use Time::HiRes ();
use VeriffTest ();

our @EXPORT = qw(h2_connect h2_request h2_reset h2_preface h2_headers h2_data
                 h2_answers h2_client h2_huffman);

my $timeout = 20;
my $window = 65535;             # until we are told something else
my $largest_frame = 16384;

my ($DATA, $HEADERS, $RESET, $SETTINGS, $PING, $GOAWAY, $WINDOW, $MORE)
    = (0, 1, 3, 4, 6, 7, 8, 9);

# of the static table, what nginx uses (RFC 7541, appendix A)
my %static = (
    (map { $_->[0] => [':status', $_->[1]] } [8, 200], [9, 204], [10, 206],
        [11, 304], [12, 400], [13, 404], [14, 500]),
    (map { $_->[0] => [$_->[1], ''] } [28, 'content-length'],
        [31, 'content-type'], [33, 'date'], [44, 'last-modified'],
        [46, 'location'], [54, 'server'], [59, 'vary']),
);

# The Huffman code is canonical: these are the characters, by the number of
# their bits (appendix B); others are in no header of ours.
my %code;
{
    my @by_length = (
        [5, '012aceiost'], [6, ' %-./3456789=A_bdfghlmnpru'],
        [7, ':BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz'], [8, '&*,;XZ'],
        [10, '!"()?'], [11, "'+|"], [12, '#>'], [13, "\0\$\@[]~"],
        [14, '^}'], [15, '<`{'],
    );

    my ($next, $length) = (0, 5);

    for (@by_length) {
        my ($bits, $characters) = @$_;

        $next <<= $bits - $length;
        $length = $bits;
        $code{sprintf '%0*b', $bits, $next++} = $_ for split //, $characters;
    }

    # two of the longest, in no answer
    $code{'1' x 28 . '00'} = "\n";
    $code{'1' x 28 . '01'} = "\r";
}


# ---- what is sent ----------------------------------------------------------

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

sub h2_huffman {
    my ($text) = @_;

    my %bits = reverse %code;
    my $all = join '', map { $bits{$_} // die "no code: $_" } split //, $text;

    return pack 'B*', $all . '1' x (-length($all) % 8);
}

sub _field { "\0" . _string($_[0]) . _string($_[1]) }

sub h2_preface { "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" . _frame(4, 0, 0, '') }

sub h2_connect {
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                       PeerPort => $ENV{TEST_NGINX_H2_PORT})
        or die "connect: $!";

    syswrite $socket, h2_preface();

    return $socket;
}

sub h2_request {
    my ($stream, $path, @fields) = @_;

    my @strings = (':path', $path, ':authority', 'localhost', @fields);
    my $block = "\x82\x86";             # indexed: GET, http

    while (my ($name, $value) = splice @strings, 0, 2) {
        $block .= _field($name, $value);
    }

    # END_STREAM and END_HEADERS
    return _frame(1, 5, $stream, $block);
}

sub h2_headers {
    my ($stream, $fields, $end) = @_;

    my @strings = @$fields;
    my $block = '';

    while (my ($name, $value) = splice @strings, 0, 2) {
        $block .= _field($name, $value);
    }

    # longer than a frame may be: the rest in others
    my @part = unpack '(a16000)*', $block;
    my $last = pop @part;
    my $flags = $end ? 1 : 0;

    return _frame($HEADERS, $flags | 4, $stream, $last) if !@part;

    return join '', _frame($HEADERS, $flags, $stream, shift @part),
                    map({ _frame($MORE, 0, $stream, $_) } @part),
                    _frame($MORE, 4, $stream, $last);
}

sub h2_data {
    my ($stream, $bytes, $end) = @_;

    return _frame($DATA, $end ? 1 : 0, $stream, $bytes);
}

sub h2_reset { _frame($RESET, 0, $_[0], pack('N', 8)) }

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

        $answer{goaway} = 1 if $type == $GOAWAY;
        next if $stream == 0;

        my $one = $answer{$stream} //= { body => '' };

        if ($type == $HEADERS || $type == $MORE) {
            $one->{block} .= $payload;
            _decode($one) if $flags & 4;
        }

        $one->{body} .= $payload if $type == $DATA;
        $one->{reset} = 1 if $type == $RESET;
        $one->{end} = 1 if $type == $RESET || $type <= $HEADERS && $flags & 1;
    }

    return \%answer;
}


# ---- a client --------------------------------------------------------------

sub h2_client {
    my (%o) = @_;

    my $socket;

    if ($o{tls}) {
        require IO::Socket::SSL;
        $socket = IO::Socket::SSL->new(
            PeerAddr => '127.0.0.1', PeerPort => $ENV{TEST_NGINX_H2_TLS_PORT},
            SSL_verify_mode => 0, SSL_alpn_protocols => ['h2'])
            or die "connect: $! $IO::Socket::SSL::SSL_ERROR";

        ($socket->alpn_selected // '') eq 'h2' or die 'it is not HTTP/2';

    } else {
        $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                        PeerPort => $ENV{TEST_NGINX_H2_PORT})
            or die "connect: $!";
        setsockopt $socket, Socket::IPPROTO_TCP(), Socket::TCP_NODELAY(), 1;
    }

    my $self = bless {
        socket => $socket, tls => $o{tls}, in => '', stream => 1,
        window => $window, initial => $window, pings => 0,
    }, __PACKAGE__;

    # we take whatever comes
    my $most = 2 ** 31 - 1;

    $self->_write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
                  . _frame($SETTINGS, 0, 0, pack 'nN', 4, $most)
                  . _frame($WINDOW, 0, 0, pack 'N', $most - $window));

    return $self;
}

sub ask {
    my ($self, @requests) = @_;

    local $SIG{PIPE} = 'IGNORE';
    my $end = Time::HiRes::time() + $timeout;

    my @streams = map { $self->_begin($_) } @requests;

    $self->{streams} = { map { $_->{id} => $_ } @streams };

    while (!$self->{closed} && grep { !$_->{ended} } @streams) {
        my $went_on = 0;

        for my $stream (grep { !$_->{said} && !$_->{ended} } @streams) {
            $went_on += $self->_send_piece($stream);

            # which may be the room that was waited for
            while ($self->_is_readable(0)) {
                $self->_read(0);
                $went_on++;
            }
        }

        next if $went_on;

        my $left = $end - Time::HiRes::time();
        last if $left <= 0;
        $self->_read($left);
    }

    return map { _answer($_) } @streams;
}

sub _answer {
    my ($stream) = @_;

    return {
        status => $stream->{status} // 0,
        head => $stream->{head} // '',
        body => $stream->{body},
        is_cut => !$stream->{ended} || $stream->{is_reset},
    };
}

sub _begin {
    my ($self, $request) = @_;

    my @fields = map { [split /: ?/, $_, 2] } @{ $request->{fields} // [] };
    my $body = $request->{body};

    push @fields, ['content-length', length $body]
        if defined $body && !$request->{unannounced};

    my @all = map { (lc $_->[0], $_->[1]) }
        [':method', $request->{method}],
        [':scheme', $self->{tls} ? 'https' : 'http'],
        [':path', $request->{path}],
        [':authority', $request->{authority} // 'localhost'], @fields;

    my $stream = {
        id => $self->{stream}, window => $self->{initial}, body => '',
        rest => $body // '', at => 0, said => !defined $body,
        piece => $request->{piece} // $largest_frame,
        slow => $request->{slow}, trailer => $request->{trailer},
    };

    $self->{stream} += 2;

    $self->_write(h2_headers($stream->{id}, \@all, !defined $body));

    return $stream;
}

# Whether there was something to send, and room for it.
sub _send_piece {
    my ($self, $stream) = @_;

    my $left = length($stream->{rest}) - $stream->{at};
    my $size = $left;

    for my $limit ($stream->{piece}, $stream->{window}, $self->{window}) {
        $size = $limit if $limit < $size;
    }

    return 0 if $size <= 0 && $left;

    my $is_last = $size == $left;
    my $ends = $is_last && !defined $stream->{trailer};

    $self->_write(h2_data($stream->{id},
                          substr($stream->{rest}, $stream->{at}, $size),
                          $ends));

    $stream->{at} += $size;
    $stream->{said} = $is_last;
    $_->{window} -= $size for $stream, $self;

    if ($is_last && !$ends) {
        my ($name, $value) = split /: /, $stream->{trailer}, 2;
        $self->_write(h2_headers($stream->{id}, [$name, $value], 1));
    }

    if ($stream->{slow}) {
        $self->{pings}++;
        $self->_write(_frame($PING, 0, 0, 'slowslow'));
        $self->_read($timeout) while $self->{pings} && !$self->{closed};
    }

    return 1;
}

sub _write {
    my ($self, $bytes) = @_;

    # what was JSON once may be characters, which TLS would encode
    utf8::downgrade($bytes);

    my $at = 0;

    while ($at < length $bytes) {
        my $n = syswrite $self->{socket}, $bytes, length($bytes) - $at, $at;
        $n or return $self->{closed} = 1;
        $at += $n;
    }
}

sub _is_readable {
    my ($self, $wait) = @_;

    return 0 if $self->{closed};
    return 1 if $self->{tls} && $self->{socket}->pending;
    return IO::Select->new($self->{socket})->can_read($wait) ? 1 : 0;
}

sub _read {
    my ($self, $wait) = @_;

    if (!$self->_is_readable($wait)
        || !sysread $self->{socket}, $self->{in}, 65536, length $self->{in})
    {
        $self->{closed} = 1;
        return;
    }

    while (length $self->{in} >= 9) {
        my ($high, $low, $type, $flags, $id) = unpack 'CnCCN', $self->{in};
        my $length = $high << 16 | $low;

        last if length $self->{in} < 9 + $length;

        my $payload = substr $self->{in}, 9, $length;
        substr($self->{in}, 0, 9 + $length) = '';
        $self->_take($type, $flags, $id, $payload);
    }
}

sub _take {
    my ($self, $type, $flags, $id, $payload) = @_;

    my $stream = $self->{streams}{$id} // {};

    if ($type == $SETTINGS && !($flags & 1)) {
        my %said = unpack '(nN)*', $payload;

        if (defined $said{4}) {
            $_->{window} += $said{4} - $self->{initial}
                for values %{ $self->{streams} };
            $self->{initial} = $said{4};
        }

        $self->_write(_frame($SETTINGS, 1, 0, ''));

    } elsif ($type == $WINDOW) {
        ($id ? $stream : $self)->{window} += unpack 'N', $payload;

    } elsif ($type == $PING && $flags & 1) {
        $self->{pings}--;

    } elsif ($type == $GOAWAY) {
        $self->{is_leaving} = 1;

    } elsif ($type == $RESET) {
        # what is not an error only says that no more need be sent
        $stream->{said} = 1;
        $stream->{ended} = 1;
        $stream->{is_reset} = unpack('N', $payload) != 0;

    } elsif ($type == $DATA) {
        $stream->{body} .= $payload;
        $stream->{ended} = 1 if $flags & 1;

    } elsif ($type == $HEADERS || $type == $MORE) {
        $stream->{block} .= $payload;
        $stream->{ended} = 1 if $flags & 1;
        _decode($stream) if $flags & 4;
    }
}

sub is_open { !$_[0]{closed} && !$_[0]{is_leaving} }


# ---- header blocks ---------------------------------------------------------

# what fits into $bits bits, and more
sub _number {
    my ($block, $bits) = @_;

    my $most = (1 << $bits) - 1;
    my $number = ord(substr $$block, 0, 1, '') & $most;

    return $number if $number < $most;

    for (my $shift = 0; ; $shift += 7) {
        my $byte = ord substr $$block, 0, 1, '';
        $number += ($byte & 127) << $shift;
        return $number if $byte < 128;
    }
}

sub _text {
    my ($block) = @_;

    my $is_coded = ord($$block) & 128;
    my $length = _number($block, 7);
    my $bytes = substr $$block, 0, $length, '';

    return $bytes if !$is_coded;

    my ($text, $bits) = ('', '');

    for my $bit (split //, unpack 'B*', $bytes) {
        $bits .= $bit;

        if (defined $code{$bits}) {
            $text .= $code{$bits};
            $bits = '';
        }
    }

    $bits =~ /^1{0,7}\z/ or die "HPACK: \"$text\" and the code $bits";

    return $text;
}

sub _indexed {
    my ($index) = @_;

    return @{ $static{$index} // die "HPACK: static entry $index" };
}

sub _decode {
    my ($stream) = @_;

    my $block = delete $stream->{block};

    while ($block ne '') {
        my $first = ord $block;
        my ($name, $value);

        if ($first & 128) {
            ($name, $value) = _indexed(_number(\$block, 7));

        } elsif (($first & 0xe0) == 0x20) {
            _number(\$block, 5);        # the size of a table: we have none
            next;

        } else {
            my $index = _number(\$block, $first & 64 ? 6 : 4);

            ($name) = $index ? _indexed($index) : _text(\$block);
            $value = _text(\$block);
        }

        if ($name eq ':status') {
            $stream->{status} = $value;

        } else {
            $stream->{head} .= "$name: $value\n";
        }
    }
}


$ENV{TEST_NGINX_H2_PORT} = VeriffTest::free_port();
$ENV{TEST_NGINX_H2_TLS_PORT} = VeriffTest::free_port();

1;
