package Crash;

# What the tests of durability share: a provider (t/sandbox), an nginx of
# their own in a directory of its own, signed webhooks, and the end of all of
# it, whatever happens.  NGINX and MODULE say what is tested.

use strict;
use warnings;

use Cwd ();
use Digest::SHA ();
use Exporter qw(import);
use File::Basename ();
use File::Temp ();
use HTTP::Tiny ();
use IO::Socket::INET ();
use JSON::PP ();
use POSIX ();
use Time::HiRes qw(sleep time);

our @EXPORT = qw(
    root scratch put slurp build
    start_sandbox configure launch start stop running master workers wait_until
    kill_all upgrade refresh
    answer create decide stamp spawn
    log_lines bad_lines
);

my $root = Cwd::realpath(File::Basename::dirname(__FILE__) . '/../../..');
my $owner = $$;

our $nginx = $ENV{NGINX} || '/usr/sbin/nginx';
my $module = $ENV{MODULE} || "$root/build/dist/ngx_http_veriff_module.so";

# nginx would take it for sockets that it inherits
delete $ENV{NGINX};

our $api_key = '8e4f7a10-3c52-4d8b-9f61-52a0c7d1e9b3';
our $secret = 'abcdef12-abcd-abcd-abcd-abcdef012345';

our %preload;                       # nginx's environment, LD_PRELOAD
our $port;
our $round = 0;                     # a header of each webhook

my $dir = File::Temp::tempdir('veriff-crash-XXXXXX', TMPDIR => 1,
                              CLEANUP => 1);
my ($sandbox, $sandbox_port, $master, $daemon);

END {
    if ($$ == $owner) {
        local $?;
        stop();
        if ($sandbox) {
            kill 'TERM', $sandbox;
            waitpid $sandbox, 0;
        }
    }
}

$SIG{PIPE} = 'IGNORE';
$SIG{INT} = $SIG{TERM} = sub { exit 1 };
$| = 1;


# ---- files -----------------------------------------------------------------

sub root { $root }
sub scratch { $dir }
sub master { $master }

sub put {
    my ($name, $text) = @_;

    open my $out, '>:raw', "$dir/$name" or die "$dir/$name: $!";
    print $out $text;
    close $out or die "$dir/$name: $!";
}

sub slurp {
    my ($name) = @_;

    open my $in, '<:raw', $name or return '';
    local $/;
    return scalar <$in> // '';
}

# Compiles a source of this directory, returns the file.
sub build {
    my ($source, @flags) = @_;

    my ($out) = File::Basename::basename($source) =~ /^(\w+)/;

    system($ENV{CC} || 'cc', '-O1', '-g', '-Wall', '-Wextra', '-Werror',
           '-Wno-unused-parameter', '-o', "$dir/$out.bin",
           "$root/t/crash/$source", @flags) == 0
        or die "$source does not compile\n";

    return "$dir/$out.bin";
}

sub wait_until {
    my ($what, $true, $seconds) = @_;

    my $end = time() + ($seconds // 15);

    while (time() < $end) {
        return 1 if $true->();
        sleep 0.01;
    }

    die "waited in vain: $what\n";
}


# ---- processes -------------------------------------------------------------

sub start_sandbox {
    $sandbox = fork() // die "fork: $!";

    if ($sandbox == 0) {
        exec $^X, "$root/t/sandbox/sandbox", '--with-parent', '--quiet',
             '--port', 0, '--api-key', $api_key, '--secret', $secret,
             '--ready-file', "$dir/ready"
            or POSIX::_exit(127);
    }

    my $ready;

    wait_until('the sandbox', sub {
        $ready = eval { JSON::PP::decode_json(slurp("$dir/ready")) };
    });

    ($sandbox_port) = $ready->{http} =~ /:(\d+)/;

    sandbox(POST => '/_sandbox/config', { rate => 1_000_000 });
}

# As VeriffTest's.
sub sandbox {
    my ($method, $path, $json) = @_;

    my $answer = HTTP::Tiny->new(timeout => 10)->request($method,
        "http://127.0.0.1:$sandbox_port$path",
        { headers => { 'Content-Type' => 'application/json' },
          defined $json ? (content => JSON::PP::encode_json($json)) : () });

    $answer->{success} or die "sandbox: $answer->{status}\n";

    return $answer->{content} eq '' ? undef
           : JSON::PP::decode_json($answer->{content});
}

sub sandbox_port { $sandbox_port }

sub free_port {
    my $free = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1)
        or die "listen: $!";

    return $free->sockport;
}

