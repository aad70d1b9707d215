# The store's key and directory, and what happens when the store fails: the
# rest of the site works, the log says it once, and it mends itself.

use lib 't/lib';
use VeriffTest;
use VeriffDb ();

use HTTP::Tiny ();
use IO::Socket::INET ();
use Test::More ();
use Time::HiRes ();

my $keys = $ENV{TEST_NGINX_KEYS};
my $dir = File::Temp::tempdir('veriff-store-XXXXXX', TMPDIR => 1,
                              CLEANUP => 1);
my $port = server_port();
my $timeout = 12;
my $owner = $$;
my $master;

END { local $?; stop() if $$ == $owner }

sub slurp {
    my ($file) = @_;

    open my $in, '<:raw', $file or return '';
    local $/;
    return scalar <$in> // '';
}

sub put {
    my ($name, $text) = @_;

    open my $out, '>:raw', "$dir/$name" or die "$dir/$name: $!";
    print $out $text;
    close $out or die "$dir/$name: $!";
}

sub configure {
    my (%o) = @_;

    my $store = $o{store} // "$dir/store";
    my $size = $o{size} // '4m';
    my $user = $> == 0 ? 'user nobody nogroup;' : '';

    put('nginx.conf', <<"END");
load_module $ENV{TEST_NGINX_LOAD_MODULES};
daemon off;
$user
worker_processes 2;
pid $dir/nginx.pid;
error_log $dir/error.log notice;
env UBSAN_OPTIONS;
events { worker_connections 256; }
http {
    access_log off;
    client_body_temp_path $dir/body;
    proxy_temp_path $dir/proxy;
    fastcgi_temp_path $dir/fastcgi;
    uwsgi_temp_path $dir/uwsgi;
    scgi_temp_path $dir/scgi;
    veriff_store $store size=$size;
    veriff_integration kyc {
        api_key_file $keys/api_key;
        shared_secret_file $keys/shared_secret;
        user \$http_x_user trusted;
        session_rate off;
        url_hosts 127.0.0.1;
        callback https://app.example.com/done;
    }
    server {
        listen 127.0.0.1:$port;
        location = /t { return 200 \$pid; }
        location = /start { veriff_session kyc format=json; }
        location = /status { veriff_status kyc; }
        location /veriff-api/ {
            internal;
            veriff_sign kyc insecure_tls;
            rewrite ^/veriff-api/(.*)\$ /\$1 break;
            proxy_pass http://127.0.0.1:$ENV{TEST_NGINX_SANDBOX_HTTP_PORT};
            proxy_ignore_client_abort on;
            proxy_ignore_headers X-Accel-Redirect X-Accel-Expires
                                 X-Accel-Limit-Rate X-Accel-Buffering
                                 X-Accel-Charset;
        }
    }
}
END
}

sub nginx {
    return ($ENV{TEST_NGINX_BINARY}, '-p', "$dir/", '-e', "$dir/error.log",
            '-c', "$dir/nginx.conf");
}

