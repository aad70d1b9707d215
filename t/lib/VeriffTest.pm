package VeriffTest;

# What the suites share.  A suite begins so:
#
#     use lib 't/lib';
#     use VeriffTest;
#
#     start_sandbox();
#     run_tests();
#
#     __DATA__
#
#     === TEST 1: what is shown
#     --- http_config
#     ...
#
# It plans nothing: every block adds one test of its own to those that
# Test::Nginx makes, "error log", which fails if the block's error log holds
#
#   - an [alert], [crit] or [emerg] line, unless the block says
#     "--- allow_alerts", or "--- must_die" (the line is why it dies then);
#   - a secret: the fixtures' ones, or any string given to canary(), in a line
#     that the module wrote, or in any line at info or above.
#
# It is read when the block's nginx has ended, so it sees all of it.
#
# Sections of our own: allow_alerts; load_modules (which modules this block
# loads, see load_modules() below; empty for none); example, for VeriffExample.
# A section that neither Test::Nginx nor this file knows is a mistake, and stops
# the suite.
#
# For configurations and user files, besides Test::Nginx's own variables:
#   $TEST_NGINX_KEYS                 a directory with the files api_key,
#                                    shared_secret and key
#   $TEST_NGINX_SANDBOX_HTTP_PORT    the sandbox's ports,
#   $TEST_NGINX_SANDBOX_HTTPS_PORT
#   $TEST_NGINX_SANDBOX_CA           the CA file of its certificate,
#   $TEST_NGINX_SANDBOX_KEY          its API key and its secret
#   $TEST_NGINX_SANDBOX_SECRET       (those in $TEST_NGINX_KEYS)

use strict;
use warnings;

my $root;

# Test::Nginx reads its settings when it is loaded, and its END blocks, which
# stop nginx and bring the last error log, must run before stop_sandbox().

BEGIN {
    require Cwd;
    require File::Basename;

    $root = Cwd::realpath(File::Basename::dirname(__FILE__) . '/../..');

    $ENV{TEST_NGINX_BINARY} ||= '/usr/sbin/nginx';
    $ENV{TEST_NGINX_LOAD_MODULES} //=
        "$root/build/dist/ngx_http_veriff_module.so";
}

my $exit_status = 0;

END {
    stop_sandbox();

    # Test::Nginx's END blocks run commands, and forget that the suite died
    $? ||= $exit_status;
}

use Test::Nginx::Socket -base;
use Test::Nginx::Util ();

use Digest::SHA ();
use File::Temp ();
use HTTP::Tiny ();
use JSON::PP ();
use POSIX ();
use Test::More ();
use Time::HiRes ();

our @EXPORT = qw(
    start_sandbox stop_sandbox sandbox
    api_key shared_secret key_file hmac canary load_modules free_port
);

# A port that nobody listens on, and that no other suite gets; clients take
# theirs elsewhere, see run-suites.
sub free_port {
    return Test::Nginx::Util::gen_rand_port() // die "no free port";
}

# Debian's nginx finds its modules here.
my $modules_dir = '/usr/lib/nginx/modules';

my %module_file = (
    ndk    => "$modules_dir/ndk_http_module.so",
    lua    => "$modules_dir/ngx_http_lua_module.so",
    js     => "$modules_dir/ngx_http_js_module.so",
    veriff => $ENV{TEST_NGINX_LOAD_MODULES},
);

my @own_sections = qw(allow_alerts load_modules example edits);
my @base_sections = qw(ONLY LAST SKIP filters);

my $start_timeout = 15;
my $stop_timeout = 5;

my $keys_dir;
my $api_key;
my $shared_secret;
my %sandbox;
my @canaries;
my $log_block;


# ---- fixtures --------------------------------------------------------------

sub _random_bytes {
    my ($length) = @_;

    open my $in, '<:raw', '/dev/urandom' or die "/dev/urandom: $!";
    read($in, my $bytes, $length) == $length or die "/dev/urandom: $!";

    return $bytes;
}

sub _random_uuid {
    my @part = unpack 'H8 H4 H4 H4 H12', _random_bytes(16);

    substr($part[2], 0, 1) = '4';
    substr($part[3], 0, 1) = 'a';

    return join '-', @part;
}

