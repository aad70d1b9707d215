package SandboxTest;

# What the sandbox's own tests share: a sandbox inside the test (Test::Mojo) or
# as a process, a receiver of webhooks, waiting with a bound, a raw client.

use Mojo::Base -strict, -signatures;

use Digest::SHA       qw(hmac_sha256_hex);
use Exporter          qw(import);
use File::Temp        qw(tempdir);
use FindBin           qw($RealBin);
use IO::Socket::INET;
use Mojo::IOLoop;
use Mojo::JSON        qw(decode_json);
use Mojo::Server::Daemon;
use Mojolicious;
use POSIX             ();
use Test::Mojo;
use Test::More;
use Time::HiRes       qw(sleep time);

use Sandbox;
use Sandbox::Settings qw(parse_options);

our @EXPORT_OK = qw(
    $KEY $SECRET control created_session fails is_signed new_receiver new_sandbox
    post_session raw_exchange read_answer signed start_process stop_process wait_for
);

our $KEY    = '8e4f7a10-3c52-4d8b-9f61-52a0c7d1e9b3';
our $SECRET = 'abcdef12-abcd-abcd-abcd-abcdef012345';

use constant BOUND => 20;

my %children;
my $owner = $$;

END {
    if ($$ == $owner) {
        my $status = $?;
        stop_process($_) for keys %children;
        $? = $status;
    }
}

sub new_sandbox (@options) {
    my $app = Sandbox->new;
    $app->use_settings({
        %{ parse_options(@options) },
        public_url => 'https://flow.test',
    });
    return Test::Mojo->new($app);
}

sub signed ($message, $secret = $SECRET) {
    return (
        'X-AUTH-CLIENT'    => $KEY,
        'X-HMAC-SIGNATURE' => hmac_sha256_hex($message, $secret),
    );
}

sub post_session ($t, $body = '{"verification":{}}', %headers) {
    %headers = ('X-AUTH-CLIENT' => $KEY, 'Content-Type' => 'application/json', %headers);
    return $t->post_ok('/v1/sessions' => \%headers => $body);
}

# A new session; returns the "verification" of the answer.
sub created_session ($t, $body = '{"verification":{}}') {
    post_session($t, $body)->status_is(201);
    return $t->tx->res->json->{verification};
}

sub control ($t, $path, $wish = {}) {
    $t->post_ok("/_sandbox/$path" => json => $wish)->status_is(200);
    return $t->tx->res->json;
}

# The last answer carries a signature which an independent HMAC confirms.
sub is_signed ($t, $name = 'answer is signed') {
    my $res = $t->tx->res;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is_deeply(
        [map { $res->headers->header($_) } qw(x-auth-client x-hmac-signature)],
        [$KEY, hmac_sha256_hex($res->body, $SECRET)], $name
    );
}

sub fails ($t, $status, $code, $name) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    $t->status_is($status, "$name: $status");
    is_deeply(
        [@{ $t->tx->res->json // {} }{qw(status code)}],
        ['fail', $code], "$name: $code"
    );
}

sub wait_for ($what, $condition) {
    my $end = time + BOUND;
    my $tick = Mojo::IOLoop->recurring(0.02 => sub { });
    Mojo::IOLoop->one_tick until $condition->() || time > $end;
    Mojo::IOLoop->remove($tick);
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return ok($condition->(), $what);
}

# Listens for webhooks; @{ $it->{statuses} } are answered first, then 200.
sub new_receiver () {
    my $it  = { seen => [], statuses => [] };
    my $app = Mojolicious->new;
    $app->log->level('fatal');
    $app->routes->any('/*rest' => { rest => '' })->to(
        cb => sub ($c) {
            push @{ $it->{seen} }, {
                path    => $c->req->url->path->to_string,
                method  => $c->req->method,
                headers => $c->req->headers->to_hash,
                body    => $c->req->body,
            };
            my $status = shift @{ $it->{statuses} } // 200;
            $c->res->headers->location('/elsewhere') if $status == 302;
            $c->render(data => "got it\n", status => $status);
        }
    );
    $it->{daemon} = Mojo::Server::Daemon->new(
        app => $app, listen => ['http://127.0.0.1'], silent => 1
    )->start;
    $it->{url} = "http://127.0.0.1:" . $it->{daemon}->ports->[0];
    return $it;
}

# The sandbox as its users start it. Returns what its ready file says.
sub start_process (@options) {
    my $ready = tempdir(CLEANUP => 1) . '/ready';
    my $pid   = fork // die "cannot fork: $!";
    if (!$pid) {
        exec $^X, "$RealBin/../sandbox", qw(--port 0 --quiet --with-parent --ready-file), $ready,
            @options
            or POSIX::_exit(127);
    }
    $children{$pid} = 1;

    my $end = time + BOUND;
    until (-e $ready) {
        die "the sandbox ended at once\n" if waitpid($pid, POSIX::WNOHANG()) == $pid;
        die "the sandbox does not get ready\n" if time > $end;
        sleep 0.02;
    }
    open my $file, '<:raw', $ready or die "cannot read $ready: $!";
    return { %{ decode_json(do { local $/; <$file> }) }, ready_file => $ready };
}

# Returns the exit status, or nothing when it had to be killed.
sub stop_process ($pid, $signal = 'TERM') {
    return unless delete $children{$pid};
    kill $signal, $pid;
    my $end = time + BOUND;
    while (time < $end) {
        return $? if waitpid($pid, POSIX::WNOHANG()) == $pid;
        sleep 0.02;
    }
    kill 'KILL', $pid;
    waitpid $pid, 0;
    return;
}

# Sends bytes to a sandbox process and returns all that comes until it closes.
sub raw_exchange ($http, $request) {
    my ($host, $port) = $http =~ m{//([^:]+):(\d+)};
    my $socket = IO::Socket::INET->new(PeerAddr => $host, PeerPort => $port, Timeout => BOUND)
        or die "cannot connect: $@";
    local $SIG{ALRM} = sub { die "no end of the answer\n" };
    alarm BOUND;
    print {$socket} $request;
    my $answer = do { local $/; <$socket> };
    alarm 0;
    return $answer // '';
}

# (status, {header => [values]}, body) of raw bytes.
sub read_answer ($bytes) {
    my ($head, $body) = split /\r\n\r\n/, $bytes, 2;
    my ($line, @lines) = split /\r\n/, $head // '';
    my ($status) = ($line // '') =~ m{\AHTTP/1\.1 (\d{3})};
    my %headers;
    for (@lines) {
        my ($name, $value) = /\A([^:]+):\s*(.*)\z/ or next;
        push @{ $headers{ lc $name } }, $value;
    }
    return ($status, \%headers, $body);
}

1;
