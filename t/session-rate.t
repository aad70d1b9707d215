# session_rate: no more sessions in a minute, whoever asks and whichever worker
# it is; who has to wait loses nothing.

use lib 't/lib';
use VeriffTest;
use VeriffSession;
use VeriffStore;
use VeriffMetrics;
use Test::More;

worker_connections(1024);

# how many answers of each status
sub statuses {
    my %seen;
    $seen{m{^HTTP/1\.1 (\d+)} ? $1 : 'none'}++ for @_;
    return \%seen;
}

# a user each, all at once
sub crowd {
    my ($path, $prefix, $count) = @_;

    return read_answers(map { send_request($path, "$prefix$_") } 1 .. $count);
}

# 429, and a Retry-After that is within the minute
sub busy {
    my ($name, $answer, $pattern) = @_;

    answer_is($name, $answer, 429, $pattern);

    my $after = $answer->{headers}{'retry-after'} // '';

    like($after, qr/\A\d+\z/, "$name: Retry-After");
    cmp_ok($after, '>=', 1, "$name: of a second");
    cmp_ok($after, '<=', 61, "$name: to a minute");
}

for my $store (1, 0) {
    on_block($store ? 1 : 2, sub {
        my $before = metrics();

        is_deeply(statuses(crowd('/redirect', 'u', 60)),
                  { 303 => 20, 429 => 40 }, 'twenty of sixty');
        is(posts(), 20, 'twenty POSTs');

        busy('JSON', ask('/json', 'x'), qr/"status":429/);
        busy('a page', ask('/redirect', 'x', Accept => 'text/html',
                           'Sec-Fetch-Mode' => 'navigate'),
             qr/<p>Too many people want to be verified right now/);
        busy('API', ask('/api', 'x'),
             qr/"status":"fail","code":"1004"/);

        is(posts(), 20, 'and no more');

        my $after = metrics();

        is($after->{'sessions kyc created'}, 20, 'counted: created');
        is($after->{'sessions kyc session_rate'}, 43, 'counted: 429');
        is($after->{'sessions kyc user_rate'}, 0, 'not for user_rate');
    });
}

on_block(3 => sub {
    my $open = ask('/json', 'alice');
    is($open->{status}, 200, 'the one there is');

    busy('another', ask('/json', 'bob'));
    is(url_of(ask('/json', 'alice')), url_of($open),
       'an open session needs no room');

    # has to wait three times, and keeps the one that the hour has for him
    busy("bob ($_)", ask('/json', 'bob')) for 1 .. 3;
    is(posts(), 1, 'one POST');

    reload_nginx();
    busy('after a reload', ask('/json', 'bob'));

    reload_nginx(sub { s/session_rate 1r/session_rate 2r/ });
    is(ask('/json', 'bob')->{status}, 200, 'a higher rate: bob at once');
    busy('and no more', ask('/json', 'carol'));

    reload_nginx(sub { s/session_rate 2r/session_rate 1r/ });
    busy('a lower one', ask('/json', 'carol'));

    reload_nginx(sub { s{session_rate 1r/m}{session_rate off} });
    is(ask('/json', "off$_")->{status}, 200, "off: $_") for 1 .. 5;

    decide(ask('/json', 'bob')->{content}, 'expired');
    my $bob = ask('/json', 'bob');
    is($bob->{status}, 429, 'bob has had his own');
    cmp_ok($bob->{headers}{'retry-after'}, '>', 1000, 'for this hour');
});

on_block(4 => sub {
    is(ask('/json', 'alice')->{status}, 200, 'one');
    busy('kyc is full', ask('/json', 'bob'));
    is(ask('/age', 'bob')->{status}, 200, 'age has its own');
    busy('and no more', ask('/age', 'carol'));
});

# the last room is lost to others between the look and the request
on_block(5 => sub {
    for my $round (1 .. 5) {
        my $created = () = grep { m{^HTTP/1.1 303 } }
                           crowd('/redirect', "r$round-", 40);

        is($created, $round == 1 ? 3 : 0, "round $round");
    }

    is(posts(), 3, 'three POSTs');

    reload_nginx(sub { s{session_rate 3r/m}{session_rate off} });

    is_deeply(statuses(map { read_answers(send_request('/redirect', $_)) }
                       map { my $n = $_; map { "r$n-$_" } 1 .. 40 } 1 .. 5),
              { 303 => 200 }, 'all get their one session of the hour');
});

# what was not sent does not count
on_block(6 => sub {
    answer_is('unfit', ask('/json', "u$_"), 500) for 1 .. 5;
    is(posts(), 0, 'nothing was sent');
    is(counted('sessions kyc session_rate'), 0, 'nobody has to wait');
    is(counted('sessions kyc unfit'), 5, 'the others are unfit');
});

on_block(7 => sub {
    sandbox(POST => '/_sandbox/config', { rate => 1_000_000 });

    my %seen;

    for my $part (1 .. 7) {
        my $seen = statuses(crowd('/redirect', "p$part-", 100));
        $seen{$_} += $seen->{$_} for keys %$seen;
    }

    is_deeply(\%seen, { 303 => 600, 429 => 100 }, 'the default is 600');
});

start_sandbox();
run_tests();

__DATA__

=== TEST 1: with a store
--- http_config eval
main::kyc('session_rate 20r/m;')
--- timeout: 20



=== TEST 2: without a store
--- http_config eval
main::integration('session_rate 20r/m;')
--- config eval
(main::metrics_places() =~ s/^location = \/status .*\n//mr)
--- timeout: 20



=== TEST 3: who has to wait loses nothing
--- http_config eval
main::kyc('session_rate 1r/m;
    user_rate 1r/h;')
--- timeout: 40



=== TEST 4: each integration has its own
--- http_config eval
(my $conf = main::kyc_and_age()) =~ s/session_rate off;//;
$conf =~ s/(user \$http)/session_rate 1r\/m; $1/g;
$conf
--- config eval
main::metrics_places('
    location = /age { veriff_session age format=json; }
    location /age-api/ {
        internal;
        veriff_sign age insecure_tls;
        rewrite ^/age-api/(.*)$ /$1 break;
        proxy_pass http://127.0.0.1:$TEST_NGINX_SANDBOX_HTTP_PORT;
        proxy_ignore_client_abort on;
    }
')



=== TEST 5: room that is lost to others
--- http_config eval
main::kyc('session_rate 3r/m;
    user_rate 1r/h;')
--- timeout: 40



=== TEST 6: what is not sent
--- http_config eval
main::kyc('session_rate 2r/m;
    payload \'{"verification":{"endUserId":"$http_x_user"}}\';')



=== TEST 7: the default
--- http_config eval
"veriff_store veriff_temp;\n" . main::integration()
--- timeout: 40