# Writes $TEST_NGINX_KEYS/$name and returns its path.
sub key_file {
    my ($name, $content, $mode) = @_;

    my $path = "$keys_dir/$name";

    open my $out, '>:raw', $path or die "$path: $!";
    print $out $content or die "$path: $!";
    close $out or die "$path: $!";

    chmod $mode // 0600, $path or die "$path: $!";

    return $path;
}

sub api_key { $api_key }
sub shared_secret { $shared_secret }

# Says that the string is a secret, and returns it.
sub canary {
    my ($secret) = @_;

    push @canaries, $secret;

    return $secret;
}

# The signature of $bytes under $secret, as the provider writes it.
sub hmac {
    my ($secret, $bytes) = @_;

    return Digest::SHA::hmac_sha256_hex($bytes, $secret);
}


# ---- modules ---------------------------------------------------------------

sub _module_paths {
    my @names = @_;

    # veriff has none if it is linked into nginx
    return join ' ', grep { $_ ne '' } map {
        my $path = $module_file{$_} // $_;
        $path eq '' || -f $path
            or Test::Nginx::Util::bail_out("there is no module $path");
        $path;
    } @names;
}

# Which modules the suite loads, in this order, by name (ndk, lua, js, veriff)
# or absolute path.  Those of the distribution fit the distribution's nginx
# only: on another version the suite is skipped.
sub load_modules {
    my $paths = _module_paths(@_);

    my $dir = File::Temp->newdir();
    open my $out, '>', "$dir/nginx.conf" or die "$dir/nginx.conf: $!";
    print $out map { "load_module $_;\n" } split / /, $paths;
    print $out "pid $dir/nginx.pid; events { }\n";
    close $out or die "$dir/nginx.conf: $!";

    my $said = `$Test::Nginx::Util::NginxBinary -t -p $dir/ -e $dir/error.log \\
                -c $dir/nginx.conf 2>&1`;

    if ($said =~ /module "(\S+)" (?:version|is not binary compatible)/) {
        Test::More::plan(skip_all => "$1 is made for another nginx");
    }

    $Test::Nginx::Util::LoadModules = $paths;
}


# ---- sandbox ---------------------------------------------------------------

