# Who may create a session, when something goes wrong on the way: a provider
# that is slow, a worker that dies, a client that leaves, an answer that comes
# too late, a key that was changed.

use lib 't/lib';
use VeriffTest;
use VeriffSession;
use VeriffStore;
use VeriffDb;
use VeriffHttp2;
use IO::Select ();
use Test::More;

# the signed location's timeouts: a lease of 10 s and (2 + 2 + 1 + 1) s
my $short = 'proxy_connect_timeout 2s; proxy_send_timeout 1s;'
            . ' proxy_read_timeout 1s;';

sub short_places { VeriffStore::places() =~ s/(internal;)/$1 $short/r }

# a session of whose request somebody gets a copy, over HTTP/2
sub with_copies {
    my ($more) = @_;

    return kyc($more) . '
    server {
        listen $TEST_NGINX_H2_PORT http2;
        location = /copied { mirror /copy; veriff_session kyc format=json; }
        location = /copy {
            internal;
            proxy_pass http://127.0.0.1:$TEST_NGINX_COPY_PORT;
        }
    ' . places() . '}';
}

sub now { Time::HiRes::time() }

sub worker_pids {
    open my $in, '<', $Test::Nginx::Util::PidFile or die "pid: $!";
    my ($master) = <$in> =~ /(\d+)/;

    return split ' ', `ps -o pid= --ppid $master`;
}

sub error_log {
    open my $in, '<', $Test::Nginx::Util::ErrLogFile or die "error log: $!";
    return <$in>;
}