sub answer {
    my ($path, $user, $method) = @_;

    return HTTP::Tiny->new(timeout => 10)
                     ->request($method // 'GET',
                               "http://127.0.0.1:$port$path",
                               { headers => { 'X-User' => $user // 'u' } });
}

sub status { answer('/status', @_)->{status} }
sub create { answer('/start', @_, 'POST')->{status} }

sub wait_for {
    my ($what) = @_;

    my $end = Time::HiRes::time() + $timeout;

    while (Time::HiRes::time() < $end) {
        return 1 if $what->();
        Time::HiRes::sleep(0.02);
    }

    return 0;
}

sub start {
    unlink "$dir/error.log";
    $master = fork() // die "fork: $!";

    if ($master == 0) {
        if ($ENV{TEST_NGINX_LD_PRELOAD}) {
            my $logs = $ENV{VERIFF_SANITIZER_LOGS};
            $ENV{LD_PRELOAD} = $ENV{TEST_NGINX_LD_PRELOAD};
            $ENV{ASAN_OPTIONS} = 'detect_odr_violation=0,exitcode=0'
                                 . ",log_path=$logs/asan";
            $ENV{UBSAN_OPTIONS} = "print_stacktrace=1,log_path=$logs/ubsan";
        }

        open STDERR, '>', "$dir/stderr";
        exec nginx() or POSIX::_exit(127);
    }

    wait_for(sub { answer('/t')->{status} == 200 })
        or Test::More::diag(slurp("$dir/stderr"));
}

sub stop {
    return if !$master;

    kill 'QUIT', $master;
    waitpid $master, 0;
    undef $master;
}

sub lines {
    my ($pattern) = @_;

    return scalar grep { $_ =~ $pattern } split /\n/, slurp("$dir/error.log");
}

sub mode { sprintf '%04o', (stat "$dir/$_[0]")[2] & 07777 }

start_sandbox();
sandbox(POST => '/_sandbox/config', { rate => 1_000_000 });
Test::More::plan('no_plan');
chmod 0711, $dir;

# the key
configure(store => 'store/');
# a sanitized module needs what the suites' own nginx has, too
sub tested {
    my $command = join ' ', map { "'$_'" } nginx(), '-t';

    $command = "LD_PRELOAD='$ENV{TEST_NGINX_LD_PRELOAD}' "
               . 'ASAN_OPTIONS=detect_leaks=0,detect_odr_violation=0 '
               . $command if $ENV{TEST_NGINX_LD_PRELOAD};

    return scalar `$command 2>&1`;
}

Test::More::like(tested(), qr/test is successful/, 'TEST 1: -t');
Test::More::ok(!-e "$dir/store/key", 'TEST 1: -t makes no key');

start();
Test::More::is(mode('store/key'), '0600', 'TEST 2: mode of the key');
Test::More::is(-s "$dir/store/key", 32, 'TEST 2: size of the key');
Test::More::is(mode('store'), '0700', 'TEST 2: mode of the directory');
# the other worker may still be at it
sub files { join ' ', sort map { s{.*/}{}r } glob "$dir/store/*" }
wait_for(sub { files() eq 'data.mdb key lock.mdb' });
Test::More::is(files(), 'data.mdb key lock.mdb',
               'TEST 2: nothing is left behind');
Test::More::is((stat "$dir/store")[4], (getpwnam 'nobody')[2],
               'TEST 2: owner') if $> == 0;

my $key = slurp("$dir/store/key");

Test::More::is(create('alice'), 200, 'TEST 3: a session');
stop();
start();
Test::More::is(slurp("$dir/store/key"), $key, 'TEST 3: the same key');
Test::More::like(answer('/status', 'alice')->{content}, qr/"sessionId":"/,
                 'TEST 3: the same state');

# a broken key at a reload
put('store/key', 'short');
kill 'HUP', $master;
Test::More::ok(wait_for(sub { lines(qr/not a file of exactly 32 bytes/) }),
               'TEST 4: a broken key is refused');
Test::More::is(status('alice'), 200, 'TEST 4: the master lives on');
put('store/key', $key);

# a key that has gone
unlink "$dir/store/key";
Test::More::like(tested(),
                 qr{\[warn\] .*"\S+/store/key" is missing, with a new one},
                 'TEST 4: a key that was lost');
put('store/key', $key);

# a key that cannot be made at a reload, and one that is not to be made yet
mkdir "$dir/new";
symlink "$dir/nowhere/key", "$dir/new/key";
configure(store => "$dir/new");
kill 'HUP', $master;
Test::More::ok(wait_for(sub { lines(qr/new\/key" cannot be made/) }),
               'TEST 4: a key that cannot be made');
Test::More::is(status('alice'), 200, 'TEST 4: the master lives on, again');
Test::More::is(waitpid($master, POSIX::WNOHANG()), 0, 'TEST 4: no other');
unlink "$dir/new/key";

system(nginx(), '-s', 'reopen');
Test::More::ok(!-e "$dir/new/key", 'TEST 4: a signal makes no key');

kill 'HUP', $master;
Test::More::ok(wait_for(sub { -s "$dir/new/key" }),
               'TEST 4: a key made at a reload');
Test::More::ok(wait_for(sub {
    answer('/status', 'alice')->{content} =~ /"sessionId":null/;
}), 'TEST 4: another store');

configure(store => 'store/');
kill 'HUP', $master;
Test::More::ok(wait_for(sub {
    answer('/status', 'alice')->{content} =~ /"sessionId":"/;
}), 'TEST 4: and back');

# replaced under way
rename "$dir/store", "$dir/moved";
put('store', 'a file');
Test::More::is(create("gone$_"), 503, 'TEST 5: no store') for 1 .. 12;
Test::More::is(answer('/t')->{status}, 200, 'TEST 5: the site works');
Test::More::cmp_ok(lines(qr/\[error\].*veriff store/), '<=', 2,
                   'TEST 5: once per worker');
Test::More::cmp_ok(lines(qr/\[error\].*veriff store/), '>=', 1,
                   'TEST 5: it is logged');
unlink "$dir/store";
rename "$dir/moved", "$dir/store";

for (1 .. 8) {
    Test::More::ok(wait_for(sub { status('alice') == 200 }),
                   'TEST 6: mends itself');
}

Test::More::ok(wait_for(sub { lines(qr/is open again/) }),
               'TEST 6: the log says so');
stop();

# garbage, and a file that was cut
my $good = slurp("$dir/store/data.mdb");

for my $bad ('x' x 65536, substr $good, 0, 8192) {
    put('store/data.mdb', $bad);
    start();
    Test::More::is(status('alice'), 503, 'TEST 7: a broken file');
    Test::More::is(create('alice'), 503, 'TEST 7: a broken file, created');
    Test::More::is(answer('/t')->{status}, 200, 'TEST 7: the site works');
    stop();
    Test::More::is(lines(qr/exited on signal/), 0, 'TEST 7: nothing died');
}

put('store/data.mdb', $good);

# full, and larger after a reload
configure(size => '1m');
start();

my $n = 0;
my $last;
while ($n < 4000) {
    $last = create('full' . $n++);
    last if $last != 200;
}

Test::More::is($last, 503, "TEST 8: full after $n users");
create("more$_") for 1 .. 10;
Test::More::is(status('full0'), 200, 'TEST 8: those who are in are known');
Test::More::cmp_ok(lines(qr/veriff store.*it is full/), '<=', 2,
                   'TEST 8: once per worker');

my @old = split ' ', `ps -o pid= --ppid $master`;

# requests that are under way when others have a larger store already
sub begin {
    my ($user) = @_;

    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                       PeerPort => $port)
        or die "connect: $!";

    syswrite $socket, "GET /status HTTP/1.0\r\nX-User: $user\r\n";

    return $socket;
}

my @under_way = map { begin("full$_") } 1 .. 20;

configure(size => '8m');
kill 'HUP', $master;
Test::More::ok(wait_for(sub {
    my %is = map { $_ => 1 } @old;
    grep { !$is{$_} } split ' ', `ps -o pid= --ppid $master`;
}), 'TEST 9: workers with the large store');

VeriffDb::store_dir("$dir/store");
VeriffDb::change(sub { $_[0]{"x$_"} = 'x' x 100_000 for 1 .. 50 });

Test::More::ok((grep { kill 0, $_ } @old) > 0,
               'TEST 9: those with the small one are still there');
Test::More::cmp_ok(-s "$dir/store/data.mdb", '>', 5_000_000,
                   'TEST 9: it has grown');

for my $socket (@under_way) {
    syswrite $socket, "\r\n";
    my $line = <$socket> // 'nothing';
    Test::More::like($line, qr/ 200 /, 'TEST 9: a request under way');
}

@under_way = ();
VeriffDb::change(sub { delete $_[0]{"x$_"} for 1 .. 50 });

Test::More::ok(wait_for(sub { !grep { kill 0, $_ } @old }),
               'TEST 9: the workers with the small map have ended');
Test::More::is(create('larger'), 200, 'TEST 9: room after a reload');
Test::More::is(status('full0'), 200, 'TEST 9: nothing is lost');

# no file may be written behind its head, as if the disk was full
sub limit_files {
    my ($soft) = @_;

    # root may be without the right to it, a process of the same user is not
    my @as = $> == 0 ? qw(setpriv --reuid=nobody --regid=nogroup
                          --clear-groups) : ();

    for my $pid (split ' ', `ps -o pid= --ppid $master`) {
        system(@as, 'prlimit', '--pid', $pid, "--fsize=$soft:") == 0
            or die "prlimit: $?";
    }
}

limit_files(12288);
Test::More::is(create("disk$_"), 503, "TEST 10: a full disk, $_")
    for 1 .. 12;
Test::More::is(status("full$_"), 200, "TEST 10: those who are in, $_")
    for 1 .. 12;
Test::More::cmp_ok(lines(qr/veriff store.*File too large/), '<=', 2,
                   'TEST 10: once per worker');
Test::More::cmp_ok(lines(qr/veriff store.*File too large/), '>=', 1,
                   'TEST 10: it is logged');
limit_files('unlimited');
Test::More::is(create("disk$_"), 200, "TEST 11: room again, $_")
    for 1 .. 12;
Test::More::is(lines(qr/\[notice\].*veriff store.*can be written again/),
               lines(qr/veriff store.*File too large/),
               'TEST 11: which is logged, too');

# reloads
my @failed;

for my $n (1 .. 20) {
    kill 'HUP', $master;

    for my $m (1 .. 20) {
        my $got = status("full$m");
        push @failed, "reload $n, status: $got" if $got != 200;
    }

    my $got = create("reload$n");
    push @failed, "reload $n, session: $got" if $got != 200;
}

Test::More::is(join(', ', @failed), '', 'TEST 12: 20 reloads');
stop();
Test::More::is(lines(qr/\[(?:alert|crit)\]|exited on signal/), 0,
               'TEST 12: the log');