# Starts t/sandbox/sandbox with the fixtures' key and secret.  Further options
# are those of its command line with _ for -; an array gives one several times,
# undef one without a value.
sub start_sandbox {
    my (%opt) = @_;

    die "the sandbox is running" if %sandbox;

    my $ready_file = "$keys_dir/sandbox.json";
    unlink $ready_file;

    my %all = (
        port       => 0,
        tls_port   => 0,
        api_key    => $api_key,
        secret     => $shared_secret,
        ca_file    => "$keys_dir/sandbox-ca.pem",
        ready_file => $ready_file,
        %opt,
    );

    my @args = ('--with-parent', '--quiet');

    for my $name (sort keys %all) {
        (my $option = "--$name") =~ tr/_/-/;
        my $value = $all{$name};
        push @args, map { ($option, $_ // ()) } ref $value ? @$value : $value;
    }

    my $pid = fork() // die "fork: $!";

    if ($pid == 0) {
        open STDOUT, '>&', \*STDERR;
        exec $^X, "$root/t/sandbox/sandbox", @args or POSIX::_exit(127);
    }

    %sandbox = (pid => $pid, owner => $$);

    my $ready = _wait_for_json($ready_file, $pid);

    my ($http) = $ready->{http} =~ /(\d+)\/?$/;
    my ($https) = $ready->{https} =~ /(\d+)\/?$/;

    $sandbox{url} = "http://127.0.0.1:$http";

    $ENV{TEST_NGINX_SANDBOX_HTTP_PORT} = $http;
    $ENV{TEST_NGINX_SANDBOX_HTTPS_PORT} = $https;
    $ENV{TEST_NGINX_SANDBOX_CA} = $ready->{ca_file};
    $ENV{TEST_NGINX_SANDBOX_KEY} = $ready->{api_key};
    $ENV{TEST_NGINX_SANDBOX_SECRET} = canary($ready->{secret});

    return $ready;
}

sub _wait_for_json {
    my ($file, $pid) = @_;

    my $end = Time::HiRes::time() + $start_timeout;

    while (Time::HiRes::time() < $end) {

        if (open my $in, '<:raw', $file) {
            my $text = do { local $/; <$in> };
            my $json = eval {
                local $SIG{__DIE__};
                JSON::PP::decode_json($text);
            };
            return $json if $json;
        }

        if (waitpid($pid, POSIX::WNOHANG()) == $pid) {
            %sandbox = ();
            Test::Nginx::Util::bail_out("the sandbox ended at once: $?");
        }

        Time::HiRes::sleep(0.02);
    }

    stop_sandbox();
    Test::Nginx::Util::bail_out("the sandbox is not ready after"
                                . " $start_timeout s");
}

sub stop_sandbox {
    # children of Test::Nginx run END blocks, too
    return if !%sandbox || $sandbox{owner} != $$;

    local $?;

    my $pid = $sandbox{pid};
    my $end = Time::HiRes::time() + $stop_timeout;

    %sandbox = ();
    kill 'TERM', $pid;

    while (waitpid($pid, POSIX::WNOHANG()) == 0) {

        if (Time::HiRes::time() > $end) {
            kill 'KILL', $pid;
            waitpid($pid, 0);
            return;
        }

        Time::HiRes::sleep(0.02);
    }
}

# Calls the sandbox, for example sandbox(DELETE => '/_sandbox/requests'), and
# returns the decoded answer.
sub sandbox {
    my ($method, $path, $json) = @_;

    my %request;

    if (defined $json) {
        $request{content} = JSON::PP::encode_json($json);
        $request{headers}{'Content-Type'} = 'application/json';
    }

    my $answer = HTTP::Tiny->new(timeout => 10)
                           ->request($method, "$sandbox{url}$path", \%request);

    $answer->{success}
        or die "sandbox: $method $path: $answer->{status} $answer->{content}";

    return if $answer->{content} eq '';
    return JSON::PP::decode_json($answer->{content});
}


# ---- around every block ----------------------------------------------------

# What Test::Nginx looks at in a block is what it knows.
sub _known_sections {
    my %known = map { $_ => 1 } @own_sections, @base_sections;

    for my $module (qw(Test/Nginx/Socket.pm Test/Nginx/Util.pm)) {
        open my $in, '<', $INC{$module} or die "$INC{$module}: $!";

        while (my $line = <$in>) {
            $known{$_} = 1 for $line =~ /\bblock->(\w+)/g;
        }
    }

    return \%known;
}

sub _check_block {
    my ($block, $known) = @_;

    my $name = $block->name;

    $name =~ /^TEST \d+: \S/
        or die "block \"$name\" is not called \"TEST number: what\"\n";

    for my $section (@{ $block->_section_order }) {
        $known->{$section}
            or die "$name - there is no section \"$section\"\n";
    }
}

# In a build with sanitizers (see t/tools/asan): a configuration that is
# refused leaves nginx's first pool behind, which is no leak of ours.
sub _sanitizer_options {
    my ($block) = @_;

    my $dir = $ENV{VERIFF_SANITIZER_LOGS} or return;

    my $leaks = defined $block->must_die ? 0 : 1;

    # a report counts, not the exit code: nginx leaves some memory itself when
    # its first process ends, such as that of regular expressions
    $ENV{ASAN_OPTIONS} = "detect_odr_violation=0,exitcode=0"
                         . ",detect_leaks=$leaks,fast_unwind_on_malloc=0"
                         . ",log_path=$dir/asan";
    $ENV{UBSAN_OPTIONS} = "print_stacktrace=1,log_path=$dir/ubsan";

    # Test::Nginx starts from what it saw first
    $ENV{ORI_ASAN_OPTIONS} = $ENV{ASAN_OPTIONS};
}

sub _before_block {
    my ($block) = @_;

    Test::More->builder->has_plan or Test::More::plan('no_plan');

    our $known_sections ||= _known_sections();
    _check_block($block, $known_sections);

    # why nginx dies is in the error log
    if (defined $block->must_die && !$ENV{TEST_NGINX_VERBOSE}) {
        $block->set_value('suppress_stderr', '');
    }

    _sanitizer_options($block);
}

# Only the part before the first quoted value says who wrote a debug line:
# nginx's own quote URIs and headers.
sub _is_line_of_module {
    my ($line) = @_;

    my ($head) = split /"/, $line, 2;

    return $head =~ /\] \d+#\d+: .*veriff/i;
}

sub _check_log {
    my $block = $log_block or return;
    undef $log_block;

    my $alerts_allowed = defined $block->allow_alerts
                         || defined $block->must_die;
    my (@bad, $others);

    open my $in, '<:raw', $Test::Nginx::Util::ErrLogFile or return;

    while (my $line = <$in>) {
        chomp $line;

        if ($line =~ /\[(?:alert|crit|emerg)\] \d+#/ && !$alerts_allowed) {
            push @bad, $line;
        }

        # a line without a time goes on with the message before it
        if ($line =~ /^\d{4}\/\d\d\/\d\d /) {
            $others = $line =~ /\[debug\] \d+#/ && !_is_line_of_module($line);
        }

        next if $others;

        push @bad, "a secret in: $line"
            if grep { index($line, $_) >= 0 } @canaries;
    }

    my $name = $block->name . ' - error log';

    if (@bad) {
        Test::More::fail($name);
        Test::More::diag("    $_") for @bad;

    } else {
        Test::More::pass($name);
    }
}

# Changes what Test::Nginx wrote: nothing listens but on the loopback address.
sub _write_config {
    my ($write, $block, @rest) = @_;

    my $old = $Test::Nginx::Util::NginxVersion < 1.025001;

    {
        # "http2 on" came with 1.25.1, where Test::Nginx has 1.19.9
        local $Test::Nginx::Util::NginxVersion = 1.019008 if $old;

        local $Test::Nginx::Util::LoadModules =
            _module_paths(split ' ', $block->load_modules)
            if defined $block->load_modules;

        $write->($block, @rest);
    }

    my $file = $Test::Nginx::Util::ConfFile;

    open my $in, '<:raw', $file or die "$file: $!";
    my $text = do { local $/; <$in> };
    close $in;

    $text =~ s/(^|[;{\s])(listen\s+)(\d+)\b/$1${2}127.0.0.1:$3/g;

    open my $out, '>:raw', $file or die "$file: $!";
    print $out $text or die "$file: $!";
    close $out or die "$file: $!";

    $log_block = $block;
}

sub _wrap {
    my ($name, $wrapper) = @_;

    no strict 'refs';
    no warnings qw(redefine prototype);

    my $function = \&{"Test::Nginx::Util::$name"};
    *{"Test::Nginx::Util::$name"} = sub { $wrapper->($function, @_) };
}

# nginx has ended when Test::Nginx calls the second one.  Not so under
# TEST_NGINX_USE_HUP: there the log is looked at when the block is over.
_wrap(write_config_file => \&_write_config);
_wrap(check_prev_block_shutdown_error_log => sub {
    my ($check) = @_;

    $check->();
    _check_log() if !$Test::Nginx::Util::UseHup;
});

add_test_cleanup_handler(sub {
    _check_log() if $Test::Nginx::Util::UseHup;
});

# Test::Nginx warns of what _check_log() deals with.
$SIG{__WARN__} = sub {
    print STDERR $_[0] if $_[0] !~ /^WARNING: .*\[(?:alert|crit|emerg)\]/;
};

# before theirs
END { $exit_status = $? }

add_block_preprocessor(\&_before_block);
env_to_nginx('UBSAN_OPTIONS');
no_long_string();

$ENV{TEST_NGINX_SERVER_PORT} //= server_port();

$keys_dir = File::Temp::tempdir('veriff-test-XXXXXX', TMPDIR => 1,
                                CLEANUP => 1);
$api_key = _random_uuid();
$shared_secret = canary(_random_uuid());

key_file('api_key', "$api_key\n");
key_file('shared_secret', "$shared_secret\n");
key_file('key', _random_bytes(32));

$ENV{TEST_NGINX_KEYS} = $keys_dir;

1;
