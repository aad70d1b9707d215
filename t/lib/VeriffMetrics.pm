package VeriffMetrics;

# What veriff_metrics tells, for suites on top of VeriffStore.  A block without
# a configuration of its own has its locations, and
#
#   /metrics   veriff_metrics
#   /pass/     a signed location for applications
#
# Counters are called by their name without "veriff_" and "_total", and the
# values of their labels: "sessions kyc created"; "-" is an empty one.

use strict;
use warnings;

use Exporter qw(import);
use Test::More ();
use Test::Nginx::Socket ();
use Time::HiRes ();
use VeriffStore ();
use VeriffTest ();

our @EXPORT = qw(
    metrics_places metrics counted moved reload_nginx reload_broken
);


# ---- configuration ---------------------------------------------------------

sub metrics_places {
    my ($more, $also) = @_;

    return VeriffStore::places(<<'EOF_CONFIG' . ($more // ''), $also);
location = /metrics { veriff_metrics; }

location /pass/ {
    veriff_sign kyc insecure_tls;
    rewrite ^/pass/(.*)$ /$1 break;
    proxy_pass http://127.0.0.1:$TEST_NGINX_SANDBOX_HTTP_PORT;
    proxy_ignore_client_abort on;
    proxy_next_upstream off;
}
EOF_CONFIG
}

sub _workers {
    my ($master) = @_;

    open my $in, '<', "/proc/$master/task/$master/children" or return;
    return split ' ', <$in> // '';
}

sub _configuration {
    my ($text) = @_;

    my $file = $Test::Nginx::Util::ConfFile;

    open my $in, '<:raw', $file or die "$file: $!";
    my $old = do { local $/; <$in> };
    close $in;

    if (defined $text) {
        open my $out, '>:raw', $file or die "$file: $!";
        print $out $text;
        close $out or die "$file: $!";
    }

    return $old;
}

sub _hup {
    open my $in, '<', $Test::Nginx::Util::PidFile or die "pid: $!";
    my ($master) = <$in> =~ /(\d+)/;

    my %old = map { $_ => 1 } _workers($master);

    kill 'HUP', $master or die "kill: $!";

    return ($master, %old);
}

# Changes the text of the configuration, which is $_, and waits until the old
# workers have ended.
sub reload_nginx {
    my ($change) = @_;

    local $_ = _configuration();
    $change->() if $change;
    _configuration($_);

    my ($master, %old) = _hup();

    return VeriffStore::wait_until('the old workers have ended', sub {
        my @now = _workers($master);
        @now && !grep { $old{$_} } @now;
    });
}

# The same with a change that makes nginx unable to listen; the configuration
# becomes what it was.
sub reload_broken {
    my ($change) = @_;

    my $log = $Test::Nginx::Util::ErrLogFile;
    my $failed = sub {
        open my $in, '<', $log or die "$log: $!";
        return scalar grep { /\[emerg\].* still could not bind/ } <$in>;
    };

    my $before = $failed->();

    local $_ = my $good = _configuration();
    $change->();
    _configuration($_);

    _hup();

    VeriffStore::wait_until('the reload has failed',
                            sub { $failed->() > $before });
    _configuration($good);
}


# ---- Prometheus' text format, strictly -------------------------------------

my $name = qr/[a-zA-Z_:][a-zA-Z0-9_:]*/;
my $value = qr/(?:0|[1-9][0-9]*)(?:\.[0-9]+)?/;

sub _labels {
    my ($text) = @_;

    my @labels;

    while ($text =~ /\G([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"
                     (?:,(?=.)|\z)/gcx)
    {
        push @labels, [$1, $2];
    }

    die "labels: $text\n" if (pos($text) // 0) != length $text;

    my %seen;
    $seen{$_->[0]}++ and die "label twice: $text\n" for @labels;

    return @labels;
}

# Returns the samples, in order: [name, type, labels, value]
sub _parse {
    my ($text) = @_;

    my (@samples, %help, %type, %series, $family, %closed);

    die "the last line has no end\n" if $text !~ /\n\z/;

    for my $line (split /\n/, $text, -1) {

        next if $line eq '' && \$line != \$text;

        if ($line =~ /^# HELP ($name) (\S.*)$/) {
            die "HELP twice: $line\n" if $help{$1}++;
            $closed{$family} = 1 if defined $family;
            $family = $1;
            next;
        }

        if ($line =~ /^# TYPE ($name) (counter|gauge|histogram)$/) {
            die "TYPE twice: $line\n" if $type{$1};
            die "TYPE without HELP: $line\n" if $1 ne $family;
            $type{$1} = $2;
            next;
        }

        my ($sample, $labels, $number) =
            $line =~ /^($name)(?:\{([^}]*)\})? ($value)$/
            or die "no sample: $line\n";

        my $of = $sample;
        $of =~ s/_(?:bucket|sum|count)$//
            if ($type{$family} // '') eq 'histogram';

        die "not of $family: $line\n" if $of ne $family || !$type{$of};
        die "series twice: $line\n" if $series{"$sample {"
            . join ',', sort split /,/, $labels // ''}++;
        die "a counter is not called so: $line\n"
            if ($type{$of} eq 'counter') != ($sample =~ /_total$/);
        die "not a whole number: $line\n"
            if $number =~ /\./ && $sample !~ /_sum$/;

        push @samples, [$sample, $type{$of}, [_labels($labels // '')], $number];
    }

    return @samples;
}

sub _histograms {
    my (@samples) = @_;

    my (%last, %count);

    for my $sample (@samples) {
        my ($of, undef, $labels, $number) = @$sample;

        my $key = join ' ', map { "@$_" } grep { $_->[0] ne 'le' } @$labels;
        my ($le) = map { $_->[1] } grep { $_->[0] eq 'le' } @$labels;

        if ($of =~ /_bucket$/) {
            $last{$key} //= [-1, 0];

            my $bound = $le eq '+Inf' ? 9**9**9 : $le;

            die "buckets: $key $le\n"
                if $bound <= $last{$key}[0] || $number < $last{$key}[1];

            $last{$key} = [$bound, $number];

        } elsif ($of =~ /_count$/ && $last{$key}) {
            die "+Inf: $key\n" if $last{$key}[0] != 9**9**9
                                  || $last{$key}[1] != $number;
        }
    }
}

# All that /metrics tells, as a hash; dies if it breaks the format.
sub metrics {
    my $answer = VeriffStore::ask('/metrics');

    die "metrics: $answer->{status} $answer->{content}\n"
        if $answer->{status} != 200;

    my @samples = _parse($answer->{content});

    _histograms(@samples);

    my %metrics;

    for my $sample (@samples) {
        my ($of, undef, $labels, $number) = @$sample;

        $of =~ s/^veriff_// or die "not ours: $of\n";
        $of =~ s/_total$//;

        my $key = join ' ', $of, map { $_->[1] eq '' ? '-' : $_->[1] } @$labels;

        die "twice: $key\n" if exists $metrics{$key};
        $metrics{$key} = $number;
    }

    return \%metrics;
}

sub counted { metrics()->{$_[0]} // 0 }

# Runs the code; then exactly these counters have moved by so much.  Times and
# what the store holds are looked at only if they are named.
sub moved {
    my ($what, $code, %expected) = @_;

    my $before = metrics();

    $code->();

    my %moved;
    my $end = Time::HiRes::time() + 5;

    while (1) {
        my $after = metrics();

        %moved = ();

        for my $key (keys %$after, keys %$before) {
            my $by = ($after->{$key} // 0) - ($before->{$key} // 0);

            next if $by == 0;
            next if !exists $expected{$key}
                    && $key =~ /^(?:api_call_seconds|store)_/;

            $moved{$key} = $by;
        }

        # some of it comes when a request has ended
        last if Time::HiRes::time() > $end
                || join(',', map { "$_=$moved{$_}" } sort keys %moved)
                   eq join(',', map { "$_=$expected{$_}" }
                                sort keys %expected);

        Time::HiRes::sleep(0.02);
    }

    Test::More::is_deeply(\%moved, \%expected, $what)
        or Test::More::diag(Test::More::explain(\%moved));
}


# ---- blocks ----------------------------------------------------------------

Test::Nginx::Util::add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value('config', metrics_places()) if !defined $block->config;
});

1;
