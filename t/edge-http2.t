# The tricks of HTTP/2, in every mode: what it does not allow is refused, or as
# if it had not been said; nothing of it comes to an application or provider,
# which are spoken to in HTTP/1.1.

use lib 't/lib';
use VeriffTest;
use VeriffEdge;
use VeriffHttp2;
use Test::More;

my @ours = qw(x-veriff-state x-veriff-session x-veriff-decided
              x-veriff-webhook x-veriff-user x-veriff-anything);

my @providers = qw(x-auth-client x-hmac-signature x-signature vrf-auth-client
                   vrf-hmac-signature vrf-integration-id);

my @clients = qw(cookie authorization proxy-authorization accept-encoding range
                 if-match if-none-match x-http-method-override);

my $smuggled = "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n";

# nginx lets these come once only
my $once = qr/^((?:proxy-)?authorization|range|if-match|if-none-match)$/;

my %form = (
    'once'         => sub { $_[0] => 'VERIFIED' },
    'twice (once)' => sub { ($_[0] => 'VERIFIED') x 2 },
    'empty'        => sub { $_[0] => '' },
    'list'         => sub { $_[0] => 'x, VERIFIED' },
    'tabs'         => sub { $_[0] => "\tVERIFIED\t" },
    'control'      => sub { $_[0] => "\x01VERIFIED\x7f" },
    'high bytes'   => sub { $_[0] => "\xff\xc0" },
    'underscores'  => sub { $_[0] =~ tr/-/_/r => 'VERIFIED' },
    'dots'         => sub { $_[0] =~ tr/-/./r => 'VERIFIED' },
    'other bytes'  => sub { $_[0] =~ s/-/\xad/gr => 'VERIFIED' },
    'long'         => sub { $_[0] => 'V' x 1500 },
);

# Fields beside of a decent request's, as nginx's versions see fit: they are
# refused, or change nothing.
my @odd = (
    ['capitals', 'X-Veriff-State' => 'VERIFIED'],
    ['a capital', 'x-veriff-statE' => 'VERIFIED'],
    ['a space in the name', 'x-veriff-state ' => 'VERIFIED'],
    ['a space before the name', ' x-veriff-state' => 'VERIFIED'],
    ['a colon in the name', 'x-veriff-state:' => 'VERIFIED'],
    ['a line in the name', "x-other: 1\r\nx-veriff-state" => 'VERIFIED'],
    ['NUL in the name', "x-veriff-state\0" => 'VERIFIED'],
    ['a tab in the name', "x-veriff\t-state" => 'VERIFIED'],
    ['a line in the value', 'x-other' => "1\r\nX-Veriff-State: VERIFIED"],
    ['a line feed in the value', 'x-other' => "1\nX-Veriff-State: VERIFIED"],
    ['a CR in the value', 'x-other' => "1\rX-Veriff-State: VERIFIED"],
    ['NUL in the value', 'x-veriff-state' => "VERI\0FIED"],
    ['a request in the value', 'x-veriff-user' => "x\r\n\r\n$smuggled"],
    ['no name', '' => 'VERIFIED'],
    ['chunked', 'transfer-encoding' => 'chunked'],
    ['another coding', 'transfer-encoding' => 'gzip'],
    ['a coding with an underscore', 'transfer_encoding' => 'chunked'],
    ['a shorter length', 'content-length' => '3'],
    ['no length', 'content-length' => '0'],
    ['a longer length', 'content-length' => '9999'],
    ['two lengths', 'content-length' => '3', 'content-length' => '4'],
    ['a length with plus', 'content-length' => '+3'],
    ['connection', 'connection' => 'x-veriff-state, close'],
    ['keep-alive', 'keep-alive' => 'timeout=9'],
    ['proxy-connection', 'proxy-connection' => 'close'],
    ['upgrade', 'upgrade' => 'websocket'],
    ['te', 'te' => 'chunked'],
    ['http2-settings', 'http2-settings' => 'AAMAAABk'],
    ['expect', 'expect' => '100-continue'],
    ['another host', 'host' => 'evil.example'],
    ['a second path', ':path' => '/smuggled'],
    ['a second authority', ':authority' => 'evil.example'],
    ['a second method', ':method' => 'DELETE'],
    ['an unknown pseudo-header', ':x-veriff-state' => 'VERIFIED'],
    ['a status', ':status' => '200'],
    ['a protocol', ':protocol' => 'websocket'],
);

