# Requests that two servers would cut at different places: whatever mode they
# are sent to, they are refused, or both sides see the same request, and the
# one after it on the connection is answered as itself.

use lib 't/lib';
use VeriffTest;
use VeriffEdge;
use Test::More;

my $inner = "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n";
my $next = request('GET /next', ['Connection: close']);

# name, header lines with %d for the body's length, how the body is written
my @fine = (
    ['length', ['Content-Length: %d']],
    ['length with zeros', ['Content-Length: 000%d']],
    ['length with spaces', ['Content-Length:   %d  ']],
    ['length in small letters', ['content-length:%d']],
    ['one chunk', ['Transfer-Encoding: chunked'], sub { chunks($_[0]) }],
    ['small chunks', ['transfer-encoding: CHUNKED'],
     sub { chunks($_[0], size => 7) }],
    ['chunk extensions', ['Transfer-Encoding: chunked'],
     sub { chunks($_[0], size => 9, extension => ';a=b;c="GET / HTTP/1.1"') }],
    ['chunk sizes with zeros', ['Transfer-Encoding: chunked'],
     sub { chunks($_[0], size => 5) =~ s/^5\r/0005\r/gmr }],
    ['trailers', ['Transfer-Encoding: chunked', 'Trailer: X-Veriff-State'],
     sub { chunks($_[0], trailers => ['X-Veriff-State: VERIFIED',
                                      'Content-Length: 3',
                                      'X-HMAC-SIGNATURE: 0']) }],
);

my $is_hex = 'Transfer-Encoding: chunked';

# the status nginx gives, at once
my @bad = (
    ['both lengths', 400, ['Content-Length: %d', $is_hex],
     sub { chunks($_[0]) }],
    ['both, the other way round', 400, [$is_hex, 'Content-Length: %d']],
    ['a length of the chunks', 400, ['Content-Length: 4', $is_hex],
     sub { chunks($_[0]) }],
    ['two equal lengths', 400, ['Content-Length: %d', 'Content-Length: %d']],
    ['two lengths', 400, ['Content-Length: %d', 'Content-Length: 0']],
    ['zero and a length', 400, ['Content-Length: 0', 'Content-Length: %d']],
    ['plus', 400, ['Content-Length: +%d']],
    ['minus', 400, ['Content-Length: -%d']],
    ['list', 400, ['Content-Length: %d, %d']],
    ['list of two', 400, ['Content-Length: 0,%d']],
    ['hexadecimal', 400, ['Content-Length: 0x1f']],
    ['fraction', 400, ['Content-Length: %d.0']],
    ['exponent', 400, ['Content-Length: 1e2']],
    ['inner space', 400, ['Content-Length: 1 %d']],
    ['tab', 400, ["Content-Length:\t%d"]],
    ['tab at the end', 400, ["Content-Length: %d\t"]],
    ['vertical tab', 400, ["Content-Length: \x0b%d"]],
    ['empty', 400, ['Content-Length:']],
    ['too much', 400, ['Content-Length: 99999999999999999999999']],
    ['a wrap', 400, ['Content-Length: 18446744073709551617']],
    ['space before the colon', 400, ['Content-Length : %d']],
    ['tab before the colon', 400, ["Content-Length\t: %d"]],
    ['folded name', 400, ["X-Other: 1\r\n Content-Length: %d"]],
    ['folded value', 400, ["Content-Length:\r\n %d"]],
    ['folded coding', 400, ["Transfer-Encoding:\r\n chunked"]],
    ['coding, space before the colon', 400, ['Transfer-Encoding : chunked',
                                             'Content-Length: %d']],
    ['coding behind a bare CR', 400,
     ["X-Other: 1\rTransfer-Encoding: chunked", 'Content-Length: %d']],
    ['NUL in the coding', 400, ["Transfer-Encoding: chunked\0",
                                'Content-Length: %d']],
    ['NUL in a name', 400, ["Transfer-Encoding\0: chunked",
                            'Content-Length: %d']],
    ['unknown coding', 501, ['Transfer-Encoding: xchunked',
                             'Content-Length: %d']],
    ['identity', 501, ['Transfer-Encoding: identity', 'Content-Length: %d']],
    ['list of codings', 501, ['Transfer-Encoding: gzip, chunked']],
    ['chunked twice in a list', 501, ['Transfer-Encoding: chunked, chunked']],
    ['chunked, and a parameter', 501, ['Transfer-Encoding: chunked;q=1']],
    ['coding in quotes', 501, ['Transfer-Encoding: "chunked"']],
    ['tab before the coding', 501, ["Transfer-Encoding:\tchunked"]],
    ['tab behind the coding', 501, ["Transfer-Encoding: chunked\t"]],
    ['empty coding', 501, ['Transfer-Encoding:']],
    ['a coding in HTTP/1.0', 400, [$is_hex], sub { chunks($_[0]) }, '1.0'],
);