# Options: main, server (more text; in that PORT is nginx's), store (its
# directory, size), workers, hook (more in that location), daemon (needed for
# upgrades), plain (the text of a server instead, without the module).
sub configure {
    my (%o) = @_;

    $daemon = $o{daemon};

    $port //= free_port();
    chmod 0755, $dir;

    for my $name ('api_key', 'secret') {
        put($name, ($name eq 'secret' ? $secret : $api_key) . "\n");
        chmod 0600, "$dir/$name";
    }

    my $main = $o{main} // '';
    my $server = ($o{server} // '') =~ s/\bPORT\b/$port/gr;
    my $hook = $o{hook} // '';
    my $store = $o{store} // "$dir/store size=64m";
    my $workers = $o{workers} // 4;
    my $load = $o{plain} ? '' : "load_module $module;";
    my $on = $daemon ? 'on' : 'off';
    my $text = $o{plain} ? $o{plain} =~ s/\bPORT\b/$port/gr
                         : _with_module($store, $hook, $server);

    put('nginx.conf', <<"END");
$load
daemon $on;
worker_processes $workers;
pid $dir/nginx.pid;
error_log $dir/error.log notice;
$main
events { worker_connections 512; }
http {
    access_log off;
    client_body_temp_path $dir/body;
    proxy_temp_path $dir/proxy;
    fastcgi_temp_path $dir/fastcgi;
    uwsgi_temp_path $dir/uwsgi;
    scgi_temp_path $dir/scgi;
$text
}
END
}

sub _with_module {
    my ($store, $hook, $server) = @_;

    return <<"END";
    veriff_store $store;
    veriff_integration kyc {
        api_key_file $dir/api_key;
        shared_secret_file $dir/secret;
        user \$http_x_user trusted;
        url_hosts 127.0.0.1;
        callback https://app.example.com/done;
        user_rate 3600r/h;
        session_rate off;
    }
    server {
        listen 127.0.0.1:$port;
        location = /t { return 200 \$pid; }
        location = /start { veriff_session kyc format=json; }
        location = /status { veriff_status kyc; }
        location = /hook { veriff_webhook kyc; $hook }
        location /veriff-api/ {
            internal;
            veriff_sign kyc insecure_tls;
            rewrite ^/veriff-api/(.*)\$ /\$1 break;
            proxy_pass http://127.0.0.1:$sandbox_port;
            proxy_connect_timeout 1s;
            proxy_send_timeout 2s;
            proxy_read_timeout 3s;
            proxy_ignore_client_abort on;
            proxy_ignore_headers X-Accel-Redirect X-Accel-Expires
                                 X-Accel-Limit-Rate X-Accel-Buffering
                                 X-Accel-Charset;
        }
        $server
    }
END
}

sub _exec {
    %ENV = (%ENV, %preload);
    open STDERR, '>>', "$dir/stderr";
    exec $nginx, '-p', "$dir/", '-e', "$dir/error.log",
         '-c', "$dir/nginx.conf" or POSIX::_exit(127);
}

sub launch {
    unlink "$dir/nginx.pid";

    $master = fork() // die "fork: $!";
    _exec() if $master == 0;

    return if !$daemon;

    waitpid $master, 0;
    $? == 0 or die "nginx has ended:\n", slurp("$dir/stderr");
    ($master) = _pid_in('nginx.pid');
}

sub _pid_in {
    my ($name) = @_;

    my $pid;
    wait_until($name, sub { ($pid) = slurp("$dir/$name") =~ /^(\d+)/ });

    return $pid;
}

# Launches it, and waits until it answers.
sub start {
    launch();

    wait_until('nginx', sub {
        running($master)
            or die "nginx has ended:\n", slurp("$dir/stderr");
        return answer('/t')->{status} == 200;
    });
}

sub stop {
    my ($signal) = @_;

    return if !$master;

    kill $signal // 'TERM', $master;
    _gone($master);
    undef $master;
}

# It has ended by itself.
sub forget_master { undef $master }

# A child or not.
sub _gone {
    my ($pid) = @_;

    return if waitpid($pid, 0) == $pid;
    wait_until("$pid has ended", sub { !running($pid) });
}

# To the same binary, on the fly.
sub upgrade {
    my $old = $master;
    my @old = workers();

    kill 'USR2', $old;
    wait_until('the new binary', sub {
        -s "$dir/nginx.pid.oldbin" && _pid_in('nginx.pid') != $old;
    });

    $master = _pid_in('nginx.pid');
    wait_until('its workers', sub { workers() });

    kill 'WINCH', $old;
    wait_until('the old workers have ended', sub {
        !grep { running($_) } @old;
    });

    kill 'QUIT', $old;
    _gone($old);
}

# Who is the master, if another process has upgraded it.
sub refresh { $master = _pid_in('nginx.pid') }

sub running {
    my ($pid) = @_;

    return -d "/proc/$pid" && slurp("/proc/$pid/stat") !~ /\) Z /;
}

