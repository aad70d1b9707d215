package VeriffTricks;

# What a client may not say in a version of HTTP that has fields and streams
# instead of lines, HTTP/2 and 3: in every mode it is refused, or as if it had
# not been said, and the next request is itself.  Used on top of VeriffEdge.
#
# A suite brings one function, ask(mode, case, ...), which asks for each of the
# cases, and after it for /next, on one connection.  A case has
#
#     fields      names and values beside of a decent request's; a sub gets its
#                 body
#     pseudo      what its pseudo-headers become; undef: none
#     trailers    names and values after the body
#     name        of check_cases()
#     must        it is refused by all versions of nginx
#     same        it is as usual
#
# and what comes of it
#
#     statuses    of both, "reset" or "none" if there is no answer
#     next        what the application answered to the second
#     got         what both sides got of the first, by got_of()
#     left, rest  as VeriffEdge says
#
# untrue_values() are those of a webhook's key or signature, over any version.

use strict;
use warnings;

use Exporter qw(import);
use Test::More;
use VeriffEdge;

our @EXPORT = qw(fields_of got_of names_for check_forms check_odd check_trailers
                 check_cookies check_cases untrue_values);

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
    ['a tunnel', ':method' => 'CONNECT'],
    ['an echo', ':method' => 'TRACE'],
    ['no path at all', ':path' => undef],
    ['no method at all', ':method' => undef],
    ['no scheme at all', ':scheme' => undef],
    ['no authority at all', ':authority' => undef],
);


# What becomes of a key or a signature: it is not true any more,
my @untrue = (
    ['a list of it and itself', sub { "$_[0], $_[0]" }],
    ['a list without a space', sub { "$_[0],$_[0]" }],
    ['an empty part before', sub { ",$_[0]" }],
    ['an empty part after', sub { "$_[0]," }],
    ['something before', sub { "x, $_[0]" }],
    ['a parameter', sub { "$_[0];v=1" }],
    ['quotes', sub { qq("$_[0]") }],
    ['a scheme', sub { "sha256=$_[0]" }],
    ['a scheme and a space', sub { "HMAC $_[0]" }],
    ['a tab before', sub { "\t$_[0]" }],
    ['a tab after', sub { "$_[0]\t" }],
    ['a form feed after', sub { "$_[0]\x0c" }],
    ['a control before', sub { "\x01$_[0]" }],
    ['a hard space after', sub { "$_[0]\xc2\xa0" }],
    ['a byte order mark', sub { "\xef\xbb\xbf$_[0]" }],
    ['a byte less', sub { substr $_[0], 1 }],
    ['a byte more', sub { "$_[0]0" }],
    ['7 KB more', sub { $_[0] . '0' x 7000 }],
    ['escaped', sub { '%' . unpack('H2', $_[0]) . substr $_[0], 1 }],
    ['an empty value', sub { '' }],
    ['spaces only', sub { '   ' }],
    ['wide digits', sub { $_[0] =~ s/(\d)/"\xef\xbc" . chr(0x90 + $1)/er }],
);

# or nginx refuses it.
my @refused = (
    ['NUL after', sub { "$_[0]\0" }],
    ['NUL before', sub { "\0$_[0]" }],
    ['folded', sub { substr($_[0], 0, 9) . "\r\n " . substr($_[0], 9) }],
    ['folded at its end', sub { "$_[0]\r\n\t" }],
    ['CR after', sub { "$_[0]\r " }],
    ['over-long', sub { $_[0] . '0' x 9000 }],
);

# Name, a sub for the value, status of a webhook.
sub untrue_values {
    return (map({ [@$_, 401] } @untrue), map({ [@$_, 400] } @refused));
}

