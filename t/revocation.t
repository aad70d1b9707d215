# After a revocation is acknowledged the next request on every worker is
# stopped: connections to all four workers wait, the webhook is answered, and
# each of them asks at once.

use lib 't/lib';
use VeriffTest;
use VeriffSession;
use VeriffStore;
use IO::Select ();
use IO::Socket::INET ();
use JSON::PP ();
use Test::More;

my $workers = 4;
my $rounds = 10;
my $timeout = 10;
my $second = 1_600_000_000;

our $server = <<'EOF_CONFIG';
server {
    listen $TEST_NGINX_MANY_PORT reuseport;
    location = /pid { return 200 $pid; }
    location = /status { veriff_status kyc; add_header X-Pid $pid always; }
    location = /gated {
        veriff_gate kyc;
        add_header X-Pid $pid always;
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/ready;
    }
    location = /hook { veriff_webhook kyc; add_header X-Pid $pid always; }
}
EOF_CONFIG

$ENV{TEST_NGINX_MANY_PORT} = free_port();


# ---- connections that are kept ---------------------------------------------

sub connection {
    return IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                 PeerPort => $ENV{TEST_NGINX_MANY_PORT},
                                 Timeout => $timeout) || die "connect: $!";
}

sub send_on {
    my ($socket, $path, $user, %o) = @_;

    my $body = $o{body};
    my $headers = join '', map { "$_: $o{headers}{$_}\r\n" }
                           sort keys %{ $o{headers} // {} };

    $headers .= 'Content-Length: ' . length($body) . "\r\n" if defined $body;

    print {$socket} +(defined $body ? 'POST' : 'GET') . " $path HTTP/1.1\r\n"
                    . "Host: localhost\r\nX-User: $user\r\n$headers\r\n"
                    . ($body // '');
}

sub is_complete {
    my ($text) = @_;

    my $head = index($text, "\r\n\r\n") + 4;

    return 0 if $head < 4;
    return length $text >= $head + $1
        if $text =~ /^Content-Length: (\d+)\r$/mi;

    return $text =~ /\r\n0\r\n\r\n\z/;
}

sub answer_on {
    my ($socket) = @_;

    my $text = '';
    my $select = IO::Select->new($socket);

    until (is_complete($text)) {
        $select->can_read($timeout) or die "no answer: $text";
        sysread($socket, $text, 65536, length $text) or die "cut: $text";
    }

    my ($status) = $text =~ m{^HTTP/1\.1 (\d+)};
    my ($pid) = $text =~ /^X-Pid: (\d+)\r$/m;
    my ($state) = $text =~ /"state":"(\w+)"/;

    return { status => $status, pid => $pid, state => $state // '-' };
}

# Two for each worker.
sub connections_to_all {
    my %of;

    for (1 .. 400) {
        my $socket = connection();

        send_on($socket, '/status', 'nobody');
        my $pid = answer_on($socket)->{pid};

        push @{ $of{$pid} }, $socket if @{ $of{$pid} // [] } < 2;
        last if keys %of == $workers && !grep { @$_ < 2 } values %of;
    }

    is(scalar keys %of, $workers, 'connections to all workers');

    return map { @$_ } values %of;
}

# A decision, newer than all before it, through one of the connections.
sub send_decision {
    my ($socket, $session, $status) = @_;

    my $time = POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime($second += 60));
    my $body = JSON::PP->new->canonical->encode({ status => 'success',
        verification => { id => $session, status => $status, code => 9001,
                          attemptId => "attempt-$second",
                          decisionTime => $time } });

    send_on($socket, '/hook', 'provider', body => $body, headers => {
        'Content-Type' => 'application/json',
        'X-AUTH-CLIENT' => api_key(),
        'X-HMAC-SIGNATURE' => hmac(shared_secret(), $body) });
}

sub is_acknowledged {
    my ($name, $socket) = @_;

    is(answer_on($socket)->{status}, 200, $name);
}

sub decided {
    my ($name, $socket, $session, $status) = @_;

    send_decision($socket, $session, $status);
    is_acknowledged("$name: $status", $socket);
}

# All ask at once; the different answers, and how many workers gave them.
sub all_ask {
    my ($path, $user, @sockets) = @_;

    my (%seen, %pids);

    send_on($_, $path, $user) for @sockets;

    for my $answer (map { answer_on($_) } @sockets) {
        $seen{"$answer->{status} $answer->{state}"}++;
        $pids{$answer->{pid}}++;
    }

    return join(', ', map { "$seen{$_} x $_" } sort keys %seen)
           . ' from ' . keys(%pids) . ' workers';
}

sub session {
    my ($user) = @_;

    return JSON::PP::decode_json(ask('/json', $user)->{content})->{sessionId};
}

# Approved, then declined, told to another worker each time.
on_block(1 => sub {
    my @sockets = connections_to_all();
    my $all = @sockets;

    for my $round (1 .. $rounds) {
        my $user = "user-$round";
        my $session = session($user);
        my $teller = $sockets[$round % $all];

        decided("round $round", $teller, $session, 'approved');
        is(all_ask('/gated', $user, @sockets),
           "$all x 200 - from $workers workers", "round $round: all pass");

        decided("round $round", $teller, $session, 'declined');
        is(all_ask('/gated', $user, @sockets),
           "$all x 403 REJECTED from $workers workers",
           "round $round: nobody passes");
        is(all_ask('/status', $user, @sockets),
           "$all x 200 REJECTED from $workers workers",
           "round $round: and it is told so");
    }
});

# The same by connections that are made when it has been acknowledged.
on_block(2 => sub {
    my $session = session('alice');

    decided('alice', connection(), $session, 'approved');
    decided('alice', connection(), $session, 'declined');

    my @sockets = map { connection() } 1 .. 100;
    my $all = @sockets;

    is(all_ask('/gated', 'alice', @sockets),
       "$all x 403 REJECTED from $workers workers", 'nobody passes');
});

# They are asking all the time until it is acknowledged.
on_block(3 => sub {
    my ($teller, @sockets) = connections_to_all();
    my $all = @sockets;
    my $session = session('bob');
    my $select = IO::Select->new($teller);
    my $asked = 0;

    decided('bob', $teller, $session, 'approved');
    send_decision($teller, $session, 'declined');

    until ($select->can_read(0) || $asked++ == 10_000) {
        all_ask('/gated', 'bob', @sockets);
    }

    is(all_ask('/gated', 'bob', @sockets),
       "$all x 403 REJECTED from $workers workers",
       'nobody passes from then on');
    is_acknowledged('it was acknowledged before', $teller);
});

start_sandbox();
run_tests();

__DATA__

=== TEST 1: approved and declined, and all workers asked each time
--- http_config eval
VeriffStore::kyc() . $::server



=== TEST 2: connections that are made afterwards
--- http_config eval
VeriffStore::kyc() . $::server



=== TEST 3: while everybody is asking
--- http_config eval
VeriffStore::kyc() . $::server
