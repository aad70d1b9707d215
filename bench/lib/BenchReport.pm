package BenchReport;

# The tables of bench/README.md, made of what bench/run has measured.

use strict;
use warnings;

use Bench;
use List::Util qw(first max min);
use POSIX ();

my %bytes = ('1.5 KB' => 1536, '4 KB' => 4096, '64 KB' => 65_536);
my @labels = ('1.5 KB', '4 KB', '64 KB');

my ($r, %o);

sub _number {
    my ($n) = @_;

    return '–' if !defined $n;

    my $text = abs($n) >= 100 ? sprintf('%.0f', $n)
               : abs($n) >= 10 ? sprintf('%.1f', $n) : sprintf('%.2f', $n);

    1 while $text =~ s/^(-?\d+)(\d{3})/$1 $2/;

    return $text;
}

sub _spread {
    my @values = @_;

    return '–' if !@values;

    return sprintf '%s (%s to %s)', map { _number($_) } median(@values),
                                                        spread(@values);
}

# What three of four are not more than.
sub _quartile {
    my @sorted = sort { $a <=> $b } @_;

    return $sorted[3 * $#sorted / 4];
}

sub _list { map { $_->{$_[2]} } @{ $r->{$_[0]}{$_[1]} // [] } }

# What one costs more than plain, in each round.
sub _added {
    my ($what, $name, $field) = @_;

    my @plain = _list($what, 'plain', $field // 'cpu');
    my @with = _list($what, $name, $field // 'cpu');

    return map { $with[$_] - $plain[$_] } 0 .. min($#plain, $#with);
}

sub _ratios {
    my ($what, $name, $to) = @_;

    my @one = _added($what, $name);
    my @other = _added($what, $to // 'module');

    return map { $one[$_] / max($other[$_], 0.01) }
           0 .. min($#one, $#other);
}

sub _table {
    my ($head, @rows) = @_;

    return '' if !@rows;

    return join('', map { '| ' . join(' | ', @$_) . " |\n" }
                        $head, [ map { '---' } @$head ], @rows) . "\n";
}

# What is missed may have something to be held against.
sub _met {
    my ($met, $note, @figures) = @_;

    return '–' if !defined $met;
    return 'met' if $met;

    return '**missed**'
           . ($note ? '; ' . sprintf($note, map { _number($_) } @figures) : '');
}


# ---- the targets -----------------------------------------------------------

sub _hook_targets {
    my @rows;

    for my $label (grep { $r->{"webhook $_"} } @labels) {
        my $what = "webhook $label";
        my $hmac = median(@{ $r->{hmac}{$bytes{$label}} });
        my $limit = 1.3 * $hmac + 1.5;
        my @added = _added($what, 'module');

        push @rows, [ "webhook check, $label: added CPU",
                      sprintf('≤ 1.3 × HMAC + 1.5 µs = %s µs',
                              _number($limit)),
                      _spread(@added) . ' µs', _met(median(@added) <= $limit) ];

        for my $name ('njs', 'Lua') {
            my @ratios = _ratios($what, $name);
            my $times = $label eq '64 KB' ? 1 : 4;
            my $most = median(_added($what, $name)) / $hmac;

            push @rows, [ "webhook check, $label: $name adds",
                          $times == 1 ? 'more' : "≥ $times × as much",
                          _spread(@ratios) . ' ×',
                          _met(median(@ratios) >= $times,
                               'an HMAC and nothing else: %s ×', $most) ];
        }
    }

    return @rows;
}

sub _recorded_target {
    return if !$r->{recorded};

    my $limit = median(@{ $r->{jansson}{1536} }) + 6;
    my @added = _added('recorded', 'store');

    return [ 'webhook of 1.5 KB with state recorded: added CPU of the loop',
             sprintf('≤ one jansson parse + 6 µs = %s µs', _number($limit)),
             _spread(@added) . ' µs',
             _met(median(@added) <= $limit,
                  'by the libraries alone one HMAC, one parse and three '
                  . 'look-ups: %s µs', _libraries()) ];
}

# After other work, as all of a server's work is.
sub _libraries {
    return median(@{ $r->{hmac}{1536} }) + median(@{ $r->{cold}{1536} })
           + 3 * $r->{lookup}[1];
}

sub _gate_targets {
    return if !$r->{gate};

    my @added = _added('gate', 'module');
    my $lookup = $r->{lookup}[1];
    my @rows = [ "gate, verified user, $o{users} users stored: added CPU",
                 '≤ 2 µs', _spread(@added) . ' µs',
                 _met(median(@added) <= 2, 'one look-up by LMDB alone: %s µs',
                      $lookup) ];

    for my $name ('auth_request', 'auth_request, answered with a body') {
        my @ratios = _ratios('gate', $name);
        my $most = median(_added('gate', $name)) / $lookup;

        push @rows, [ "gate: $name, adds", '≥ 8 × as much',
                      _spread(@ratios) . ' ×',
                      _met(median(@ratios) >= 8,
                           'a look-up by LMDB and nothing else: %s ×',
                           $most) ];
    }

    return @rows;
}

sub _upload_target {
    return if !$r->{upload};

    my $limit = 1.1 * median(@{ $r->{hmac}{24 * 1024 * 1024} });
    my @added = _added('upload', 'module');

    return [ 'signing an upload of 24 MB: added CPU',
             sprintf('≤ 1.1 × HMAC = %s µs', _number($limit)),
             _spread(@added) . ' µs', _met(median(@added) <= $limit) ];
}

# Within the noise: no worse than three of four rounds without.
sub _durable_targets {
    return if !$r->{durable};

    my @rows;

    for my $field ('median', 'p99') {
        my @alone = _list('durable', 'alone', $field);
        my @recorded = _list('durable', 'recorded', $field);

        push @rows, [ "unrelated requests beside 200 durable writes/s: $field",
                      sprintf('as without: %s µs; three of four ≤ %s',
                              _spread(@alone), _number(_quartile(@alone))),
                      _spread(@recorded) . ' µs',
                      _met(median(@recorded) <= _quartile(@alone),
                           'beside a process that writes as much: %s µs',
                           median(_list('durable', 'apart', $field))) ];
    }

    return @rows;
}

sub _rest_targets {
    my @rows;
    my $size = $r->{growth}{$o{users}}{bytes};

    push @rows, [ 'one approved user at rest, both indexes', '≤ 384 bytes',
                  _number($size) . ' bytes', _met($size <= 384) ]
        if $size;

    if (my @flat = @{ $r->{flat} // [] }) {
        my $warm = first { $_->{requests} >= 50_000 } @flat;
        my $grown = $flat[-1]{own} - $warm->{own};

        push @rows, [ "memory of the worker over $flat[-1]{requests} requests",
                      'flat', "$warm->{own} KiB, then $flat[-1]{own} KiB",
                      _met($grown <= 64) ];
    }

    return @rows;
}

sub _targets {
    return _table([ 'what', 'target', 'reached', '' ],
                  _hook_targets(), _recorded_target(), _gate_targets(),
                  _upload_target(), _durable_targets(), _rest_targets());
}


# ---- what stands behind them -----------------------------------------------

# The kernel's part of waking the application is in the worker's time, so
# how often it was woken for one request stands beside it.
sub _all_of {
    my ($title, $what, @names) = @_;

    return '' if !$r->{$what};

    my $loaded = $r->{"$what, loaded"} && "$what, loaded";

    my @columns = ([ 'CPU of the worker, µs per request', $what, 'cpu' ],
                   [ 'added, µs' ],
                   [ 'wakes', $what, 'wakes' ],
                   $loaded ? ([ 'loaded: CPU, µs', $loaded, 'cpu' ],
                              [ 'wakes', $loaded, 'wakes' ]) : (),
                   [ 'requests/s', $loaded || $what, 'rate' ],
                   [ 'p99, µs', $loaded || $what, 'p99' ]);

    return "**$title**\n\n"
        . _table([ '', map { $_->[0] } @columns ],
                 map { my $name = $_;
                       [ $name, map { _cell($what, $name, @$_) } @columns ]
                     } @names);
}

sub _cell {
    my ($what, $name, $head, $of, $field) = @_;

    return $name eq 'plain' ? '' : _spread(_added($what, $name)) if !$of;

    my @list = _list($of, $name, $field);

    return $field eq 'cpu' ? _spread(@list) : _number(median(@list));
}

sub _yardsticks {
    my @rows;

    for my $size (sort { $a <=> $b } keys %{ $r->{hmac} // {} }) {
        push @rows, [ $size, _spread(@{ $r->{hmac}{$size} }),
                      _spread(@{ $r->{jansson}{$size} // [] }),
                      _spread(@{ $r->{cold}{$size} // [] }) ];
    }

    return "**Yardsticks**, µs\n\n"
           . _table([ 'bytes', 'one HMAC-SHA256', 'one jansson parse',
                      'the same after other work' ],
                    @rows);
}

sub _growth {
    my $growth = $r->{growth} or return '';

    return '' if !$r->{growth_runs};

    my @rows = map {
        my $is = $growth->{$_};

        [ $_, _number($is->{bytes}), _number($is->{start} * 1000),
          _spread(_added('growth_runs', $_)),
          _number($is->{own}), _number($is->{files}) ]
    } grep { /^\d+$/ } sort { $a <=> $b } grep { /^\d+$/ } keys %$growth;

    return "**Users**\n\n"
        . _table([ 'users', 'bytes each', 'start, ms', 'gate adds, µs',
                   'memory of a worker, KiB', 'pages of the store, KiB' ],
                 @rows);
}

sub _connections {
    my @rows;

    for my $n (1, 10, 100, 1000) {
        my $what = "$n connections";

        next if !$r->{$what};

        push @rows, [ $n, map { my $name = $_;
                                map { _number(median(_list($what, $name, $_))) }
                                    qw(cpu rate p99) } qw(plain module) ];
    }

    return '' if !@rows;

    return "**Connections** of clients, plain and gated\n\n"
        . _table([ 'connections', 'plain: CPU, µs', 'requests/s', 'p99, µs',
                   'gated: CPU, µs', 'requests/s', 'p99, µs' ], @rows);
}

sub _durable {
    return '' if !$r->{durable};

    my @names = ([ 'alone', 'alone' ],
                 [ 'recorded', '200 webhooks/s that are recorded' ],
                 [ 'apart', '200 webhooks/s that are not, and a process '
                            . 'that writes as much' ]);

    return "**Unrelated requests**, and what is beside them\n\n"
        . _table([ '', 'median, µs', 'p99, µs', 'waits for a page',
                   'webhooks/s' ],
                 map { my ($name, $what) = @$_;
                       [ $what,
                         (map { _spread(_list('durable', $name, $_)) }
                              qw(median p99 faults)),
                         _number(median(_list('durable', $name, 'hooks'))) ]
                     } @names);
}

sub _threads {
    return '' if !$r->{recorded};

    return sprintf "A webhook that is recorded costs the worker's thread pool "
                   . "%s µs more, beside the loop: LMDB, and the disk's part "
                   . "of the kernel.\n\n",
                   _spread(_list('recorded', 'store', 'threads'));
}


# What of it is not the store's.
sub _parts {
    return '' if !$r->{recorded};

    return "*read* is the same webhooks checked and parsed, by a module "
           . "without a store: what is more is the user's state.\n\n";
}

# What a gate cannot be faster than.
sub _lookup {
    return '' if !$r->{lookup};

    return sprintf "One look-up of a random user in this store by LMDB alone, "
                   . "in a loop that does nothing else, takes %s µs; %s µs "
                   . "when other work has had the caches in between, as in a "
                   . "server.\n\n", map { _number($_) } @{ $r->{lookup} };
}


# What a look-up at a random place cannot be faster than.
sub _memory {
    return '' if !$r->{memory};

    return sprintf "A read at a random place of as much memory as the store "
                   . "has takes %s ns on this machine, each of which waits for "
                   . "the one before.\n\n", _number($r->{memory});
}


# ---- the machine -----------------------------------------------------------

sub _version {
    my (@command) = @_;

    my $text = `@command 2>&1` // '';

    return $text =~ /(\d+\.\d+[\w.]*)/ ? $1 : '?';
}

sub _package {
    my ($name) = @_;

    my $version = `dpkg-query -W -f '\${Version}' $name 2>/dev/null` || '?';

    return "$name $version";
}

sub _machine {
    my $info = slurp('/proc/cpuinfo');
    my ($model) = $info =~ /^model name\s*:\s*(.+)/m;
    my $cpus = () = $info =~ /^processor\s*:/mg;
    my ($kernel) = (POSIX::uname())[2];
    my ($kib) = slurp('/proc/meminfo') =~ /^MemTotal:\s+(\d+)/m;

    return sprintf "%s: %d CPUs (%s%s), %.0f GB; Linux %s, TCP %s%s; "
                   . "nginx %s, OpenSSL %s; %s.\n%d rounds of %d s each, %d of "
                   . "what is loaded; a figure is the median, in brackets "
                   . "least to most.\n\n",
                   POSIX::strftime('%Y-%m-%d', gmtime), $cpus,
                   $model // 'unknown',
                   $info =~ /\bsha_ni\b/ ? ', SHA in hardware' : '',
                   $kib / 1024 / 1024, $kernel, Bench::congestion(),
                   Bench::is_awake() ? ', idle CPUs kept awake' : '',
                   _version($Bench::nginx, '-v'),
                   _version('openssl', 'version'),
                   join(', ', map { _package($_) } qw(
                       libjansson4 liblmdb0 libnginx-mod-http-js
                       libnginx-mod-http-lua lua-luaossl wrk)),
                   $o{rounds}, $o{seconds}, $o{loaded};
}


# ---- all of it -------------------------------------------------------------

sub make {
    ($r, %o) = @_;

    my @hook = ('plain', 'module', 'njs', 'Lua', 'module, JSON read',
                'njs, JSON read', 'Lua, JSON read');

    return join '', _machine(), _targets(),
        (map { _all_of("Webhook of $_", "webhook $_", @hook) } @labels),
        _all_of('Webhook of 1.5 KB, recorded', 'recorded', 'plain', 'read',
                'store'),
        _parts(),
        _threads(),
        _all_of('Gate', 'gate', 'plain', 'plain, three headers more',
                'module', 'module, 10 000 of them active', 'auth_request',
                'auth_request, answered with a body'),
        _lookup(), _memory(),
        _all_of('Session created', 'session', 'plain', 'module'),
        _all_of('Upload of 24 MB', 'upload', 'plain', 'module'),
        _durable(),
        _yardsticks(), _growth(), _connections();
}

# Between the two markers.
sub write_readme {
    my ($report) = @_;

    my $name = here() . '/README.md';
    my $text = slurp($name);

    $text =~ s/(<!-- measured -->\n).*(<!-- end of it -->)/$1\n$report$2/s
        or die "$name has no markers\n";

    open my $out, '>:raw', $name or die "$name: $!";
    print $out $text;
    close $out or die "$name: $!";
}

1;