# The fields of a request for this mode, those of the case among them; and its
# body.
sub fields_of {
    my ($mode, $case, $scheme) = @_;

    my ($line, $more, $body) = make_of($mode);
    my ($method, $uri) = split / /, $line;

    my $beside = $case->{fields} // [];
    $beside = [$beside->($body)] if ref $beside eq 'CODE';

    my %pseudo = (':method' => $method, ':path' => $uri, ':scheme' => $scheme,
                  ':authority' => 'localhost', @{ $case->{pseudo} // [] });

    my @fields = ((map { $_ => $pseudo{$_} }
                       grep { defined $pseudo{$_} } sort keys %pseudo),
                  map({ my ($name, $value) = split /: */, $_, 2;
                        lc($name) => $value } @$more),
                  @$beside);

    return (\@fields, $body);
}

# What an application and the provider got, in one text.
sub got_of {
    my ($app, $provider) = @_;

    return join "\n", map({ 'app: ' . plain($_) } @$app),
                      map({ 'provider: ' . plain($_) } @$provider);
}

sub names_for {
    my ($mode) = @_;

    return $mode->{to} eq 'provider'        ? (@ours, @providers, @clients)
           : $mode->{uri} =~ /hook|report/  ? @ours
           : $mode->{to} eq 'app'           ? @ours
                                            : (@ours, @providers);
}

# Every form of every name: the same as without it.
sub check_forms {
    my ($ask) = @_;

    edge_users();

    for my $mode (edge_modes()) {

        my @names = names_for($mode);
        my @forms = sort keys %form;
        my @cases = map {
            my $form = $_;
            my @of = @names;

            @of = grep { $_ !~ $once } @of if $form =~ /once\)/;
            @of = grep { /^x-/ } @of if $form eq 'long';

            { fields => [map { $form{$form}->($_) } @of] }
        } @forms;

        my ($decent, @e) = $ask->($mode, {}, @cases);

        is($decent->{statuses}, "$mode->{status} 200",
           "$mode->{name}: as it should be");
        is($decent->{got} =~ /^(\w+): / && $1, $mode->{to},
           "$mode->{name}: who");

        for my $k (0 .. $#forms) {
            my $e = $e[$k];

            is("$e->{statuses}|$e->{next}|$e->{left}$e->{rest}|$e->{got}",
               "$mode->{status} 200|app GET /next\n||$decent->{got}",
               "$mode->{name}: $forms[$k]");
        }
    }
}

# Refused, as a stream or the whole connection, and nobody gets anything; or
# the same as without it.  A length that is wrong may be found out after the
# answer, when nobody has read the body.
sub _check {
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

# Cases with a name each, of one mode.
sub check_cases {
    my ($ask, $mode, @cases) = @_;

    my ($decent, @e) = $ask->($mode, {}, @cases);

    is($decent->{statuses}, "$mode->{status} 200",
       "$mode->{name}: as it should be");

    for my $k (0 .. $#cases) {
        my ($case, $e) = ($cases[$k], $e[$k]);
        my $what = "$mode->{name}: $case->{name}";

        is("$e->{statuses}|$e->{got}", "$decent->{statuses}|$decent->{got}",
           "$what: as usual") if $case->{same};
        _check($mode, $decent, $what, $e, $case->{must});
    }
}

sub check_odd {
    my ($ask) = @_;

    edge_users();

    my @cases = (map({ my ($name, @fields) = @$_;
                       { name => $name, fields => \@fields } } @odd),
                 map({ my ($name, @fields) = @$_;
                       { name => $name, pseudo => \@fields, must => 1 } }
                     @wrong));

    check_cases($ask, $_, @cases) for edge_modes();
}

sub check_trailers {
    my ($ask) = @_;

    edge_users();

    my @cases = map { { name => $_, trailers => [$_ => 'VERIFIED'] } }
        'x-veriff-state', 'x-hmac-signature', 'x-auth-client',
        'content-length', ':path', 'X-Veriff-State';

    check_cases($ask, $_, @cases)
        for grep { $_->{method} eq 'POST' } edge_modes();
}

# Many small cookies are one header, of which nothing leaves.
sub check_cookies {
    my ($ask) = @_;

    edge_users();

    for my $mode (edge_modes()) {

        my $crumbs = [map { ('cookie', "c$_=VERIFIED") } 1 .. 40];
        my ($decent, $e) = $ask->($mode, {}, { fields => $crumbs });

        # an application gets its own
        $e->{got} =~ s/^Cookie: c1=VERIFIED; .*; c40=VERIFIED\r\n//mi
            if $mode->{to} eq 'app';

        is("$e->{statuses}|$e->{left}|$e->{got}",
           "$mode->{status} 200||$decent->{got}", $mode->{name});
    }
}

1;
