# A user made of several parts: without one of them nobody is a user, or all
# who have no name would share one, and its verification.

use lib 't/lib';
use VeriffTest;
use VeriffSession;
use VeriffStore;
use VeriffApp;
use Test::More;

our $places = places('location /app {
    veriff_gate kyc;
    proxy_pass http://127.0.0.1:$TEST_NGINX_APP_PORT;
}
location /report {
    veriff_gate kyc report;
    proxy_pass http://127.0.0.1:$TEST_NGINX_APP_PORT;
}');

sub nobody {
    my ($name, @who) = @_;

    answer_is("$name, session", ask('/json', undef, @who), 401);
    answer_is("$name, status", ask('/status', undef, @who), 401);
    answer_is("$name, gate", ask('/app', undef, @who), 401);
    answer_is("$name, report", ask('/report', undef, @who), 200,
              qr{^app GET /report x-veriff-state=UNKNOWN$});
}

on_block(1 => sub {
    nobody('neither');
    nobody('no name', 'X-Tenant' => 'acme');
    nobody('an empty name', 'X-Tenant' => 'acme', 'X-User' => '');
    nobody('no tenant', 'X-User' => 'alice');

    is(posts(), 0, 'the provider is not asked');

    my @alice = ('X-Tenant' => 'acme', 'X-User' => 'alice');
    my $session = ask('/json', undef, @alice);
    answer_is('both', $session, 200, qr/"sessionUrl":"/);
    decide($session->{content}, 'approved');

    answer_is('verified', ask('/app', undef, @alice), 200,
              qr{^app GET /app x-veriff-state=VERIFIED});
    answer_is('of another tenant', ask('/app', undef, 'X-Tenant' => 'other',
                                       'X-User' => 'alice'), 403);
    nobody('no name, again', 'X-Tenant' => 'acme');
});

# "user=" of the location, and text beside one variable
on_block(2 => sub {
    answer_is('nobody', ask('/one'), 401);
    answer_is('alice', ask('/one', 'alice'), 200, qr/"sessionUrl":"/);
    is(posts(), 1, 'one session');
});

start_sandbox();
start_app();
run_tests();

__DATA__

=== TEST 1: tenant and name
--- http_config eval
main::kyc('user "$http_x_tenant/$http_x_user" trusted;')
--- config eval: $main::places



=== TEST 2: text and a name
--- http_config eval
main::kyc('user "$http_x_tenant" trusted;')
--- config eval
main::places('location = /one {
    set $who $http_x_user;
    veriff_session kyc format=json user=acme:$who;
}')
