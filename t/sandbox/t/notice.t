use Mojo::Base -strict, -signatures;

# Webhooks besides decisions and events.

use FindBin qw($RealBin);
use lib "$RealBin/../lib", "$RealBin/lib";

use Digest::SHA qw(hmac_sha256_hex);
use Mojo::JSON  qw(decode_json true);
use SandboxTest qw($SECRET control created_session new_receiver new_sandbox signed);
use Test::More;

my $receiver = new_receiver();
my $t        = new_sandbox('--webhook-url', $receiver->{url});
my $v        = created_session($t, '{"verification":{"vendorData":"u-1"}}');

sub notice (%wish) {
    @{ $receiver->{seen} } = ();
    control($t, "sessions/$v->{id}/webhook", { wait => true, %wish });
    is @{ $receiver->{seen} }, 1, "$wish{type}: sent once";
    my $seen = $receiver->{seen}[0];
    is $seen->{headers}{'x-hmac-signature'}, hmac_sha256_hex($seen->{body}, $SECRET),
        "$wish{type}: signed"
        if $seen->{headers};
    return (decode_json($seen->{body}), $seen->{body});
}

my $time = '2026-01-02T03:04:05.678901Z';

my ($json) = notice(type => 'watchlist', status => 'possible_match', check => 'updated_result',
    time => $time);
is_deeply [@$json{qw(checkType matchStatus sessionId createdAt totalHits vendorData)}],
    ['updated_result', 'possible_match', $v->{id}, $time, 1, 'u-1'], 'watchlist';
($json) = notice(type => 'watchlist');
is_deeply [@$json{qw(checkType matchStatus totalHits)}], ['initial_result', 'no_match', 0],
    'watchlist, as most of them are';

($json) = notice(type => 'user_status', status => 'approved', time => $time);
is $json->{eventType}, 'user-status.created', 'user status';
is $json->{data}{verification}{userDefinedData}{status}, 'approved', 'user status: its status';
is $json->{data}{verification}{id}, $json->{attemptId}, 'user status: the inner id';

($json) = notice(type => 'full_auto', status => 'declined', time => $time);
is_deeply [$json->{data}{verification}{decision}, $json->{time}, $json->{sessionId}],
    ['declined', $time, $v->{id}], 'full auto';
($json) = notice(type => 'full_auto', wrapped => true);
is_deeply $json->{data}{verification}{decision}, { value => 'approved' }, 'full auto, wrapped';

($json) = notice(type => 'ine');
is_deeply [@$json{qw(eventType sessionId)}, $json->{data}{status}],
    ['ine_registry', $v->{id}, 'found'], 'INE';
($json) = notice(type => 'curp', status => 'not_found');
is_deeply [@$json{qw(type id)}, $json->{data}{status}],
    ['curp_registry', $v->{id}, 'not_found'], 'CURP';
($json) = notice(type => 'ine_curp');
is $json->{eventType}, 'combined-ine-curp-registry', 'both';
($json) = notice(type => 'address');
is $json->{code}, 7005, 'address';
($json) = notice(type => 'unknown');
is $json->{eventType}, 'something.new', 'of the future';

my (undef, $plain) = notice(type => 'watchlist', time => $time);
my ($more, $bytes) = notice(type => 'watchlist', time => $time, extra => true);
ok exists $more->{newMember}, 'a new member';
unlike $bytes, qr/\A\{"checkType"/, 'in another order';
like $plain, qr/\A\{"checkType"/, 'and without';

for my $wish ({ type => 'decision' }, {}, { type => 'ine', check => 'x' },
    { type => 'ine', other => 1 })
{
    $t->post_ok("/_sandbox/sessions/$v->{id}/webhook", json => $wish)->status_is(400);
}
$t->post_ok('/_sandbox/sessions/none/webhook', json => { type => 'ine' })->status_is(404);

done_testing;
