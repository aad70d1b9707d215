# What veriff_metrics tells of gates, and of the questions that the return page
# asks about decisions.

use lib 't/lib';
use VeriffTest;
use VeriffSession;
use VeriffStore;
use VeriffReturn;
use VeriffMetrics;
use Test::More;

my %browser = (Accept => 'text/html', 'Sec-Fetch-Mode' => 'navigate',
               'Sec-Fetch-Dest' => 'document');

sub gate_is {
    my ($what, $path, $user, $status, $program) = @_;

    moved("$path, $what", sub {
        is(ask($path, $user, $program ? () : %browser)->{status}, $status,
           "$path: $status");
    }, "gate_requests kyc $what" => 1,
       $what =~ /store_failed/ ? ('store_read_errors' => 1) : ());
}

sub places_with_gates {
    return_places(<<'EOF_CONFIG');
location = /metrics { veriff_metrics; }
location = /app { veriff_gate kyc; empty_gif; }
location = /report { veriff_gate kyc report; empty_gif; }
location = /allow { veriff_gate kyc on_error=allow; empty_gif; }
location = /mistake { veriff_gate kyc; error_page 403 /app; deny all; }
EOF_CONFIG
}

on_block(1 => sub {
    moved('not gated', sub { ask('/ready'); ask('/status', 'alice') });

    gate_is('redirect unverified', '/app', 'alice', 302);
    gate_is('deny unverified', '/app', 'alice', 403, 1);
    gate_is('report unverified', '/report', 'alice', 200);
    gate_is('deny no_user', '/app', undef, 401);
    gate_is('report no_user', '/report', undef, 200);
    gate_is('deny bad_user', '/app', 'x' x 513, 403);
    gate_is('report bad_user', '/report', 'x' x 513, 200);
    gate_is('deny error_page', '/mistake', 'alice', 403);

    my $session = ask('/json', 'alice')->{content};

    event($session, 'submitted');
    gate_is('redirect pending', '/app', 'alice', 302);
    gate_is('deny pending', '/app', 'alice', 403, 1);
    gate_is('report pending', '/report', 'alice', 200);

    decide($session, 'approved');
    gate_is('pass verified', $_, 'alice', 200) for qw(/app /report /allow);

    decide($session, 'declined');
    gate_is('redirect rejected', '/app', 'alice', 302);
    gate_is('deny rejected', '/app', 'alice', 403, 1);
    gate_is('report rejected', '/report', 'alice', 200);
});

on_block(2 => sub {
    gate_is('deny no_location', $_, 'alice', 500) for qw(/start /return);
});

on_block(3 => sub {
    my $dir = "$Test::Nginx::Util::ServRoot/veriff_temp";

    gate_is('redirect unverified', '/app', 'alice', 302);

    rename "$dir/data.mdb", "$dir/kept" or die "rename: $!";
    mkdir "$dir/data.mdb" or die "mkdir: $!";
    reload_nginx();

    gate_is('deny store_failed', '/app', 'alice', 503);
    gate_is('report store_failed', '/report', 'alice', 200);
    gate_is('allow store_failed', '/allow', 'alice', 200);

    rmdir "$dir/data.mdb" or die "rmdir: $!";
    rename "$dir/kept", "$dir/data.mdb" or die "rename: $!";
});

on_block(4 => sub {
    my @asked = ('reconciles kyc asked' => 1,
                 'api_call_seconds_count kyc decision' => 1);
    my ($alice, $bob, $carol) = map { lead($_, '/app') } qw(alice bob carol);

    no_webhooks();

    moved('no decision yet', sub { come_back($alice) }, @asked,
          'api_calls kyc decision 200' => 1,
          'reconciles kyc unchanged' => 1);
    moved('just asked', sub { come_back($alice) });

    decide($bob->{session}, 'approved');
    moved('a decision', sub { come_back($bob) }, @asked,
          'api_calls kyc decision 200' => 1, 'reconciles kyc applied' => 1,
          'outcomes kyc applied' => 1, 'decisions kyc approved' => 1);
    moved('verified', sub { come_back($bob) });

    fault(status => 500);
    moved('a failure', sub { come_back($carol) }, @asked,
          'api_calls kyc decision 5xx' => 1, 'reconciles kyc failed' => 1);

    moved('without a cookie', sub { come_back(undef) });
});

# at most 300 questions a minute
on_block(5 => sub {
    sandbox(POST => '/_sandbox/config', { rate => 1_000_000 });

    # lead() asks for all sessions there are
    my @who = map {
        { cookie => cookie_of(ask('/start?return=/app', "u$_", %browser)) }
    } 1 .. 310;

    no_webhooks();

    my $before = metrics();

    come_back($_) for @who;

    my $after = metrics();

    my %moved = map { my $by = $after->{$_} - ($before->{$_} // 0);
                      $by && /^reconciles/ ? ($_ => $by) : () } keys %$after;

    is_deeply(\%moved, { 'reconciles kyc asked' => 300,
                         'reconciles kyc unchanged' => 300,
                         'reconciles kyc over_budget' => 10 },
              '300, and no more');
    is(questions(), 300, 'the provider has heard 300');
});

start_sandbox();
run_tests();

__DATA__

=== TEST 1: gates
--- config eval
main::places_with_gates()



=== TEST 2: gates where our own locations should be
--- config
location = /metrics { veriff_metrics; }
location = /ready { return 200 "ready\n"; }
location = /start { veriff_gate kyc; empty_gif; }
location = /return { veriff_gate kyc; empty_gif; }



=== TEST 3: a store that is not open
--- config eval
main::places_with_gates()



=== TEST 4: questions about decisions
--- config eval
main::places_with_gates()



=== TEST 5: too many questions
--- http_config eval
main::kyc_return('session_rate off;')
--- config eval
main::places_with_gates()
--- timeout: 40
