# Names that only the module, or the provider, may say, in every form a client
# can give them and in every mode: the other side gets the same bytes as
# without them, and the next request on the connection is answered as itself.

use lib 't/lib';
use VeriffTest;
use VeriffEdge;
use Test::More;

my $next = request('GET /next', ['Connection: close']);

my @ours = qw(X-Veriff-State X-Veriff-Session X-Veriff-Decided
              X-Veriff-Webhook X-Veriff-User X-Veriff-Anything);

my @providers = qw(X-AUTH-CLIENT X-HMAC-SIGNATURE X-SIGNATURE VRF-AUTH-CLIENT
                   VRF-HMAC-SIGNATURE vrf-integration-id);

my @clients = qw(Cookie Authorization Proxy-Authorization Accept-Encoding Range
                 If-Range If-Match If-None-Match If-Modified-Since
                 If-Unmodified-Since Upgrade Keep-Alive Proxy-Connection
                 X-HTTP-Method-Override X-HTTP-Method X-Method-Override
                 X-Original-URL X-Rewrite-URL);

# in which the header is one that nginx knows, and may come only once
my $once = qr/^((?:Proxy-)?Authorization|If-(?:Un)?[Mm]odified-Since|Range
                |If-Range|Upgrade|If-Match|If-None-Match)$/x;

# What becomes of a name; "once": not for those that nginx itself refuses twice.
my %form = (
    'once'         => sub { "$_[0]: VERIFIED" },
    'small'        => sub { lc($_[0]) . ': VERIFIED' },
    'capitals'     => sub { uc($_[0]) . ':VERIFIED' },
    'mixed'        => sub { lc($_[0]) =~ s/(.)(.)/$1\u$2/gr . ': VERIFIED' },
    'twice (once)' => sub { ("$_[0]: VERIFIED") x 2 },
    'empty'        => sub { "$_[0]:" },
    'then empty (once)' => sub { ("$_[0]: VERIFIED", "$_[0]:") },
    'list'         => sub { "$_[0]: x, VERIFIED,,VERIFIED" },
    'tabs'         => sub { "$_[0]:\tVERIFIED\t" },
    'spaces'       => sub { "$_[0]:   VERIFIED   " },
    'control'      => sub { "$_[0]: \x01VERIFIED\x7f\x0b" },
    'high bytes'   => sub { "$_[0]: \xff\xc0VERIFIED" },
    'underscores'  => sub { $_[0] =~ tr/-/_/r . ': VERIFIED' },
    'an underscore' => sub { $_[0] =~ s/-/_/r . ': VERIFIED' },
    'dots'         => sub { $_[0] =~ tr/-/./r . ': VERIFIED' },
    'other bytes'  => sub { $_[0] =~ s/-/\xad/gr . ': VERIFIED' },
    'all of them (once)' => sub {
        ("$_[0]: VERIFIED", $_[0] =~ tr/-/_/r . ': VERIFIED',
         $_[0] =~ s/-/!/gr . ':', "$_[0]: VERIFIED")
    },
    'a line feed alone' => sub { "X-Other: 1\n$_[0]: VERIFIED" },
    'among many'   => sub { map({ "X-Filler-$_: 1" } 1 .. 30),
                            "$_[0]: VERIFIED" },
);

# nginx refuses these, with 400
my %bad = (
    'space before the colon' => sub { "$_[0] : VERIFIED" },
    'tab before the colon'   => sub { "$_[0]\t: VERIFIED" },
    'a folded name'          => sub { "X-Other: 1\r\n $_[0]: VERIFIED" },
    'a folded name, tab'     => sub { "X-Other: 1\r\n\t$_[0]: VERIFIED" },
    'a folded value'         => sub { "$_[0]:\r\n VERIFIED" },
    'a value on two lines'   => sub { "$_[0]: VERI\r\n FIED" },
    'NUL in the name'        => sub { "$_[0]\0: VERIFIED" },
    'NUL in the value'       => sub { "$_[0]: VERI\0FIED" },
    'CR in the value'        => sub { "X-Other: 1\r$_[0]: VERIFIED" },
    'control in the name'    => sub { "\x01$_[0]: VERIFIED" },
    'DEL in the name'        => sub { "$_[0]\x7f: VERIFIED" },
    'no name'                => sub { ": VERIFIED", "$_[0]: VERIFIED" },
    'over-long'              => sub { "$_[0]: " . 'V' x 8192 },
    'over-long name'         => sub { "$_[0]-" . 'V' x 8192 . ': 1' },
    'over-long in all'       => sub { map({ "$_[0]-$_: " . 'V' x 8000 }
                                          1 .. 5) },
);

