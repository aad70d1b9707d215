# The examples whose users nginx itself knows by a password.

use lib 't/lib';
use VeriffTest;
use VeriffExample;
use VeriffApp;
use Test::More;

# nobody gets in without a password, not to our own pages either
sub closed {
    for my $path (qw(/ /x /veriff/start /veriff/status)) {
        is_status("nobody, $path", browse($path), 401);
        is_status("wrong password, $path",
                  fetch($path, headers => { Authorization => 'Basic eDp5' }),
                  401);
    }

    is(scalar provider_saw(), 0, 'the provider is not asked');
}

sub no_way_out {
    is_status('the way out', fetch('/veriff-api/v1/sessions', basic('alice')),
              404);
}

on_block(1 => sub {
    closed();
    no_way_out();

    is_problem('a program', fetch('/x', basic('alice')), 'UNVERIFIED');
    led_through('/a/b?c=d', basic('alice'), jar => {});

    is_led('another user', browse('/x', basic('bob')), 302,
           '/veriff/start?return=%2Fx');
    is_status('status', fetch('/veriff/status', basic('alice')), 200,
              qr/^\{"state":"VERIFIED","status":"approved",/);

    is_status('no gate', fetch('/help/x', basic('bob')), 200,
              qr{^app GET /help/x$});
    is_status('no gate, but a password', fetch('/help/x'), 401);
});

# what is demanded of an approval's age, and the end of one
on_block(2 => sub {
    my %alice = (basic('alice'), jar => {});

    my $old = led_to_start('/x', %alice);
    decide($old, 'approved',
           decisionTime => POSIX::strftime('%Y-%m-%dT%H:%M:%SZ',
                                           gmtime(time - 2 * 86_400)));
    passes('two days old', browse('/x', %alice), '/x');

    led_through('/payout/1', %alice);
    passes('elsewhere', browse('/x', %alice), '/x');

    decide(session_of(), 'declined',
           decisionTime => POSIX::strftime('%Y-%m-%dT%H:%M:%SZ',
                                           gmtime(time + 1)));
    is_led('revoked', browse('/x', %alice), 302,
           '/veriff/return?return=%2Fx');
    is_problem('revoked, a program', fetch('/x', %alice), 'REJECTED');
});

no_root_location();
start_app();
service(8080 => $ENV{TEST_NGINX_APP_PORT});
start_sandbox(public_url => 'https://alchemy.veriff.com');
run_tests();

__DATA__

=== TEST 1: a password
--- example: nginx.conf



=== TEST 2: an approval's age, and its end
--- example: nginx.conf
