package Bench;

# What the measurements share: an application, any number of nginx with one
# worker each, wrk, the CPU time of workers, and the end of all of it,
# whatever happens.  NGINX and MODULE say what is measured, BENCH_DIR where
# it may write.

use strict;
use warnings;

use Cwd ();
use Exporter qw(import);
use File::Basename ();
use IO::Socket::INET ();
use List::Util qw(min max sum);
use POSIX ();
use Time::HiRes qw(sleep time);

our @EXPORT = qw(
    own_network awake here scratch put slurp build run_tool
    start_app start_nginx stop_nginx running worker_of port_of
    cpu_of threads_of faults_of memory_of
    start_tool end_tool
    wrk start_wrk end_wrk get
    median spread
);

my $here = Cwd::realpath(File::Basename::dirname(__FILE__) . '/..');
my $root = Cwd::realpath("$here/..");
my $owner = $$;

our $nginx = $ENV{NGINX} || '/usr/sbin/nginx';
our $module = $ENV{MODULE} || "$root/build/dist/ngx_http_veriff_module.so";

# nginx would take it for sockets that it inherits
delete $ENV{NGINX};

# glibc gives the free end of a heap back to the kernel, and takes it anew, in
# each request or never, as the heap of an nginx happens to lie
$ENV{MALLOC_TRIM_THRESHOLD_} = 1 << 28;
$ENV{MALLOC_MMAP_THRESHOLD_} = 1 << 25;

our $api_key = '8e4f7a10-3c52-4d8b-9f61-52a0c7d1e9b3';
our $secret = 'abcdef12-abcd-abcd-abcd-abcdef012345';

my $dir = $ENV{BENCH_DIR} || "$root/build/bench";
my @cpus = _cpus();
my %nginx;                          # name => { pid, port }
my %child;                          # other processes
my ($app, $app_port);
my $latency;                        # held open: what idle CPUs may take to wake

END {
    if ($$ == $owner) {
        local $?;
        stop_nginx($_) for keys %nginx;
        for my $pid (keys %child) {
            kill 'TERM', $pid;
            waitpid $pid, 0;
        }
    }
}

$SIG{PIPE} = 'IGNORE';
$SIG{INT} = $SIG{TERM} = sub { exit 1 };
$| = 1;


# ---- files -----------------------------------------------------------------

sub here { $here }
sub scratch { $dir }

sub put {
    my ($name, $text) = @_;

    open my $out, '>:raw', "$dir/$name" or die "$dir/$name: $!";
    print $out $text;
    close $out or die "$dir/$name: $!";

    return "$dir/$name";
}

sub slurp {
    my ($name) = @_;

    open my $in, '<:raw', $name or return '';
    local $/;
    return scalar <$in> // '';
}

# Compiles bench/NAME.c and what it needs, returns the file.
sub build {
    my ($name, @more) = @_;

    system($ENV{CC} || 'cc', '-std=gnu11', '-O2', '-Wall', '-Wextra',
           '-o', "$dir/$name.bin", "$here/$name.c", @more) == 0
        or die "$name.c does not compile\n";

    return "$dir/$name.bin";
}

# What a program prints.
sub run_tool {
    my ($cpu, @command) = @_;

    open my $out, '-|', _on($cpu, @command) or die "$command[0]: $!";
    local $/;
    my $text = <$out> // '';
    close $out or die "$command[0] has failed\n";

    return $text;
}


# The same beside other things, till its end.
sub start_tool {
    my ($cpu, @command) = @_;

    my $pid = open(my $out, '-|', _on($cpu, @command))
        or die "$command[0]: $!";

    $child{$pid} = $out;

    return $pid;
}

sub end_tool {
    my ($pid) = @_;

    close delete $child{$pid} or die "a tool has failed\n";
}


# ---- where it runs ---------------------------------------------------------

my $congestion = '/proc/sys/net/ipv4/tcp_congestion_control';

# Runs the program anew in a network of its own, if it may.  What paces (bbr)
# has timers, which send what wrk sends, and go off where an acknowledgement
# armed them: on the worker's CPU, in the worker's time, the more of them the
# longer a request takes.
sub own_network {
    my $network = readlink('/proc/self/ns/net') // '';

    if (!$ENV{BENCH_NETWORK}) {
        $ENV{BENCH_NETWORK} = $network;

        if (system('unshare -n true 2> /dev/null') == 0) {
            exec 'unshare', '-n', 'sh', '-c',
                 'ip link set lo up && exec "$@"', 'sh', $^X, $0, @ARGV
                or die "unshare: $!";
        }
    }

    # never in one that others use
    return if $ENV{BENCH_NETWORK} eq $network;

    # the one that every kernel has, and does not pace
    if (open my $out, '>', $congestion) {
        print $out 'reno';
        close $out;
    }
}

