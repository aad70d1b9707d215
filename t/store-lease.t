# Who may create a session, when something goes wrong on the way: a provider
# that is slow, a worker that dies, an answer that comes too late, a key that
# was changed.

use lib 't/lib';
use VeriffTest;
use VeriffSession;
use VeriffStore;
use VeriffDb;
use Test::More;

# the signed location's timeouts: a lease of 10 s and (2 + 2 + 1 + 1) s
my $short = 'proxy_connect_timeout 2s; proxy_send_timeout 1s;'
            . ' proxy_read_timeout 1s;';

sub short_places { VeriffStore::places() =~ s/(internal;)/$1 $short/r }

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
    cmp_ok($waited, '<', 11, 'nor much later');

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
    cmp_ok(now() - $began, '<', 17, 'at once');
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