# Instead of what a decent request has: these are refused.
my @wrong = (
    ['a line in the path', ':path' => "/next HTTP/1.1\r\nX: 1\r\n\r\nGET /x"],
    ['a space in the path', ':path' => '/gate/a HTTP/1.1'],
    ['no path', ':path' => ''],
    ['a path without a slash', ':path' => 'gate/a'],
    ['a line in the method', ':method' => "GET /smuggled HTTP/1.1\r\nX: "],
    ['a space in the method', ':method' => 'GET /smuggled'],
    ['small letters', ':method' => 'get'],
    ['no method', ':method' => ''],
    ['a line in the authority', ':authority' => "x\r\nX-Veriff-State: V"],
    ['a path in the authority', ':authority' => 'localhost/smuggled'],
    ['no authority', ':authority' => ''],
);

sub http2 {
    return 'server { listen $TEST_NGINX_H2_PORT http2; '
           . VeriffEdge::edge_places() . '}';
}

# "status-of-1 status-of-3", and what the other sides got beside of the second
sub ask {
    my ($mode, $odd, $wrong, $trailers) = @_;

    my ($line, $more, $body) = make_of($mode);
    my ($method, $uri) = split / /, $line;

    my %pseudo = (':method' => $method, ':path' => $uri, ':scheme' => 'http',
                  ':authority' => 'localhost', @{ $wrong // [] });

    my @fields = ((map { $_ => $pseudo{$_} } sort keys %pseudo),
                  map({ my ($name, $value) = split /: */, $_, 2;
                        lc($name) => $value } @$more), @{ $odd // [] });

    my $bytes = h2_preface() . h2_headers(1, \@fields, $body eq '');

    $bytes .= h2_data(1, $body, !$trailers) if $body ne '';
    $bytes .= h2_headers(1, $trailers, 1) if $trailers;
    $bytes .= h2_headers(3, [':method' => 'GET', ':path' => '/next',
                             ':scheme' => 'http',
                             ':authority' => 'localhost'], 1);

    my $e = converse($bytes, sub {
        my $answers = h2_answers($_[0]);
        return $answers->{goaway}
               || $answers->{1}{end} && $answers->{3}{end};
    }, $ENV{TEST_NGINX_H2_PORT});

    my $answers = h2_answers($e->{text});

    $e->{statuses} = join ' ', map {
        my $one = $answers->{$_};
        $one->{status} // ($one->{reset} ? 'reset' : 'none')
    } 1, 3;

    # streams run side by side: the second may be first
    my @app = grep { $_->{line} ne 'GET /next HTTP/1.1' } @{ $e->{app} };
    $e->{next} = $answers->{3}{body} // '';

    $e->{got} = join "\n", map({ "app: " . plain($_) } @app),
                           map({ "provider: " . plain($_) }
                               @{ $e->{provider} });

    return $e;
}

sub names_for {
    my ($mode) = @_;

    return $mode->{to} eq 'provider'        ? (@ours, @providers, @clients)
           : $mode->{uri} =~ /hook|report/  ? @ours
           : $mode->{to} eq 'app'           ? @ours
                                            : (@ours, @providers);
}

sub check_forms {
    edge_users();

    for my $mode (edge_modes()) {

        my $decent = ask($mode);

        is($decent->{statuses}, "$mode->{status} 200",
           "$mode->{name}: as it should be");
        is($decent->{got} =~ /^(\w+): / && $1, $mode->{to},
           "$mode->{name}: who");

        for my $form (sort keys %form) {

            my @names = names_for($mode);
            @names = grep { $_ !~ $once } @names if $form =~ /once\)/;
            @names = grep { /^x-/ } @names if $form eq 'long';

            my $e = ask($mode, [map { $form{$form}->($_) } @names]);

            is("$e->{statuses}|$e->{next}|$e->{left}$e->{rest}|$e->{got}",
               "$mode->{status} 200|app GET /next\n||$decent->{got}",
               "$mode->{name}: $form");
        }
    }
}

# Refused, as a stream or the whole connection, and nobody gets anything; or
# the same as without it.  A length that is wrong may be found out after the
# answer, when nobody has read the body.
sub check_odd {
    my ($mode, $decent, $what, $e, $must) = @_;

    my ($one, $three) = split / /, $e->{statuses};

    like($one, $must ? qr/^(?:400|405|reset|none)$/
                     : qr/^(?:$mode->{status}|4\d\d|501|reset|none)$/,
         "$what: refused, or as usual");

    # what nginx passes to anybody, and what it says of a body that is empty
    $e->{got} =~ s/^(?:x-other: 1|http2-settings: ).*\n//img;
    $e->{got} =~ s/^Content-Length: 0\r\n//m if $mode->{method} eq 'GET';
    $e->{got} =~ s/^(?:transfer_encoding|proxy-connection): .*\n//m
        if $mode->{to} eq 'app';

    ok($e->{got} eq '' || !$must && $e->{got} eq $decent->{got},
       "$what: nothing, or the same") or diag($e->{got});
    is($e->{got} eq '' && $mode->{to} ne '' && $one eq $mode->{status}, '',
       "$what: nobody is told what did not happen");
    is($e->{left} . $e->{rest}, '', "$what: and no more");
    like("$three $e->{next}", qr/\A(?:200 app GET \/next\n|none |reset )\z/,
         "$what: the next is itself");
}

on_block(1 => \&check_forms);
on_block(2 => \&check_forms);

on_block(3 => sub {
    edge_users();

    for my $mode (edge_modes()) {

        my $decent = ask($mode);

        for my $row (@odd) {
            my ($name, @fields) = @$row;
            check_odd($mode, $decent, "$mode->{name}: $name",
                      ask($mode, \@fields));
        }

        for my $row (@wrong) {
            my ($name, @fields) = @$row;
            check_odd($mode, $decent, "$mode->{name}: $name",
                      ask($mode, undef, \@fields), 1);
        }
    }
});

on_block(4 => sub {
    edge_users();

    for my $mode (grep { $_->{method} eq 'POST' } edge_modes()) {

        my $decent = ask($mode);

        for my $name ('x-veriff-state', 'x-hmac-signature', 'x-auth-client',
                      'content-length', ':path', 'X-Veriff-State') {
            check_odd($mode, $decent, "$mode->{name}: $name",
                      ask($mode, undef, undef, [$name => 'VERIFIED']));
        }
    }
});

# Many small cookies are one header, of which nothing leaves.
on_block(5 => sub {
    edge_users();

    for my $mode (edge_modes()) {

        my $decent = ask($mode);
        my $e = ask($mode, [map { ("cookie", "c$_=VERIFIED") } 1 .. 40]);

        # an application gets its own
        $e->{got} =~ s/^Cookie: c1=VERIFIED; .*; c40=VERIFIED\r\n//mi
            if $mode->{to} eq 'app';

        is("$e->{statuses}|$e->{left}|$e->{got}",
           "$mode->{status} 200||$decent->{got}", $mode->{name});
    }
});

run_tests();

__DATA__

=== TEST 1: every form of a name
--- http_config eval: main::http2()
--- timeout: 60



=== TEST 2: every form, and names that nginx would have dropped
--- http_config eval
'underscores_in_headers on; ignore_invalid_headers off;' . main::http2()
--- timeout: 60



=== TEST 3: what a request may not have
--- http_config eval
'underscores_in_headers on; ignore_invalid_headers off;' . main::http2()
--- timeout: 60



=== TEST 4: trailers
--- http_config eval: main::http2()
--- timeout: 60



=== TEST 5: cookies in crumbs
--- http_config eval: main::http2()
--- timeout: 60