# Keeps idle CPUs from sleeping, if it may, till the end.  On a CPU that sleeps
# the kernel has to wake whoever is sent something, in the sender's time: the
# slower an nginx is, the longer wrk and the application sleep.
sub awake {
    open $latency, '+<', '/dev/cpu_dma_latency' or return;
    syswrite $latency, pack('l', 0);
}

sub is_awake { return $latency && defined fileno $latency }

sub congestion { return slurp($congestion) =~ s/\s+\z//r || '?' }

# Those that this process may use.
sub _cpus {
    my ($list) = slurp('/proc/self/status') =~ /^Cpus_allowed_list:\s*(\S+)/m;

    return map { /(\d+)-(\d+)/ ? ($1 .. $2) : $_ } split /,/, $list;
}

# The worker has one for itself, everybody else shares another.
sub _on {
    my ($cpu, @command) = @_;

    return @command if @cpus < 2;

    return ('taskset', '-c', $cpu eq 'worker' ? $cpus[0] : $cpus[1],
            @command);
}

sub _mask {
    return '' if @cpus < 2;

    return 'worker_cpu_affinity ' . ('1' . '0' x $cpus[0]) . ';';
}


# ---- processes -------------------------------------------------------------

sub _wait_until {
    my ($what, $true) = @_;

    my $end = time() + 60;

    while (time() < $end) {
        return if $true->();
        sleep 0.001;
    }

    die "waited in vain: $what\n";
}

sub running {
    my ($pid) = @_;

    return -d "/proc/$pid" && slurp("/proc/$pid/stat") !~ /\) Z /;
}

sub start_app {
    my ($binary) = @_;

    $app = open(my $out, '-|', _on('rest', $binary, $secret))
        or die "$binary: $!";

    $child{$app} = $out;
    ($app_port) = (<$out> // '') =~ /^(\d+)/ or die "no application\n";
}

sub _free_port {
    my $free = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1)
        or die "listen: $!";

    return $free->sockport;
}