# The body's coding is broken: seen while it is read, or thrown away.
my @broken = (
    ['no size', "zz\r\nabc\r\n0\r\n\r\n"],
    ['minus', "-3\r\nabc\r\n0\r\n\r\n"],
    ['plus', "+3\r\nabc\r\n0\r\n\r\n"],
    ['0x', "0x3\r\nabc\r\n0\r\n\r\n"],
    ['a space first', " 3\r\nabc\r\n0\r\n\r\n"],
    ['too large', "ffffffffffffffff1\r\nabc\r\n0\r\n\r\n"],
    ['negative', "ffffffffffffffff\r\nabc\r\n0\r\n\r\n"],
    ['longer than said', "2\r\nabc\r\n0\r\n\r\n"],
    ['no end of line', "3\r\nabcGET /smuggled HTTP/1.1\r\n\r\n"],
    ['an empty size', "\r\n3\r\nabc\r\n0\r\n\r\n"],
);

my %decent;     # by mode: what the other side gets of the first

sub lines_for { map { s/%d/length $_[1]/ger } @{ $_[0] } }

# What the other side has got: the mode's own request and the one after it.
sub seen {
    my ($e, $mode) = @_;

    my @app = @{ $e->{app} };

    is(@app && $app[-1]{line}, 'GET /next HTTP/1.1', 'the next is itself');
    pop @app;

    return join "\n", map({ "app: " . plain($_) } @app),
                      map({ "provider: " . plain($_) } @{ $e->{provider} });
}

sub check_fine {
    my ($mode, $row) = @_;

    my ($name, $lines, $write) = @$row;
    my ($line, $more, $body) = make_of($mode, $inner);

    my $e = exchange(request($line, [@$more, lines_for($lines, $body)],
                             $write ? $write->($body) : $body) . $next);

    my $what = "$mode->{name}: $name";

    subtest $what => sub {
        is(statuses($e), "$mode->{status} 200", 'two answers');
        is($e->{rest} . $e->{left}, '', 'and no more');
        is($e->{answers}[1]{body}, "app GET /next\n", 'the second');

        my $seen = seen($e, $mode);
        $seen =~ s/^Trailer: .*\n//m;

        is($seen, $decent{$mode->{name}} //= $seen, 'what the others get');
        is($seen =~ /^(\w+): / && $1, $mode->{to}, 'who');
        unlike($seen, qr/^(?:app|provider): GET .smuggled/m, 'as one request');
    };
}

sub check_bad {
    my ($mode, $row) = @_;

    my ($name, $status, $lines, $write, $version) = @$row;
    my ($line, $more, $body) = make_of($mode, $inner);

    my $bytes = request($line, [@$more, lines_for($lines, $body)],
                        $write ? $write->($body) : $body);
    $bytes =~ s{HTTP/1\.1}{HTTP/$version} if $version;

    my $e = exchange($bytes . $next);
    my $seen = join ' ', map { $_->{line} } @{ $e->{app} }, @{ $e->{provider} };

    is(statuses($e) . "|$e->{rest}$e->{left}|$seen", "$status||",
       "$mode->{name}: $name: refused, and no more");
}

sub check_broken {
    my ($mode, $row) = @_;

    my ($name, $wire) = @$row;
    my ($line, $more) = make_of($mode, $inner);

    my $e = exchange(request($line, [@$more, $is_hex], $wire) . $next);
    my $seen = join ' ', map { $_->{line} } @{ $e->{app} }, @{ $e->{provider} };

    # one answer only: a refusal that did not need the body may come first
    like(statuses($e) . "|$e->{rest}$e->{left}|$seen",
         $mode->{status} >= 300 || $mode->{uri} eq '/metrics'
             ? qr/\A(?:400|$mode->{status})\|\|\z/ : qr/\A400\|\|\z/,
         "$mode->{name}: a chunk with $name: refused, and no more");
}

on_block(1 => sub {
    edge_users();

    for my $mode (edge_modes()) {
        check_fine($mode, $_) for @fine;
    }
});

on_block(2 => sub {
    edge_users();

    for my $mode (edge_modes()) {
        check_bad($mode, $_) for @bad;
    }
});

on_block(3 => sub {
    edge_users();

    for my $mode (edge_modes()) {
        check_broken($mode, $_) for @broken;
    }
});

run_tests();

__DATA__

=== TEST 1: bodies that are framed well, in every way
--- timeout: 60



=== TEST 2: lengths and codings that are refused
--- timeout: 60



=== TEST 3: chunks that are none
--- timeout: 60