sub workers {
    my ($of) = @_;

    $of //= $master;

    return split ' ', slurp("/proc/$of/task/$of/children");
}

# The master and its workers at one moment, and waits until all are gone.
sub kill_all {
    my @workers = workers();

    kill 'KILL', $master, @workers;
    waitpid $master, 0;

    # they may hold the port
    for my $pid (@workers) {
        wait_until('a worker is gone', sub { !running($pid) });
    }

    undef $master;
}

sub spawn {
    my ($code) = @_;

    my $pid = fork() // die "fork: $!";
    return $pid if $pid;

    $SIG{TERM} = $SIG{ALRM} = 'DEFAULT';
    $code->();
    POSIX::_exit(0);
}


# ---- requests --------------------------------------------------------------

sub answer {
    my ($path, $user) = @_;

    return HTTP::Tiny->new(timeout => 10)->get("http://127.0.0.1:$port$path",
        $user ? { headers => { 'X-User' => $user } } : {});
}

# The answer's status, and the session's id.
sub create {
    my ($user) = @_;

    my $answer = HTTP::Tiny->new(timeout => 20)
                           ->post("http://127.0.0.1:$port/start",
                                  { headers => { 'X-User' => $user,
                                                 'Sec-Fetch-Site' =>
                                                     'same-origin' } });

    return ($answer->{status},
            eval { JSON::PP::decode_json($answer->{content})->{sessionId} });
}

# Sends a decision, returns the status of the answer (599: none).
sub decide {
    my ($session, $status, $time) = @_;

    my $body = qq({"status":"success","verification":{"id":"$session",)
               . qq("attemptId":"$session","code":9001,"status":"$status",)
               . qq("decisionTime":"$time","acceptanceTime":"$time"}});

    return HTTP::Tiny->new(timeout => 10)
                     ->post("http://127.0.0.1:$port/hook",
                            { content => $body,
                              headers => {
        'Content-Type' => 'application/json',
        'X-Time' => $time,
        'X-Round' => $round,
        'X-AUTH-CLIENT' => $api_key,
        'X-HMAC-SIGNATURE' => Digest::SHA::hmac_sha256_hex($body, $secret)
                              } })->{status};
}

sub stamp {
    my ($second) = @_;

    return POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime $second);
}


# ---- the error log ---------------------------------------------------------

sub log_lines {
    my ($pattern) = @_;

    return grep { $_ =~ $pattern } split /\n/, slurp("$dir/error.log");
}

# Alerts and worse, but for those that kill -9 makes.
sub bad_lines {
    return grep { !/exited on signal 9/
                  && !/open socket #\d+ left|bind\(\) to \S+ failed \(98/ }
                log_lines(qr/\[(?:alert|crit|emerg)\]/);
}

1;