on_block(1 => sub {
    fault(delay => 12);

    my $first = send_request('/json', 'alice');
    wait_for_posts(1);

    my $began = now();
    my $second = ask('/json', 'alice');
    my $waited = now() - $began;

    is($second->{status}, 503, 'who waits too long: 503');
    is($second->{headers}{'retry-after'}, 30, 'with Retry-After');
    cmp_ok($waited, '>=', 9.9, 'not before ten seconds');

    my ($answer) = read_answers($first);
    like($answer, qr/"sessionUrl":"/, 'who was first has it');

    my $third = ask('/json', 'alice');
    is(url_of($third), url_of({ content => $answer }), 'and then all have');
    is(posts(), 1, 'one POST');
});

# A worker that is killed has the user for as long as an answer could take.
on_block(2 => sub {
    fault(delay => 0.5);

    my $first = send_request('/json', 'alice');
    wait_for_posts(1);

    my @killed = worker_pids();
    my $began = now();

    kill 'KILL', @killed;
    wait_until('other workers', sub {
        my %is = map { $_ => 1 } @killed;
        grep { !$is{$_} } worker_pids() and ask('/ready')->{status} == 200;
    });

    is(ask('/json', 'bob')->{status}, 200, 'others are not concerned');

    my $answer;
    wait_until('the end of the lease', sub {
        $answer = ask('/json', 'alice');
        $answer->{status} == 200;
    });

    like($answer->{content}, qr/"sessionUrl":"/, 'a session in the end');
    cmp_ok(now() - $began, '>', 13, 'after the lease');
    is(posts(), 3, 'one POST more');
});

# What the record says of the lease: from 48 on, and its holder.
sub lose_lease {
    change(sub {
        my ($all) = @_;

        for my $name (grep { /^u/ } keys %$all) {
            substr($all->{$name}, 48, 8) = pack 'Q<', 1;
            substr($all->{$name}, 56, 8) = pack 'Q<', 1;
        }
    });
}

on_block(3 => sub {
    fault(delay => 1);

    my $first = send_request('/json', 'alice');
    wait_for_posts(1);
    lose_lease();

    my ($answer) = read_answers($first);
    like($answer, qr/"sessionUrl":"/, 'nobody has a newer one: it is kept');

    is(url_of(ask('/json', 'alice')), url_of({ content => $answer }),
       'and used again');
    is(posts(), 1, 'one POST');
});

on_block(4 => sub {
    fault(delay => 1.5);

    my $first = send_request('/json', 'alice');
    wait_for_posts(1);
    lose_lease();

    my $second = answer_is('the second', ask('/json', 'alice'), 200,
                           qr/"sessionUrl":"/);
    my ($answer) = read_answers($first);

    like($answer, qr{^HTTP/1.1 503 }, 'the first has nothing');
    like($answer, qr/^Retry-After: 30\r$/m, 'but may try again');
    is(ask('/json', 'alice')->{content}, $second, 'and gets the other one');
    is(posts(), 2, 'two POSTs');

    is(scalar(grep { /\[error\].*"kyc".*paid in vain/ } error_log()), 1,
       'which the log tells');
});

# A sealed URL is the last thing in a record.
on_block(5 => sub {
    my $first = answer_is('the first', ask('/json', 'alice'), 200);

    change(sub {
        my ($all) = @_;

        for my $name (grep { /^u/ } keys %$all) {
            substr($all->{$name}, -1) ^= "\1";
        }
    });

    my $second = answer_is('a URL that cannot be unsealed',
                           ask('/json', 'alice'), 200, qr/"sessionUrl":"/);
    isnt($second, $first, 'is replaced');
    is(ask('/json', 'alice')->{content}, $second, 'once');
    is(posts(), 2, 'two POSTs');

    change(sub {
        my ($all) = @_;

        for my $name (grep { /^u/ } keys %$all) {
            substr($all->{$name}, -1) ^= "\1";
        }
    });

    answer_is('inside of user_rate', ask('/json', 'alice'), 429);
    is(posts(), 2, 'no POST');
});

# A lease, a failure and a rate that were written an hour and more ahead.
on_block(6 => sub {
    fault(status => 500);
    answer_is('the provider fails', ask('/json', 'alice'), 503);

    change(sub {
        my ($all) = @_;
        my $then = int((now() + 7200) * 1000);

        for my $name (grep { /^u/ } keys %$all) {
            substr($all->{$name}, $_, 8) = pack 'q<', $then for 48, 64, 80;
            substr($all->{$name}, 56, 8) = pack 'Q<', 1;
            substr($all->{$name}, 88, 4) = pack 'V', 1000;
            substr($all->{$name}, 92, 2) = pack 'v', 503;
        }
    });

    answer_is('nobody waits for that time', ask('/json', 'alice'), 200,
              qr/"sessionUrl":"/);
    is(posts(), 2, 'the provider was asked');
});

# Until nginx has answered a PING, and dealt with all that came before.
sub pong {
    my ($socket) = @_;

    my $text = '';

    syswrite $socket, pack 'xnCCNa8', 8, 6, 0, 0, 'ping' x 2;

    wait_until('the answer to a PING', sub {
        sysread $socket, $text, 4096, length $text
            if IO::Select->new($socket)->can_read(0);
        return index($text, pack 'xnCCNa8', 8, 6, 1, 0, 'ping' x 2) >= 0;
    });
}

# A client of HTTP/2 that leaves takes its request with it as soon as another
# part of it ends, here a copy: $then gets a sub by which it does.
sub leave {
    my ($then) = @_;

    my $copies = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1,
                     LocalPort => $ENV{TEST_NGINX_COPY_PORT}, ReuseAddr => 1)
        or die "listen: $!";
    my $socket = h2_connect();

    syswrite $socket, h2_request(1, '/copied', 'x-user', 'alice');
    IO::Select->new($copies)->can_read(10) or die 'nobody asks for a copy';
    my $copy = $copies->accept() or die "accept: $!";

    $then->(sub {
        syswrite $socket, h2_reset(1);
        pong($socket);

        syswrite $copy, "HTTP/1.0 200 OK\r\n\r\n";
        close $copy;

        my $log = $Test::Nginx::Util::AccLogFile;
        wait_until('the end of the request', sub {
            open my $in, '<', $log or die "$log: $!";
            return scalar grep { m{GET /copied } } <$in>;
        });
    });
}

# The change that takes the lease waits for the store, the client does not.
on_block(7 => sub {
    locked(sub {
        leave(sub { $_[0]->() });
    });

    wait_until('a lease that was taken, and given back', sub {
        my ($record) = values %{ of_kind('u') };
        return defined $record && substr($record, 48, 16) eq "\0" x 16;
    });

    is(posts(), 0, 'the provider was not asked');
    answer_is('who comes next', ask('/json', 'alice'), 200,
              qr/"sessionUrl":"/);
    is(posts(), 1, 'one POST, which is the first in the hour');
});

# What the provider answers then, nobody hears.
on_block(8 => sub {
    fault(delay => 30);

    leave(sub {
        wait_for_posts(1);
        $_[0]->();
    });

    wait_until('who comes next', sub {
        ask('/json', 'alice')->{status} == 200;
    });
    is(posts(), 2, 'one POST more, as it may have been paid');
});

$ENV{TEST_NGINX_COPY_PORT} = free_port();

start_sandbox();
run_tests();

__DATA__

=== TEST 1: ten seconds is what others wait
--- timeout: 30



=== TEST 2: a worker is killed while it creates a session
--- config eval: main::short_places()
--- timeout: 30
--- allow_alerts



=== TEST 3: an answer after the lease, and no other session
--- timeout: 20



=== TEST 4: an answer after the lease, and another session
--- timeout: 20
--- http_config eval
main::kyc('user_rate 10r/h;')



=== TEST 5: a URL sealed with another key
--- http_config eval
main::kyc('user_rate 2r/h;')



=== TEST 6: a clock that was set back
--- http_config eval
main::kyc('user_rate 1r/h;')



=== TEST 7: a client leaves before it has the lease
--- http_config eval
main::with_copies('user_rate 1r/h;')



=== TEST 8: a client leaves while its session is made
--- http_config eval
main::with_copies()
--- timeout: 40