my %decent;     # by mode: what the other side gets without any of it

sub ask {
    my ($mode, @lines) = @_;

    my ($line, $more, $body) = make_of($mode);

    # bodies without one
    my @length = $body eq '' ? () : 'Content-Length: ' . length $body;

    return exchange(request($line, [@$more, @lines, @length], $body) . $next);
}

sub seen {
    my ($e) = @_;

    my @app = @{ $e->{app} };

    # the next one, as itself
    @app && $app[-1]{line} eq 'GET /next HTTP/1.1' && pop @app or return 'lost';

    my $text = join "\n", map({ "app: " . plain($_) } @app),
                          map({ "provider: " . plain($_) }
                              @{ $e->{provider} });

    # what the forms bring beside of the name
    $text =~ s/^X-(?:Other|Filler-\d+): 1\r\n//mg;

    return $text;
}

# The names that must not come through in this mode.
sub names_for {
    my ($mode) = @_;

    return $mode->{to} eq 'provider'        ? (@ours, @providers, @clients)
           : $mode->{uri} =~ /hook|report/  ? @ours
           : $mode->{to} eq 'app'           ? @ours
                                            : (@ours, @providers);
}

sub check_all {
    my ($forms) = @_;

    for my $mode (edge_modes()) {

        my $decent = ask($mode);
        my $what = $mode->{name};
        my $seen = seen($decent);

        is(statuses($decent), "$mode->{status} 200", "$what: as it should be");
        is($seen =~ /^(\w+): / && $1, $mode->{to}, "$what: who");

        for my $form (sort keys %$forms) {

            my @names = names_for($mode);
            @names = grep { $_ !~ $once } @names if $form =~ /once\)/;

            my $e = ask($mode, map { $forms->{$form}->($_) } @names);

            is(statuses($e) . "|$e->{rest}$e->{left}|" . seen($e),
               "$mode->{status} 200||$seen", "$what: $form");
        }
    }
}

on_block(1 => sub { edge_users(); check_all(\%form) });
on_block(2 => sub { edge_users(); check_all(\%form) });

on_block(3 => sub {
    edge_users();

    for my $mode (edge_modes()) {
        for my $form (sort keys %bad) {
            for my $name ('X-Veriff-State', 'X-HMAC-SIGNATURE', 'Cookie') {

                my $e = ask($mode, $bad{$form}->($name));
                my @seen = map { $_->{line} } @{ $e->{app} },
                                              @{ $e->{provider} };

                is(statuses($e) . "|$e->{rest}$e->{left}|@seen", '400||',
                   "$mode->{name}: $name: $form: refused, and no more");
            }
        }
    }
});

# As long as they may be.
on_block(4 => sub {
    edge_users();

    for my $mode (edge_modes()) {

        my $seen = seen(ask($mode));

        for my $name ('X-Veriff-State', $mode->{to} eq 'provider'
                                        ? 'X-HMAC-SIGNATURE' : ()) {

            # the line and its end fill a buffer of 8k; three of them
            my $value = 'V' x (8192 - length("$name: \r\n") - 1);
            my $e = ask($mode, ("$name: $value") x 3);

            is(statuses($e) . "|$e->{rest}$e->{left}|" . seen($e),
               "$mode->{status} 200||$seen", "$mode->{name}: $name");
        }
    }
});

# What the other side may take for the framing, under names that nginx does not
# know.
on_block(5 => sub {
    edge_users();

    for my $mode (grep { $_->{to} eq 'provider' } edge_modes()) {

        my $seen = seen(ask($mode));

        for my $line ('Transfer_Encoding: chunked',
                      'Transfer.Encoding: chunked', 'Content_Length: 3',
                      "Content\xadLength: 0", 'Proxy_Connection: close', 'Keep_Alive: 1') {

            my $e = ask($mode, $line, $line);

            is(statuses($e) . "|$e->{rest}$e->{left}|" . seen($e),
               "$mode->{status} 200||$seen", "$mode->{name}: $line");
        }
    }
});

run_tests();

__DATA__

=== TEST 1: every form
--- timeout: 60



=== TEST 2: every form, and names that nginx would have dropped
--- http_config
underscores_in_headers  on;
ignore_invalid_headers  off;
--- timeout: 60



=== TEST 3: forms that are refused
--- http_config
underscores_in_headers  on;
ignore_invalid_headers  off;
--- timeout: 60



=== TEST 4: as long as a header may be
--- timeout: 60



=== TEST 5: names of the framing, misspelled
--- http_config
underscores_in_headers  on;
ignore_invalid_headers  off;
--- timeout: 60
