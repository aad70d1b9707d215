# Decisions from the future: the clock of this host is wrong, or theirs.

use lib 't/lib';
use VeriffTest;
use VeriffSession;
use VeriffStore;
use Test::More;

# A decision so many seconds ahead.
sub decided {
    my ($status, $ahead) = @_;

    my $user = "$status-$ahead";
    my $session = ask('/json', $user)->{content};
    my $at = POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime(time + $ahead));

    decide($session, $status, decisionTime => $at);
    state_is($user, $user, 'VERIFIED', $status);
}

on_block(1 => sub { decided('approved', 3600) });
on_block(2 => sub { decided('approved', 500) });

start_sandbox();
run_tests();

__DATA__

=== TEST 1: too far ahead
--- error_log
veriff "kyc": a decision is from more than ten minutes ahead, check the clock of this host



=== TEST 2: a little ahead
--- no_error_log
[error]
