# A record that cannot be read is no empty one: its user is neither let in nor
# sent to be verified anew, and nothing is written over it.

use lib 't/lib';
use VeriffTest;
use VeriffSession;
use VeriffStore;
use VeriffApp;
use VeriffDb;
use VeriffGate;
use Test::More;

$VeriffDb::raw = 1;

start_sandbox();
start_app();

# what becomes of it
my %damage = (
    'cut to nothing much'  => sub { substr $_[0], 0, 1 },
    'cut in the middle'    => sub { substr $_[0], 0, length($_[0]) / 2 },
    'cut by a byte'        => sub { substr $_[0], 0, -1 },
    'a byte longer'        => sub { "$_[0]\0" },
    'of another version'   => sub { chr(255) . substr $_[0], 1 },
    'all zeros'            => sub { "\0" x length $_[0] },
    'all ones'             => sub { "\xff" x length $_[0] },
    'something else'       => sub { '{"state":"VERIFIED"}' },
);

sub put {
    my ($key, $value) = @_;

    change(sub { $_[0]{$key} = $value });
}

on_block(1 => sub {
    my $session = verify('alice');
    my ($key, @more) = keys %{ of_kind('u') };
    my $whole = of_kind('u')->{$key};

    is(scalar @more, 0, 'one user');
    verify('bob');
    passes('as it is', ask('/fine/x', 'alice'));

    my $posts = posts();

    for my $how (sort keys %damage) {
        my $bytes = $damage{$how}->($whole);
        put($key, $bytes);

        for my $o ([], [browser()]) {
            refused($how, ask('/fine/x', 'alice', @$o), 503);
        }

        answer_is("$how: state", ask('/status', 'alice'), 503);
        answer_is("$how: a session", ask('/json', 'alice'), 503);
        passes("$how: on_error=allow", ask('/allow/x', 'alice'),
               state => 'UNKNOWN');
        passes("$how: others", ask('/fine/x', 'bob'));

        is(of_kind('u')->{$key}, $bytes, "$how: it stays as it is");
    }

    is(posts(), $posts, 'the provider was asked for nothing');

    put($key, $whole);
    passes('put back', ask('/fine/x', 'alice'));
    answer_is('verified', ask('/json', 'alice'), 200, qr/"VERIFIED"/);
});

run_tests();

__DATA__

=== TEST 1: records that cannot be read
--- http_config eval: main::gate_http()
--- config eval
main::places('
location = /back { veriff_return kyc; }
location /fine/ { veriff_gate kyc; ' . main::app() . ' }
location /allow/ { veriff_gate kyc on_error=allow; ' . main::app() . ' }')
