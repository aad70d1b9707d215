# The thread pool that commits go to is full, because others use it, too: who
# gets 2xx is in the store, everyone else 503, and may come again.

use lib 't/lib';
use VeriffTest;
use VeriffSession;
use VeriffStore;
use Test::More;

use POSIX ();

# a lease of 10 s and (1 + 1 + 1 + 1) s, if it cannot be given back
my $short = 'proxy_connect_timeout 1s; proxy_send_timeout 1s;'
            . ' proxy_read_timeout 1s;';

sub pool_places {
    my $places = places('location = /large { aio threads; sendfile off;'
                        . ' output_buffers 1 16m; }');

    return $places =~ s/(internal;)/$1 $short/r;
}

my $second = 1_600_000_000;

Test::Nginx::Util::workers(1);

sub error_log {
    open my $in, '<', $Test::Nginx::Util::ErrLogFile or die "error log: $!";
    return <$in>;
}

sub decision {
    my ($session) = @_;

    my $time = POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime $second++);

    return qq({"status":"success","verification":{"id":"$session",)
           . qq("attemptId":"$session","code":9001,"status":"approved",)
           . qq("decisionTime":"$time","acceptanceTime":"$time"}});
}

# Sends all of them at once: [path, user] or [path, undef, body]
sub at_once {
    my @requests = @_;

    my @sockets = map {
        my ($path, $user, $body) = @$_;

        my $socket = IO::Socket::INET->new(
            PeerAddr => '127.0.0.1:' . server_port()) or die "connect: $!";

        my $text = defined $body
            ? "POST $path HTTP/1.1\r\nHost: localhost\r\n"
              . 'Content-Length: ' . length($body) . "\r\n"
              . 'X-AUTH-CLIENT: ' . VeriffTest::api_key() . "\r\n"
              . 'X-HMAC-SIGNATURE: '
              . VeriffTest::hmac(VeriffTest::shared_secret(), $body) . "\r\n"
            : "GET $path HTTP/1.1\r\nHost: localhost\r\nX-User: $user\r\n";

        syswrite $socket, $text . "Connection: close\r\n\r\n" . ($body // '');
        $socket;
    } @requests;

    return read_answers(@sockets);
}

sub status_of { $_[0] =~ m{^HTTP/1\.1 (\d+)} ? $1 : 0 }

# Whose answer is 200, or 503, a session's with Retry-After; any other ones.
sub sorted {
    my ($answers, @whose) = @_;

    my (@done, @refused, @other);

    for my $i (0 .. $#whose) {
        my $status = status_of($answers->[$i]);

        if ($status == 200) {
            push @done, $whose[$i];

        } elsif ($status == 503
                 && (ref $whose[$i]
                     || $answers->[$i] =~ /^Retry-After: \d+\r$/m))
        {
            push @refused, $whose[$i];

        } else {
            push @other, $answers->[$i] =~ s/\r\n.*//sr || 'nothing';
        }
    }

    return (\@done, \@refused, \@other);
}

# So many clients let the pool's thread read a file in one piece, again and
# again; when the answer begins, or is none, they leave.
sub press {
    my ($clients) = @_;

    my $pid = fork() // die "fork: $!";

    return $pid if $pid;

    $SIG{TERM} = 'DEFAULT';
    my $parent = getppid();
    my $select = IO::Select->new;

    while (getppid() == $parent) {

        while ($select->count < $clients) {
            my $socket = IO::Socket::INET->new(
                PeerAddr => '127.0.0.1:' . server_port()) or last;

            syswrite $socket, "GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n";
            $select->add($socket);
        }

        for my $socket ($select->can_read(0.1)) {
            $select->remove($socket);
            close $socket;
        }

        Time::HiRes::sleep(0.001);
    }

    POSIX::_exit(0);
}

on_block(1 => sub {
    VeriffTest::sandbox(POST => '/_sandbox/config', { rate => 1_000_000 });

    my $name = $Test::Nginx::Util::HtmlDir . '/large';
    open my $out, '>', $name or die "$name: $!";
    truncate $out, 16 * 1024 * 1024;
    close $out or die "$name: $!";

    my (%id, @late_users, @late_hooks, @created, @applied, @wrong);
    my $n = 0;
    my $clients = 16;
    my $pid;

    my $enough = wait_until('successes and refusals of both', sub {
        my @users = map { 'u' . ++$n } 1 .. 10;

        # whose sessions are made before
        my @answers = at_once(map { ['/json', $_] } @users);

        for my $i (0 .. $#users) {
            ($id{$users[$i]}) = $answers[$i] =~ /"sessionId":"([^"]+)"/
                or push @wrong, 'without load: ' . status_of($answers[$i]);
        }

        # many of them leave no room, few do
        $pid = press($clients);
        $clients = $clients > 1 ? $clients / 4 : 16;

        my @hooks = map { [$_, decision($id{$_})] } @users;
        my @new = map { "n$_" } @users;

        # in between the file's pieces, so as some come through
        for my $round (0 .. 4) {
            my @h = @hooks[2 * $round, 2 * $round + 1];
            my @s = @new[2 * $round, 2 * $round + 1];
            my @got = at_once((map { ['/hook', undef, $_->[1]] } @h),
                              (map { ['/json', $_] } @s));

            my ($done, $refused, $other) = sorted([@got[0, 1]], @h);
            push @applied, @$done;
            push @late_hooks, @$refused;
            push @wrong, @$other;

            ($done, $refused, $other) = sorted([@got[2, 3]], @s);
            push @created, @$done;
            push @late_users, @$refused;
            push @wrong, @$other;
        }

        kill 'TERM', $pid;
        waitpid $pid, 0;

        return @applied && @late_hooks && @created && @late_users
               || @wrong;
    }, 60);

    diag(@applied . ' applied, ' . @late_hooks . ' refused; ' . @created
         . ' created, ' . @late_users . ' refused') if !$enough;

    is("@wrong", '', 'each is done, or refused with Retry-After');
    ok((grep { /\[error\].*veriff store.*the thread pool is full/ }
             error_log()), 'the log says why');

    my @lost = grep {
        ask('/status', $_->[0])->{content} !~ /"VERIFIED"/
    } @applied;
    is(@lost, 0, 'what was acknowledged is there');

    my @got = at_once(map { ['/hook', undef, $_->[1]] } @late_hooks);
    is((scalar grep { status_of($_) != 200 } @got), 0,
       'who was refused comes again, and is acknowledged');
    is((scalar grep { ask('/status', $_->[0])->{content} !~ /"VERIFIED"/ }
               @late_hooks), 0, 'and it is there');

    my $left;
    wait_until('a lease that could not be given back ends', sub {
        $left = grep { ask('/json', $_)->{status} != 200 } @late_users;
        return !$left;
    }, 30);
    is($left, 0, 'sessions that were refused are made');

    cmp_ok(posts(), '<=', $n + @created + 2 * @late_users,
           'and no more than one for each try');
});

start_sandbox();
run_tests();

__DATA__

=== TEST 1: a pool that others use
--- main_config
thread_pool default threads=1 max_queue=1;
--- timeout: 90
--- http_config eval: VeriffStore::kyc('session_rate off;')
--- config eval: main::pool_places()
