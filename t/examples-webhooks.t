# The examples that are about webhooks alone.

use lib 't/lib';
use VeriffTest;
use VeriffExample;
use VeriffApp;
use Test::More;

my %pair = map {
    $_ => [sprintf('%08x-0000-4000-8000-000000000000', unpack '%32C*', $_),
           canary("$_-0000-4000-8000-000000000000")];
} qw(kyc aml new other);

my %decision = (status => 'success', verification => {
    id => '12345678-1234-4234-8234-123456789012', status => 'approved',
    code => 9001, decisionTime => '2026-01-01T00:00:00Z' });

# the status of a webhook, with a key of one pair and a secret of another
sub hook {
    my ($path, $key, $secret) = @_;

    my $sent = sandbox(POST => '/_sandbox/webhooks/send', {
        url => 'https://127.0.0.1:' . port_of(443) . $path,
        body => \%decision,
        $key ? (api_key => $key->[0], secret => $secret->[1]) : () });

    return $sent->{status};
}

# one URL for two integrations
on_block(1 => sub {
    is(hook('/webhooks/veriff', ($pair{$_}) x 2), 200, "signed by $_")
        for qw(kyc aml);
    is(hook('/webhooks/veriff', $pair{kyc}, $pair{aml}), 401, 'mixed');
    is(hook('/webhooks/veriff', ($pair{other}) x 2), 401, 'unknown key');
    is(hook('/webhooks/try', $pair{kyc}, $pair{aml}), 200, 'report');
    is_status('nothing else', fetch('/', host => 'hooks.example.com'), 404);

    my @line;
    VeriffStore::wait_until('the log', sub {
        open my $in, '<', place('/var/log/nginx/veriff_webhooks.log')
            or return 0;
        @line = <$in>;
        return @line == 6;
    });

    my @seen = sort map { join ' ', (split)[1, 2] } @line;
    is_deeply(\@seen, [sort '200 ok', '200 ok', '401 bad_signature',
                            '401 unknown_key', '200 bad_signature', '404 -'],
              'the log');
});

# the old pair and the new one, side by side
on_block(2 => sub {
    my $old = [api_key(), shared_secret()];

    is(hook('/veriff/webhook', $old, $old), 200, 'the old pair');
    is(hook('/veriff/webhook', ($pair{new}) x 2), 200, 'the new pair');
    is(hook('/veriff/webhook', $old, $pair{new}), 401, 'not mixed');
    is(hook('/veriff/webhook', ($pair{other}) x 2), 401, 'and no other');
});

no_root_location();
start_app();
service(8080 => $ENV{TEST_NGINX_APP_PORT});
key_pair(%pair);
start_sandbox();
run_tests();

__DATA__

=== TEST 1: webhooks only
--- example: webhooks-only.conf



=== TEST 2: rotation
--- example: rotation.conf
