# Reloads: a broken configuration leaves the old one at work and no trace,
# whatever copy of the module it was, and many reloads leak nothing.

use lib 't/lib';
use VeriffTest;
use VeriffConf;

use File::Copy ();
use HTTP::Tiny ();
use Test::More ();
use Time::HiRes ();

my $keys = $ENV{TEST_NGINX_KEYS};
my $dir = File::Temp::tempdir('veriff-reload-XXXXXX', TMPDIR => 1,
                              CLEANUP => 1);
my $port = server_port();
my $timeout = 20;
my $copies = 0;
my ($module, $master);

if ($ENV{TEST_NGINX_LOAD_MODULES} eq '') {
    Test::More::plan(skip_all => 'the module is linked into nginx');
}

END { local $?; stop() }

sub slurp {
    my ($file) = @_;

    open my $in, '<:raw', $file or return '';
    local $/;
    return scalar <$in>;
}

# by another name, or the loader would go on with the library that it has
sub copy_module {
    $module = "$dir/module" . ++$copies . '.so';
    File::Copy::copy($ENV{TEST_NGINX_LOAD_MODULES}, $module)
        or die "copy: $!";
}

sub configure {
    my ($text, %opt) = @_;

    my $load = $opt{no_module} ? '' : "load_module $module;";
    my $kyc = $opt{no_module} ? '' : "include $keys/kyc.conf;"
                                     . " $opt{http}";

    open my $out, '>', "$dir/nginx.conf" or die "$dir/nginx.conf: $!";
    print $out <<"END";
$load
daemon off;
worker_processes 1;
pid $dir/nginx.pid;
error_log $dir/error.log notice;
env UBSAN_OPTIONS;
events { worker_connections 64; }
http {
    access_log off;
    server {
        listen 127.0.0.1:$port;
        location = /t { return 200 "$text"; }
        location /app/ { proxy_pass http://127.0.0.1:1; }
        $opt{server}
    }
    $kyc
    $opt{http_end}
}
END
    close $out or die "$dir/nginx.conf: $!";
}

sub good {
    my ($text) = @_;

    configure($text, http => '', http_end => '',
              server => "include $keys/api.conf;\nlocation = /start {"
                        . " veriff_session kyc; include $keys/basic.conf; }");
}

sub start {
    $master = fork() // die "fork: $!";
    return if $master;

    if ($ENV{TEST_NGINX_LD_PRELOAD}) {
        my $logs = $ENV{VERIFF_SANITIZER_LOGS};
        $ENV{LD_PRELOAD} = $ENV{TEST_NGINX_LD_PRELOAD};
        $ENV{ASAN_OPTIONS} = "detect_odr_violation=0,exitcode=0"
                             . ",log_path=$logs/asan";
        $ENV{UBSAN_OPTIONS} = "print_stacktrace=1,log_path=$logs/ubsan";
    }

    open STDERR, '>', "$dir/stderr";
    exec $ENV{TEST_NGINX_BINARY}, '-p', "$dir/", '-e', "$dir/error.log",
         '-c', "$dir/nginx.conf" or POSIX::_exit(127);
}

sub stop {
    return if !$master || $$ != $main::owner;

    kill 'QUIT', $master;
    waitpid $master, 0;
    undef $master;

    return $?;
}

sub wait_for {
    my ($what) = @_;

    my $end = Time::HiRes::time() + $timeout;

    while (Time::HiRes::time() < $end) {
        return 1 if $what->();
        return 0 if waitpid($master, POSIX::WNOHANG()) == $master;
        Time::HiRes::sleep(0.01);
    }

    return 0;
}

sub answer {
    return HTTP::Tiny->new(timeout => 5)
                     ->get("http://127.0.0.1:$port/t")->{content};
}

# The old worker still answers for a moment when the new one does.
sub reloaded {
    my ($text) = @_;

    kill 'HUP', $master;

    return wait_for(sub { answer() eq $text })
           && wait_for(sub {
               my @workers = split ' ',
                             slurp("/proc/$master/task/$master/children");
               @workers == 1;
           });
}

sub reload_good {
    my ($text, $name) = @_;

    Test::More::ok(reloaded($text), "$name: $text");
}

sub reload_broken {
    my ($message, $old, $name) = @_;

    my $seen = () = slurp("$dir/error.log") =~ /\[emerg\]/g;

    kill 'HUP', $master;

    my $line;
    wait_for(sub {
        my @lines = grep { /\[emerg\]/ } split /\n/, slurp("$dir/error.log");
        $line = $lines[$seen];
    });

    Test::More::like($line, $message, "$name: refused");
    Test::More::is(answer(), $old, "$name: the old one works");
}

sub rss {
    my ($kb) = slurp("/proc/$master/status") =~ /^VmRSS:\s+(\d+) kB/m;

    return $kb;
}

our $owner = $$;

Test::More::plan('no_plan');

copy_module();
good('one');
start();
Test::More::ok(wait_for(sub { answer() eq 'one' }), 'TEST 1: starts');

my $plain = 'location /x/ { veriff_sign kyc; include ' . "$keys/tls.conf;"
            . ' internal; proxy_pass http://127.0.0.1:1; }';

# in the middle of http, at its end, after it was read
my @broken = (
    [{ server => 'nonsense;' }, qr/unknown directive "nonsense"/],
    [{ http_end => 'nonsense;' }, qr/unknown directive "nonsense"/],
    [{ http => 'veriff_integration kyc { }' }, qr/duplicate veriff_integ/],
    [{ server => $plain }, qr/would send keys over "http:/],
);

my $test = 2;
my $text = 'one';

for my $copy (0, 1) {
    for my $case (@broken) {
        my ($part, $message) = @$case;
        my $name = "TEST $test";

        for (1, 2) {
            copy_module() if $copy;
            configure('broken', http => '', http_end => '', server => '',
                      %$part);
            reload_broken($message, $text, $name);
        }

        copy_module() if $copy;
        $text = "good$test";
        good($text);
        reload_good($text, $name);
        $test++;
    }
}

# nothing of the module may be left in nginx's own tables
configure('broken', http => '', http_end => '', server => 'nonsense;');
reload_broken(qr/unknown directive "nonsense"/, $text, "TEST $test");

configure('without', no_module => 1, http_end => '', server => '');
reload_good('without', "TEST $test: without the module");

configure('again', no_module => 1, http_end => '', server => '');
reload_good('again', "TEST $test: without it again");

good('back');
reload_good('back', "TEST $test: back again");
$test++;

# also when no broken one came between
configure('gone', no_module => 1, http_end => '', server => '');
reload_good('gone', "TEST $test: without the module");

good('here');
reload_good('here', "TEST $test: back again");
$test++;

my $warm;

for my $n (1 .. 120) {
    good("n$n");
    reloaded("n$n") or last;
    $warm = rss() if $n == 20;
}

Test::More::is(answer(), 'n120', "TEST $test: 120 reloads");

# under ASan freed memory is kept aside; it looks for leaks itself
if (!$ENV{TEST_NGINX_LD_PRELOAD}) {
    my $grown = rss() - $warm;
    Test::More::cmp_ok($grown, '<=', 64,
                       "TEST $test: 100 of them took $grown kB");
}

Test::More::is(stop(), 0, "TEST $test: ends well");
Test::More::unlike(slurp("$dir/error.log"), qr/\[(?:alert|crit)\]|signal 11/,
                   "TEST $test: error log");
