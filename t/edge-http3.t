# The tricks of HTTP/3, in every mode: what it does not allow is refused, or as
# if it had not been said; nothing of it comes to an application or provider,
# which are spoken to in HTTP/1.1.

use lib 't/lib';
use VeriffTest;
use VeriffEdge;
use VeriffHttp2 qw(h2_huffman);
use VeriffHttp3;
use VeriffTricks;
use Test::More;

my $seconds = 120;

key_file('htpasswd', "alice:{PLAIN}wonder\nbob:{PLAIN}builder\n", 0644);

sub http3_server {
    my ($more) = @_;

    return 'server { $TEST_NGINX_HTTP3 ' . VeriffEdge::edge_places()
           . ($more // '') . '}';
}

# What a stream is, and the headers and the body of which it is made.
sub stream_of {
    my ($case, $fields, $body) = @_;

    return $case->{stream}->($fields, $body) if $case->{stream};

    return h3_headers($fields) . ($body ne '' ? h3_data($body) : '')
           . ($case->{trailers} ? h3_headers($case->{trailers}) : '');
}

sub next_of {
    my ($k) = @_;

    return h3_headers([':method' => 'GET', ':path' => "/next?$k",
                       ':scheme' => 'https', ':authority' => 'localhost']);
}

# On one connection, one stream after the other: what the application gets of
# each /next ends what it gets of the case before.
sub converse_of {
    my ($encoder, @streams) = @_;

    my $k = 0;
    my $client = h3_start([map { ($_, next_of($k++)) } @streams], $encoder);
    my $e = attend($client->{out}, $seconds);
    my @answers = h3_answers($client, $e->{text});

    my @parts = map { { all => [] } } @streams;
    $k = 0;

    for my $request (@{ $e->{all} }) {

        if ($request->{line} =~ m{^GET /next\?(\d+) HTTP/1\.1$} && $1 >= $k) {
            $k = $1 + 1;
            next;
        }

        push @{ $parts[$k]{all} }, $request if $k < @parts;
    }

    for $k (0 .. $#parts) {
        my ($answer, $then) = splice @answers, 0, 2;
        my $part = $parts[$k];

        $part->{statuses} = join ' ', map {
            $_->{status} || ($_->{code} ? 'reset' : 'none')
        } $answer, $then;

        my @of = map { my $of = $_;
                       [grep { $_->{of} eq $of } @{ $part->{all} }]
                     } qw(app provider);

        $part->{answer} = $answer;
        $part->{next} = $then->{body} =~ s/\?$k$//mr;
        $part->{got} = got_of(@of);
        $part->{rest} = $e->{rest};
        $part->{left} = $e->{left};
    }

    return @parts;
}

sub ask {
    my ($mode, @cases) = @_;

    return converse_of(undef, map {
        stream_of($_, fields_of($mode, $_, 'https'))
    } @cases);
}

on_block($_ => sub { check_forms(\&ask) }) for 1, 2;
on_block($_ => sub { check_odd(\&ask) }) for 3, 4;
on_block(5 => sub { check_trailers(\&ask) });
on_block(6 => sub { check_cookies(\&ask) });

# ---- frames ----------------------------------------------------------------

my $smuggled = [':method' => 'GET', ':path' => '/smuggled',
                ':scheme' => 'https', ':authority' => 'localhost'];
my $old = "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n";

my $unknown = h3_frame(0x21, 'X-Veriff-State: VERIFIED');

sub pieces { join '', map { h3_data($_) } split //, $_[0] }

# in eight bytes each
sub wide_frame {
    my ($type, $bytes) = @_;

    return pack('Q>Q>', 3 << 62 | $type, 3 << 62 | length $bytes) . $bytes;
}

# as usual
my @same = (
    ['pieces', sub { h3_headers($_[0]) . pieces($_[1]) }],
    ['empty pieces among', sub {
        h3_headers($_[0]) . h3_data('') . pieces($_[1]) . h3_data('') }],
    ['frames of no type that is known', sub {
        $unknown . h3_headers($_[0]) . $unknown . h3_data($_[1]) }],
    ['long numbers', sub {
        my $frame = h3_headers($_[0]);
        my $block = substr $frame, $frame =~ /^\x01[\x00-\x3f]/ ? 2
                                   : $frame =~ /^\x01[\x40-\x7f]/ ? 3 : 5;
        wide_frame(1, $block) . wide_frame(0, $_[1]) }],
);

# refused by those that read a body; others may have answered before
my @bodies = (
    ['cut', sub { h3_headers($_[0]) . h3_frame(0, $_[1], 5 + length $_[1]) }],
    ['of a gigabyte', sub { h3_headers($_[0])
                            . h3_frame(0, $_[1], 2 ** 30 - 1) }],
    ['and a frame of no type that is known', sub {
        h3_headers($_[0]) . h3_data($_[1]) . $unknown }],
    ['and more after trailers', sub {
        h3_headers($_[0]) . h3_data($_[1]) . h3_headers(['x-other' => '1'])
        . h3_data($old) }],
    ['and another request', sub {
        h3_headers($_[0]) . h3_data($_[1]) . h3_headers($smuggled)
        . h3_data($old) }],
    ['and lines of an older version', sub {
        h3_headers($_[0]) . h3_data($_[1]) . $old }],
    map({ my $type = $_;
          ["after a frame of type $type", sub {
               h3_headers($_[0]) . h3_frame($type, "\x40\x40")
               . h3_data($_[1]) }] } 2 .. 9, 13),
);

# a length, and what comes
my @lengths = (
    ['as long as it is', sub { length $_[0] }],
    ['a byte more', sub { 1 + length $_[0] }],
    ['a byte less', sub { -1 + length $_[0] }],
    ['with zeros', sub { '000' . length $_[0] }],
    ['2 ** 63', sub { '9223372036854775808' }],
    ['2 ** 64 more', sub { '184467440737095516' . (16 + length $_[0]) }],
    ['negative', sub { '-' . length $_[0] }],
    ['with a space', sub { ' ' . length $_[0] }],
    ['in a list', sub { join ', ', (length $_[0]) x 2 }],
    ['in hex', sub { sprintf '0x%x', length $_[0] }],
);

my %decent_length = map { $_ => 1 } 'as long as it is', 'with zeros';

# no request at all
my @none = (
    ['nothing', sub { '' }],
    ['a body alone', sub { h3_data($_[1]) }],
    ['a body first', sub { h3_data($_[1]) . h3_headers($_[0]) }],
    ['an empty header', sub { h3_frame(1, '') . h3_data($_[1]) }],
    ['no fields', sub { h3_headers([]) . h3_data($_[1]) }],
    ['half a header', sub { my $all = h3_headers($_[0]);
                            substr $all, 0, length($all) / 2 }],
    ['a header that is longer', sub { h3_frame(1, substr(h3_headers($_[0]), 3),
                                               9999) }],
    ['an older version', sub { $old }],
    ['HTTP/2', sub { "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" }],
    ['a field of no table', sub { h3_frame(1, "\0\0\xff\x80\x01") }],
    ['a field of an empty table', sub { h3_frame(1, "\0\0\x80") }],
    ['a base before the first', sub { h3_frame(1, "\x01\xff\x7f\x80") }],
    ['a name beyond the frame', sub { h3_frame(1, "\0\0\x27\x7fx") }],
    ['a value of 2 ** 60', sub { h3_frame(1, "\0\0\x21x\x7f" . "\xff" x 8
                                             . "\x0f") }],
    ['no code of Huffman', sub { h3_frame(1, "\0\0\x29\xff\x81\xff") }],
    map({ my $type = $_;
          ["after a frame of type $type", sub {
               h3_frame($type, "\x40\x40") . h3_headers($_[0])
               . h3_data($_[1]) }] } 2 .. 9, 13),
);

# what does not come once, or in its place
my @pseudo = (
    (map { my $name = $_;
           ["$name twice", sub {
                my %one = @{ $_[0] }[0 .. 7];
                h3_headers([$name => $one{$name}, @{ $_[0] }])
                . h3_data($_[1]) }],
           ["$name in capitals", sub {
                my @fields = @{ $_[0] };
                $_ = uc for grep { $_ eq $name } @fields;
                h3_headers(\@fields) . h3_data($_[1]) }],
           ["$name last", sub {
                my @fields = @{ $_[0] };
                my ($at) = grep { $fields[$_] eq $name } 0 .. $#fields;
                my @one = splice @fields, $at, 2;
                h3_headers([@fields, 'x-other' => '1', @one])
                . h3_data($_[1]) }],
         } qw(:method :path :scheme :authority)),
);

sub cases_of {
    my ($what, $rows, %o) = @_;

    return map {
        my ($name, $stream) = @$_;
        { name => "$what $name", stream => $stream, %o }
    } @$rows;
}

my @framing = (
    cases_of('a body in', \@same, same => 1),
    cases_of('a body', \@bodies),
    cases_of('no request:', \@none, must => 1),
    cases_of('of the path:', \@pseudo, must => 1),
    (map { my ($name, $of) = @$_;
           { name => "a length: $name", same => $decent_length{$name},
             fields => sub { 'content-length' => $of->($_[0]) } } } @lengths),
    { name => 'a length, and nothing',
      fields => sub { 'content-length' => length $_[0] },
      stream => sub { h3_headers($_[0]) } },
    { name => 'a length, and a body after trailers',
      fields => sub { 'content-length' => length $_[0] },
      stream => sub { h3_headers($_[0]) . h3_headers(['x-other' => '1'])
                      . h3_data($_[1]) } },
    { name => 'a length, and more in another frame',
      fields => sub { 'content-length' => length $_[0] },
      stream => sub { h3_headers($_[0]) . h3_data($_[1]) . h3_data($old) } },
);

on_block(7 => sub {
    edge_users();

    check_cases(\&ask, $_, @framing)
        for grep { $_->{method} eq 'POST' } edge_modes();
});

# ---- name by name ----------------------------------------------------------

# What nginx refuses, of each name that matters.
my %refused = (
    'capitals'  => sub { uc $_[0] => 'V' },
    'a capital' => sub { ucfirst $_[0] => 'V' },
    'a space'   => sub { "$_[0] " => 'V' },
    'a line'    => sub { $_[0] => "V\r\nx-other: 1" },
    'CR'        => sub { $_[0] => "V\r" },
    'LF'        => sub { $_[0] => "\nV" },
    'NUL'       => sub { $_[0] => "\0V" },
    'over-long' => sub { $_[0] => 'V' x 8193 },
    'in all'    => sub { ($_[0] => 'V' x 8000) x 5 },
);

on_block(8 => sub {
    edge_users();

    for my $mode (edge_modes()) {
        my @cases = (
            { name => 'a name', must => 1,
              fields => ['x-veriff-' . 'v' x 8192 => 'V'] },
            { name => 'many names', must => 1,
              fields => [map { ("x-veriff-$_" => 'V' x 500) } 1 .. 80] },
        );

        for my $name (names_for($mode), 'x-user', 'cookie', 'authorization') {
            push @cases, map {
                { name => "$name: $_", must => 1,
                  fields => [$refused{$_}->($name)] }
            } sort keys %refused;
        }

        check_cases(\&ask, $mode, @cases);
    }
});

# ---- tables ----------------------------------------------------------------

# What fills the table of a connection with these names and values.
sub table_of {
    my @strings = @_;
    my $bytes = h3_number(0x20, 5, 4096);

    while (my ($name, $value) = splice @strings, 0, 2) {
        $bytes .= h3_number(0x40, 5, length $name) . $name
                  . h3_number(0, 7, length $value) . $value;
    }

    return $bytes;
}

on_block(9 => sub {
    edge_users();

    for my $mode (edge_modes()) {
        my @names = names_for($mode);
        my @bad = ('X-Veriff-State', 'V', 'x-other', "1\r\nx-veriff-state: V",
                   ':path', '/smuggled', 'x-veriff-state', "V\0");

        # counted from the last
        my $n = @names + @bad / 2;
        my @at = map { $n - $_ } 1 .. $n;
        my @ours = @at[0 .. $#names];

        # a field section that needs the whole table
        my $stream_of = sub {
            my (@lines) = @_;

            return sub {
                my ($fields, $body) = @_;

                h3_frame(1, h3_number(0, 8, $n + 1) . "\0"
                            . h3_fields($fields) . join '', @lines)
                . ($body ne '' ? h3_data($body) : '')
            };
        };

        my $coded = sub {
            my ($name, $value) = map { h2_huffman($_) } @_;

            return h3_number(0x28, 3, length $name) . $name
                   . h3_number(0x80, 7, length $value) . $value;
        };

        my $indexed = sub { h3_number(0x80, 6, $_[0]) };
        my $named = sub { h3_number(0x40, 4, $_[0]) . "\1V" };

        my @cases = (
            { name => 'fields', same => 1,
              stream => $stream_of->(map { $indexed->($_) } @ours) },
            { name => 'names', same => 1,
              stream => $stream_of->(map { $named->($_) } @ours) },
            { name => 'a capital', must => 1,
              stream => $stream_of->($indexed->($at[-4])) },
            { name => 'the name of it', must => 1,
              stream => $stream_of->($named->($at[-4])) },
            { name => 'a line', must => 1,
              stream => $stream_of->($indexed->($at[-3])) },
            { name => 'a path', must => 1,
              stream => $stream_of->($indexed->($at[-2])) },
            { name => 'NUL', must => 1,
              stream => $stream_of->($indexed->($at[-1])) },
            { name => 'coded fields', same => 1,
              stream => $stream_of->(map { $coded->($_ => 'VERIFIED') }
                                         @names) },
            { name => 'a coded capital', must => 1,
              stream => $stream_of->($coded->('x-veriff-State' => 'V')) },
            { name => 'a coded line', must => 1,
              stream => $stream_of->($coded->(
                            'x-other' => "1\r\nx-veriff-state: V")) },
            { name => 'a coded NUL', must => 1,
              stream => $stream_of->($coded->('x-veriff-state' => "V\0")) },
            { name => 'beyond it', must => 1,
              stream => $stream_of->($indexed->($n)) },
        );

        my $encoder = table_of(map({ $_ => 'VERIFIED' } @names), @bad);

        check_cases(sub {
            my ($of, @all) = @_;

            return converse_of($encoder, map {
                stream_of($_, fields_of($of, $_, 'https'))
            } @all);
        }, $mode, @cases);
    }
});

# ---- what decides something ------------------------------------------------

on_block(10 => sub {
    my (@names, @streams, @expected);

    my $add = sub {
        my ($name, $expected, $body, @fields) = @_;

        push @names, $name;
        push @expected, $expected;
        push @streams, h3_headers([':method' => 'POST', ':path' => '/hook',
                                   ':scheme' => 'https',
                                   ':authority' => 'localhost', @fields])
                       . h3_data($body);
    };

    my $hook = sub {
        my ($name, $expected, $change) = @_;

        my ($body, @lines) = webhook_of();
        my @fields = $change->(map { (split /: /, $_, 2)[1] } @lines);

        $add->($name, $expected, $body, @fields);
    };

    my @key = ('x-auth-client');
    my @sum = ('x-hmac-signature');

    for my $row (untrue_values(), ['spaces around', sub { " $_[0] " }, 401]) {
        my ($name, $change, $status) = @$row;

        $hook->("key: $name", $status,
                sub { @key, $change->($_[0]), @sum, $_[1] });
        $hook->("signature: $name", $status,
                sub { @key, $_[0], @sum, $change->($_[1]) });
    }

    my $none = '0' x 64;

    $hook->('as they are', 200, sub { @key, $_[0], @sum, $_[1] });
    $hook->('in capitals', 200, sub { @key, uc $_[0], @sum, uc $_[1] });
    $hook->('of the other family', 200,
            sub { 'vrf-auth-client', $_[0], 'vrf-hmac-signature', $_[1] });
    $hook->('of both', 200, sub { @key, $_[0], @sum, $_[1],
                                  'vrf-auth-client', $_[0],
                                  'vrf-hmac-signature', $_[1] });
    $hook->('of both, which are not one', 401,
            sub { @key, $_[0], @sum, $_[1], 'vrf-hmac-signature', $none });
    $hook->('the key twice', 401, sub { (@key, $_[0]) x 2, @sum, $_[1] });
    $hook->('the signature twice', 401,
            sub { @key, $_[0], (@sum, $_[1]) x 2 });
    $hook->('another, then it', 401,
            sub { @key, $_[0], @sum, $none, @sum, $_[1] });
    $hook->('it, then none', 401, sub { @key, $_[0], @sum, $_[1], @sum, '' });
    $hook->('an underscore', 401,
            sub { @key, $_[0], 'x_hmac_signature', $_[1] });
    $hook->('and an underscore', 200,
            sub { @key, $_[0], @sum, $_[1], 'x_hmac_signature', $none });
    $hook->('the legacy name', 401,
            sub { @key, $_[0], 'x-signature', $_[1] });
    $hook->('a name in capitals', 400,
            sub { @key, $_[0], 'X-HMAC-SIGNATURE', $_[1] });
    $hook->('gzip', 415, sub { @key, $_[0], @sum, $_[1],
                               'content-encoding', 'gzip' });

    my @e = converse_of(undef, @streams);

    for my $k (0 .. $#e) {
        my ($name, $status) = ($names[$k], $expected[$k]);
        my @at = map { "$_->{of}: $_->{line}" } @{ $e[$k]{all} };

        # an over-long one has no answer
        $e[$k]{statuses} =~ s/^reset /400 / if $name =~ /over-long/;

        is("$e[$k]{statuses}|@at|$e[$k]{left}$e[$k]{rest}",
           "$status 200|" . ($status == 200 ? 'app: POST /hook HTTP/1.1' : '')
           . '|', $name);
    }
});

# Who somebody is: alice, who may pass, or nobody of hers.
on_block(11 => sub {
    edge_users();

    my @rows = (
        [200, 'x-user' => 'alice'],
        [403, 'x-user' => 'bob'],
        [403, 'x-user' => 'bob', 'x-user' => 'alice'],
        [403, 'x-user' => 'alice', 'x-user' => 'bob'],
        [403, 'x-user' => 'alice', 'x-user' => ''],
        [403, 'x-user' => 'alice '],
        [403, 'x-user' => 'alice,'],
        [403, 'x-user' => "alice\t"],
        [401, 'x-user' => ''],
        [401, 'x_user' => 'alice'],
        [401, 'x.user' => 'alice'],
        [401, 'x-veriff-user' => 'alice'],
        [403, 'x-user' => 'bob', 'x-veriff-user' => 'alice',
              'x-veriff-state' => 'VERIFIED'],
        [400, 'X-User' => 'alice'],
        [400, 'x-user ' => 'alice'],
        [400, 'x-user:' => 'alice'],
        [400, 'x-user' => "alice\0"],
        [400, 'x-user' => "alice\r\nx-other: 1"],
        [400, 'x-other' => "1\nx-user: alice"],
        [400, 'x-user' => 'alice', ':path' => '/gate/b'],
    );

    my $alice = 'Basic YWxpY2U6d29uZGVy';
    my $bob = 'Basic Ym9iOmJ1aWxkZXI=';

    my @passwords = (
        [200, authorization => $alice],
        [401, authorization => "$alice, $bob"],
        [401, authorization => ''],
        [401, 'proxy-authorization' => $alice],
        [401, 'author_ization' => $alice],
        [400, (authorization => $bob, authorization => $alice)],
        [400, (authorization => $alice, authorization => '')],
        [400, 'Authorization' => $alice],
        [400, authorization => "$alice\0"],
        [400, authorization => "$alice\r\n"],
    );

    my @all = (map({ ['/gate/a', @$_] } @rows),
               map({ ['/basic/a', @$_] } @passwords));

    my @e = converse_of(undef, map {
        my ($path, $status, @fields) = @$_;
        h3_headers([':method' => 'GET', ':path' => $path,
                    ':scheme' => 'https', ':authority' => 'localhost',
                    @fields])
    } @all);

    for my $k (0 .. $#all) {
        my ($path, $status, @fields) = @{ $all[$k] };
        my $name = "@fields" =~ s/([^ -~])/sprintf '\\x%02x', ord $1/ger;
        my @at = map { $_->{line} } @{ $e[$k]{all} };

        is("$e[$k]{statuses}|@at",
           "$status 200|" . ($status == 200 ? "GET $path HTTP/1.1" : ''),
           "$path: $name");
    }
});

# Whatever it says of the host, it leads nowhere else.
on_block(12 => sub {
    edge_users();

    my @hosts = (
        ['another', ['evil.example']],
        ['a port', ['evil.example:443']],
        ['a port alone', [':443']],
        ['a user', ['localhost@evil.example']],
        ['a query', ['evil.example?x']],
        ['a fragment', ['evil.example#x']],
        ['a list', ['localhost, evil.example']],
        ['a tab', ["localhost\tevil.example"]],
        ['two', ['localhost'], host => 'evil.example'],
        ['two of them', ['evil.example'], host => 'localhost'],
        ['the same twice', ['evil.example'], host => 'evil.example'],
        ['Host alone', [undef], host => 'evil.example'],
        ['Host twice', [undef], host => 'localhost', host => 'evil.example'],
        ['Host, empty', [undef], host => ''],
        ['forwarded', ['localhost'], 'x-forwarded-host' => 'evil.example',
         'x-forwarded-proto' => 'gopher', forwarded => 'host=evil.example',
         'x-original-url' => '/smuggled', 'x-rewrite-url' => '/smuggled'],
        ['alt-used', ['localhost'], 'alt-used' => 'evil.example',
         'alt-svc' => 'h3="evil.example:443"'],
    );

    for my $mode (edge_modes()) {
        my @e = ask($mode, map {
            my ($name, $of, @fields) = @$_;
            { pseudo => [':authority' => $of->[0]], fields => \@fields }
        } @hosts);

        for my $k (0 .. $#e) {
            my $e = $e[$k];
            my $what = "$mode->{name}: $hosts[$k][0]";
            my @at = map { $_->{line} } @{ $e->{all} };

            unlike("$e->{answer}{head}\n$e->{answer}{body}\n@at",
                   qr/evil|smuggled/, "$what: it leads nowhere else");
            like($e->{statuses}, qr/^(?:$mode->{status}|400) 200$/,
                 "$what: as if it was not said, or refused");
            is($e->{rest} . $e->{left}, '', "$what: no more");
        }
    }
});

run_tests();

__DATA__

=== TEST 1: every form of a name
--- http_config eval: main::http3_server()
--- timeout: 60



=== TEST 2: every form, and names that nginx would have dropped
--- http_config eval
'underscores_in_headers on; ignore_invalid_headers off;'
. main::http3_server()
--- timeout: 60



=== TEST 3: what a request may not have
--- http_config eval: main::http3_server()
--- timeout: 60



=== TEST 4: what it may not have, and names that nginx would have dropped
--- http_config eval
'underscores_in_headers on; ignore_invalid_headers off;'
. main::http3_server()
--- timeout: 60



=== TEST 5: trailers
--- http_config eval: main::http3_server()
--- timeout: 60



=== TEST 6: cookies in crumbs
--- http_config eval: main::http3_server()
--- timeout: 60



=== TEST 7: frames
--- http_config eval: main::http3_server()
--- timeout: 60



=== TEST 8: names and values that are refused
--- http_config eval: main::http3_server()
--- timeout: 60



=== TEST 9: fields of QPACK's table, and of Huffman's code
--- http_config eval: main::http3_server()
--- timeout: 60



=== TEST 10: key and signature of a webhook
--- http_config eval: main::http3_server()
--- timeout: 60



=== TEST 11: users and passwords
--- http_config eval
main::http3_server('
    location /basic {
        auth_basic            "app";
        auth_basic_user_file  $TEST_NGINX_KEYS/htpasswd;
        proxy_pass            http://app;
    }')
--- timeout: 60



=== TEST 12: the host
--- http_config eval: main::http3_server()
--- timeout: 60
