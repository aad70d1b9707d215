use Mojo::Base -strict, -signatures;

# The program: options, ready file, TLS, and its end.

use FindBin qw($RealBin);
use lib "$RealBin/../lib", "$RealBin/lib";

use File::Temp  qw(tempdir);
use IO::Socket::SSL qw(SSL_VERIFY_PEER);
use Mojo::UserAgent;
use POSIX       ();
use Sandbox::TLS;
use SandboxTest qw($KEY $SECRET start_process stop_process);
use Test::More;
use Time::HiRes qw(sleep time);

my $program = "$RealBin/../sandbox";
my $dir     = tempdir(CLEANUP => 1);

sub gone ($pid) {
    my $end = time + 20;
    sleep 0.05 while kill(0, $pid) && time < $end;
    return !kill 0, $pid;
}

sub gone_child ($pid) {
    my $end = time + 20;
    while (time < $end) {
        return 1 if waitpid($pid, POSIX::WNOHANG()) == $pid;
        sleep 0.02;
    }
    kill 'KILL', $pid;
    waitpid $pid, 0;
    return 0;
}

subtest 'ready file and signals' => sub {
    for my $signal (qw(TERM INT)) {
        my $it = start_process();
        like $it->{http}, qr{\Ahttp://127\.0\.0\.1:\d+\z}, 'http';
        is_deeply [@$it{qw(https ca_file api_key secret)}], [undef, undef, $KEY, $SECRET], 'the rest';
        is stop_process($it->{pid}, $signal), 0, "SIG$signal ends it cleanly";
        ok !-e $it->{ready_file}, 'the ready file is gone';
    }
};

# It is ready, and cannot say so: its standard output has no room.
subtest 'a signal before it waits for requests' => sub {
    my $ready = "$dir/early";
    pipe my $out, my $in or die "cannot make a pipe: $!";
    $in->blocking(0);
    1 while syswrite $in, 'x' x 4096;
    1 while syswrite $in, 'x';
    $in->blocking(1);

    my $pid = fork // die "cannot fork: $!";
    if (!$pid) {
        open STDOUT, '>&', $in or POSIX::_exit(127);
        exec $^X, $program, qw(--port 0 --with-parent --ready-file), $ready
            or POSIX::_exit(127);
    }
    close $in;

    my $end = time + 20;
    sleep 0.02 until -e $ready || time > $end;
    ok -e $ready, 'ready';
    kill 'INT', $pid;
    my $pending = sub {
        open my $status, '<', "/proc/$pid/status" or return 0;
        return scalar grep { /^ShdPnd:\s*0*[1-9a-f]/ } <$status>;
    };
    sleep 0.02 while $pending->() && time < $end;

    $out->blocking(0);
    1 while sysread $out, my $some, 65536;
    ok gone_child($pid), 'it ends';
    ok !-e $ready, 'the ready file is gone';
};

subtest 'TLS' => sub {
    my $ca = "$dir/ca.pem";
    my $it = start_process('--tls-port', 0, '--ca-file', $ca, '--tls-name', 'api.provider.test');
    is $it->{ca_file}, $ca, 'CA file is announced';
    my ($port) = $it->{https} =~ /:(\d+)\z/;

    my $connect = sub ($name, $ca_file) {
        return IO::Socket::SSL->new(
            PeerAddr            => '127.0.0.1',
            PeerPort            => $port,
            SSL_ca_file         => $ca_file,
            SSL_verify_mode     => SSL_VERIFY_PEER,
            SSL_verifycn_name   => $name,
            SSL_verifycn_scheme => 'http',
            SSL_hostname        => $name,
            Timeout             => 20,
        );
    };
    ok $connect->($_, $ca), "verified as $_" for qw(localhost 127.0.0.1 api.provider.test);
    ok !$connect->('other.test', $ca), 'not as another name';

    open my $file, '>', "$dir/other.pem" or die "cannot write: $!";
    print {$file} Sandbox::TLS->new->ca_pem;
    close $file;
    ok !$connect->('localhost', "$dir/other.pem"), 'not by another CA';

    my $ua  = Mojo::UserAgent->new(ca => $ca);
    my $res = $ua->post("$it->{https}/v1/sessions",
        { 'X-AUTH-CLIENT' => $KEY }, json => { verification => {} })->result;
    is $res->code, 201, 'a session over HTTPS';
    like $res->json->{verification}{url}, qr{\A\Q$it->{https}\E/v/}, 'url leads to HTTPS';
    is $ua->get($res->json->{verification}{url})->result->code, 200, 'the page';
    is stop_process($it->{pid}), 0, 'it ends cleanly';
};

subtest 'options' => sub {
    my $it = start_process(
        '--api-key', 'b7a6f3c9-64e5-4d34-8d3a-5f6c2f6e9a01', '--secret', 'first', '--secret', 'two',
        '--public-url', 'https://flow.test/'
    );
    is_deeply [@$it{qw(api_key secret)}],
        ['b7a6f3c9-64e5-4d34-8d3a-5f6c2f6e9a01', 'first'], 'key and first secret';
    my $res = Mojo::UserAgent->new->post("$it->{http}/v1/sessions",
        { 'X-AUTH-CLIENT' => $it->{api_key} }, json => { verification => {} })->result;
    like $res->json->{verification}{url}, qr{\Ahttps://flow\.test/v/}, 'public URL';
    stop_process($it->{pid});

    my $help = `$^X $program --help`;
    is $?, 0, '--help';
    like $help, qr/--$_\b/, "--$_ is explained" for qw(
        port tls-port tls-name ca-file public-url ready-file api-key secret integration-id
        webhook-url event-url webhook-key webhook-secret webhook-insecure retry-interval
        resubmission-delay rate with-parent quiet
    );

    for my $bad ('--port 70000', '--port x', '--nonsense', '--api-key abc', 'argument',
        '--webhook-url nowhere', "--webhook-key $KEY", "--ca-file $dir/x")
    {
        my $said = `$^X $program $bad 2>&1`;
        is $? >> 8, 2, "refused: $bad";
        like $said, qr/\Asandbox: \S/, 'with a reason';
    }

    my $first = start_process();
    my ($port) = $first->{http} =~ /(\d+)\z/;
    my $said = `$^X $program --port $port 2>&1`;
    is $? >> 8, 1, 'a port in use';
    like $said, qr/\Asandbox: .*in use/, 'with the reason';
    stop_process($first->{pid});
};

subtest '--with-parent' => sub {
    my $ready = "$dir/child.ready";

    # A parent which starts a sandbox, waits until it is ready, and goes.
    my $parent = fork // die "cannot fork: $!";
    if (!$parent) {
        my $child = fork // POSIX::_exit(1);
        if (!$child) {
            exec($^X, $program, '--port', 0, '--quiet', '--with-parent', '--ready-file', $ready)
                or POSIX::_exit(127);
        }
        my $end = time + 20;
        sleep 0.02 until -e $ready || time > $end;
        link $ready, "$dir/kept";
        POSIX::_exit(0);
    }
    waitpid $parent, 0;
    is $?, 0, 'the parent is gone';
    open my $file, '<', "$dir/kept" or return fail "no ready file: $!";
    my ($pid) = <$file> =~ /"pid":(\d+)/;
    ok gone($pid), 'and so is the sandbox' or kill 'KILL', $pid;
};

done_testing;