# An nginx of its own with one worker; returns the seconds until it answers.
# Options: modules, http, server (in these, DIR is what it may write to).
sub start_nginx {
    my ($name, %o) = @_;

    my $port = _free_port();
    my $own = "$dir/$name";
    my $load = join '', map { "load_module $_;\n" } @{ $o{modules} // [] };
    my $mask = _mask();
    my $user = $> == 0 ? "user root;" : "";
    my ($http, $server) = map { ($_ // '') =~ s/\bDIR\b/$own/gr }
                              @o{qw(http server)};

    mkdir $own;
    chmod 0755, $own;
    put("$name/error.log", '');
    put("$name/nginx.conf", <<"END");
$load
$user
daemon off;
worker_processes 1;
$mask
worker_rlimit_nofile 16384;
pid $own/nginx.pid;
error_log $own/error.log notice;
events { worker_connections 8192; }
http {
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_timeout 600s;
    keepalive_requests 1000000000;
    client_body_buffer_size 128k;
    client_max_body_size 32m;
    client_body_temp_path $own/body;
    proxy_temp_path $own/proxy;
    fastcgi_temp_path $own/fastcgi;
    uwsgi_temp_path $own/uwsgi;
    scgi_temp_path $own/scgi;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    upstream app {
        server 127.0.0.1:$app_port;
        keepalive 2000;
        keepalive_requests 1000000000;
        keepalive_timeout 600s;
    }
$http
    server {
        listen 127.0.0.1:$port backlog=4096;
        location = /ready { return 204; }
$server
    }
}
END

    my $begin = time();
    my $pid = fork() // die "fork: $!";

    if ($pid == 0) {
        open STDERR, '>>', "$own/stderr";
        exec $nginx, '-p', "$own/", '-e', "$own/error.log",
             '-c', "$own/nginx.conf" or POSIX::_exit(127);
    }

    $nginx{$name} = { pid => $pid, port => $port };

    _wait_until($name, sub {
        running($pid) or die "$name has ended:\n", slurp("$own/error.log");
        return get($name, '/ready') == 204;
    });

    return time() - $begin;
}

sub stop_nginx {
    my ($name) = @_;

    my $n = delete $nginx{$name} or return;

    kill 'QUIT', $n->{pid};
    waitpid $n->{pid}, 0;

    # what should never be there
    print "$name: $_\n" for grep { /\[(?:alert|crit|emerg)\]/ }
                                 split /\n/, slurp("$dir/$name/error.log");
}

sub port_of { $nginx{$_[0]}{port} }

sub worker_of {
    my ($name) = @_;

    my $pid = $nginx{$name}{pid};

    return $nginx{$name}{worker} //=
               (split ' ', slurp("/proc/$pid/task/$pid/children"))[0];
}

# The status of one GET, 0 without an answer.
sub get {
    my ($name, $path, $header) = @_;

    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                       PeerPort => port_of($name),
                                       Timeout => 5)
        or return 0;

    print $socket "GET $path HTTP/1.1\r\nHost: localhost\r\n",
                  $header ? "$header\r\n" : '', "Connection: close\r\n\r\n";

    return (<$socket> // '') =~ /^HTTP\S+ (\d+)/ ? $1 : 0;
}


# ---- what it takes ---------------------------------------------------------

# ns of CPU time: the worker's loop, and its other threads.
sub cpu_of {
    my ($name) = @_;

    return (split ' ', slurp('/proc/' . worker_of($name) . '/schedstat'))[0];
}

sub threads_of {
    my ($name) = @_;

    my $pid = worker_of($name);

    return sum(0, map { (split ' ', slurp("$_/schedstat"))[0] // 0 }
                  grep { !m{/$pid\z} } glob "/proc/$pid/task/*");
}

# How often the worker's loop has waited for the disk to read a page.
sub faults_of {
    my ($name) = @_;

    my $pid = worker_of($name);
    my ($rest) = slurp("/proc/$pid/task/$pid/stat") =~ /\) (.+)/;

    return (split ' ', $rest)[9];
}

# How often the application has slept: whoever sends it something wakes it.
sub _sleeps {
    return slurp("/proc/$app/status")
           =~ /^voluntary_ctxt_switches:\s+(\d+)/m ? $1 : 0;
}

# KiB that are the worker's own; pages of files are the kernel's.
sub memory_of {
    my ($name) = @_;

    my $status = slurp('/proc/' . worker_of($name) . '/status');

    return map { $status =~ /^$_:\s+(\d+)/m ? $1 : 0 } qw(RssAnon RssFile);
}


# ---- wrk -------------------------------------------------------------------

# Options: on (whose nginx), path, seconds, connections, args (of wrk.lua).
# Returns requests, seconds, errors, rate, median and p99 in us; cpu and
# threads: us of CPU time for each request; wakes: how often the application
# was woken for each.
sub wrk {
    my (%o) = @_;

    my ($cpu, $threads, $sleeps) = (cpu_of($o{on}), threads_of($o{on}),
                                    _sleeps());
    my $got = end_wrk(start_wrk(%o));

    $got->{cpu} = (cpu_of($o{on}) - $cpu) / 1000 / max(1, $got->{requests});
    $got->{threads} = (threads_of($o{on}) - $threads) / 1000
                      / max(1, $got->{requests});
    $got->{wakes} = (_sleeps() - $sleeps) / max(1, $got->{requests});

    return $got;
}

sub start_wrk {
    my (%o) = @_;

    my @command = _on('rest', 'wrk', '-t1', '-c', $o{connections} // 32,
                      '-d', $o{seconds} . 's', '--timeout', '30s',
                      '-s', "$here/wrk.lua",
                      'http://127.0.0.1:' . port_of($o{on}) . $o{path}, '--',
                      @{ $o{args} });

    my $pid = open(my $out, '-|', @command) or die "wrk: $!";

    $child{$pid} = $out;

    return { pid => $pid, out => $out, o => \%o };
}

sub end_wrk {
    my ($wrk) = @_;

    my $out = $wrk->{out};
    my $text = do { local $/; <$out> } // '';

    delete $child{$wrk->{pid}};
    close $out or die "wrk has failed\n";

    $text =~ /^bench: (\d+) (\d+) (\d+) (\d+) (\d+)$/m
        or die "wrk says\n$text\n";

    my $got = { requests => $1, seconds => $2 / 1e6, errors => $3,
                median => $4, p99 => $5 };

    if ($got->{errors} && !$wrk->{o}{faulty}) {
        die "$wrk->{o}{on} $wrk->{o}{path}: $got->{errors} of ",
            "$got->{requests} requests failed\n", $text;
    }

    $got->{rate} = $got->{requests} / $got->{seconds};

    return $got;
}


# ---- figures ---------------------------------------------------------------

sub median {
    my @sorted = sort { $a <=> $b } @_;

    return undef if !@sorted;

    return ($sorted[$#sorted / 2] + $sorted[@sorted / 2]) / 2;
}

sub spread { return (min(@_), max(@_)) }

1;
