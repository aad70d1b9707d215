# Back to where the user came from: what veriff_session does with the cookie
# and the argument "return", in each state and format.

use lib 't/lib';
use VeriffTest;
use VeriffSession;
use VeriffStore;
use VeriffWay;
use Test::More;

my $day = 86400;

sub ago { POSIX::strftime('%Y-%m-%dT%H:%M:%S.000000Z', gmtime(time - $_[0])) }

# a jar with a cookie as the gate sets it
sub jar { return { cookie_name() => sealed(@_) } }

sub cookies { @{ $_[0]{headers}{'set-cookie'} // [] } }

sub back_to {
    my ($name, $answer, $path, $jar) = @_;

    is($answer->{status}, 303, "$name: 303");
    is($answer->{location}, $path, "$name: back");
    is_deeply($jar, {}, "$name: the cookie is gone");
    ok(!$answer->{headers}{'referrer-policy'}
       || $answer->{headers}{'referrer-policy'}[0] eq 'no-referrer',
       "$name: no referrer");
    is($answer->{headers}{'cache-control'}[0], 'no-store',
       "$name: not to be kept");
}

sub page_is {
    my ($name, $answer, $link) = @_;

    my @hrefs = $answer->{content} =~ /href="([^"]*)"/g;

    is($answer->{status}, 200, "$name: a page");
    like($answer->{headers}{'content-type'}[0], qr{^text/html}, "$name: type");
    like($answer->{content}, qr/Your identity is verified/, "$name: words");
    is_deeply(\@hrefs, [defined $link ? $link : ()], "$name: link");
    is(scalar cookies($answer), 0, "$name: no cookie");
}

sub way_is {
    my ($name, $answer, %want) = @_;

    my $way = way_of($answer) // {};
    my $expires = delete $way->{expires} // 0;

    is_deeply($way, { user => 'alice', path => '/', max_age => 0, %want },
              "$name: the way");
    cmp_ok(abs($expires - time - $day), '<', 60, "$name: for a day");
    is(scalar cookies($answer), 1, "$name: one cookie");
}

# creating and resuming
on_block(1 => sub {
    my $first = visit('/redirect?return=/a', user => 'alice');
    my $url = $first->{location};

    is($first->{status}, 303, 'created');
    way_is('created', $first, path => '/a');

    my $answer = visit('/redirect?return=/b', user => 'alice');
    is($answer->{location}, $url, 'resumed');
    way_is('resumed', $answer, path => '/b');

    $answer = visit('/redirect', user => 'alice');
    is($answer->{location}, $url, 'from nowhere');
    way_is('from nowhere', $answer);

    for my $user ('alice', 'bob') {
        $answer = visit('/json?return=/c', user => $user);
        like($answer->{content}, qr/\A\{"state":"UNVERIFIED",
            "sessionUrl":"[^"]+","sessionId":"[^"]+","expiresAt":"[^"]+"\}\z/x,
            "json, $user");
        way_is("json, $user", $answer, path => '/c', user => $user);
    }

    for my $user ('alice', 'carol') {
        $answer = visit('/api?return=/d', user => $user);
        is($answer->{status}, 201, "api, $user");
        is(scalar cookies($answer), 0, "api, $user: no cookie");
    }

    # by the cookie, from then on
    my %jar;
    visit('/redirect?return=/e%3Ff', user => 'alice', jar => \%jar);
    way_is('carried', visit('/redirect', user => 'alice', jar => \%jar),
           path => '/e?f');
    way_is('carried, json', visit('/json', user => 'alice', jar => \%jar),
           path => '/e?f');
    way_is('another one', visit('/json?return=/g', user => 'alice',
                                jar => \%jar), path => '/g');

    is(posts(), 3, 'three users, three POSTs');
});

on_block(2 => sub {
    my %jar;
    visit('/redirect?return=/account%3Fa=b%26c', user => 'alice',
          jar => \%jar);
    decide(ask('/json', 'alice')->{content}, 'approved');

    my %kept = %jar;
    back_to('verified', visit('/redirect', user => 'alice', jar => \%jar),
            '/account?a=b&c', \%jar);

    # once more, without it
    page_is('again', visit('/redirect', user => 'alice', jar => \%jar));
    page_is('a way that was said',
            visit('/redirect?return=/b?c=d%26e', user => 'alice'),
            '/b?c=d&amp;e');

    # where the cookie leads is where the argument does
    %jar = %kept;
    back_to('both', visit('/redirect?return=/account%3Fa=b%26c',
                          user => 'alice', jar => \%jar),
            '/account?a=b&c', \%jar);

    # or not: then it is a link, and the cookie stays what it is
    %jar = %kept;
    page_is('another one', visit('/redirect?return=/b', user => 'alice',
                                 jar => \%jar), '/b');
    is_deeply(\%jar, \%kept, 'another one: the cookie stays');

    my %is = ('/json' => [200, qr/\A\{"state":"VERIFIED","sessionUrl":null\}/],
              '/api' => [409, qr/"status":"fail"/]);

    for my $path (sort keys %is) {
        my $answer = visit("$path?return=/b", user => 'alice', jar => \%jar);

        is($answer->{status}, $is{$path}[0], $path);
        like($answer->{content}, $is{$path}[1], "$path: as ever");
        is(scalar cookies($answer), 0, "$path: no cookie");
    }
});

on_block(3 => sub {
    my $session = ask('/json', 'alice')->{content};
    my %as = (PENDING => [sub { event($session, 'submitted') }, 200],
              REJECTED => [sub { decide($session, 'declined') }, 403]);

    for my $state ('PENDING', 'REJECTED') {
        my ($do, $status) = @{ $as{$state} };
        $do->();

        my %jar = %{ jar(path => '/a', max_age => 7) };

        my $answer = visit('/redirect', user => 'alice', jar => \%jar);
        is($answer->{status}, 303, "$state: led on");
        is($answer->{location}, '/told', "$state: to the return page");
        way_is("$state, carried", $answer, path => '/a', max_age => 7);

        $answer = visit('/redirect?return=/b', user => 'alice', jar => \%jar);
        is($answer->{location}, '/told', "$state: to the return page");
        way_is("$state, asked", $answer, path => '/b');

        $answer = visit('/redirect', user => 'alice');
        is($answer->{location}, '/told', "$state: to the return page");
        way_is("$state, from nowhere", $answer);

        $answer = visit('/json', user => 'alice', jar => \%jar);
        is($answer->{status}, $status, "$state: json");
        is(scalar cookies($answer), 0, "$state: json, no cookie");

        $answer = visit('/api', user => 'alice', jar => \%jar);
        is($answer->{status}, 409, "$state: api");
        is(scalar cookies($answer), 0, "$state: api, no cookie");
    }

    is(posts(), 1, 'one POST');
});

# an approval that is two days old, where one of a day is demanded
on_block(4 => sub {
    my $old = ask('/json', 'alice')->{content};
    decide($old, 'approved', decisionTime => ago(2 * $day));

    my $time = state_is('before', 'alice', 'VERIFIED', 'approved',
                        $old)->{decisionTime};

    # for three days, it will do
    my %jar = %{ jar(path => '/a', max_age => 3 * $day) };
    back_to('not too old', visit('/redirect', user => 'alice', jar => \%jar),
            '/a', \%jar);

    %jar = %{ jar(path => '/a', max_age => $day) };

    my $answer = visit('/redirect', user => 'alice', jar => \%jar);
    is(posts(), 2, 'a new session');
    my $url = $answer->{location};
    like($url, qr/^https:/, 'its URL');
    isnt($url, url_of({ content => $old }), 'not the old one');
    way_is('demanded', $answer, path => '/a', max_age => $day);

    $answer = visit('/redirect', user => 'alice', jar => \%jar);
    is($answer->{location}, $url, 'it is used again');
    is(posts(), 2, 'no POST');
    way_is('again', $answer, path => '/a', max_age => $day);

    $answer = visit('/json', user => 'alice', jar => \%jar);
    is(url_of($answer), $url, 'as JSON, too');
    my ($new) = $answer->{content} =~ /"sessionId":"([^"]+)"/;

    # who does not demand it is content, and the approval stands
    page_is('no demand', visit('/redirect', user => 'alice'));
    like(ask('/status', 'alice')->{content}, qr/"state":"VERIFIED"/,
         'still verified');

    event($new, 'submitted');
    is(visit('/redirect', user => 'alice', jar => \%jar)->{location},
       '/veriff/return', 'submitted: wait');
    like(ask('/status', 'alice')->{content}, qr/"state":"VERIFIED"/,
         'still verified');

    decide($new, 'approved');
    back_to('now', visit('/redirect', user => 'alice', jar => \%jar), '/a',
            \%jar);
    is(posts(), 2, 'no POST');

    my $now = JSON::PP::decode_json(ask('/status', 'alice')->{content});
    isnt($now->{decisionTime}, $time, 'approved anew');
});

# the smaller one of verified_for and what the cookie demands
on_block(5 => sub {
    my %case = (
        # verified_for is two days
        'older than both'        => [4, 3, 0],
        'older than the setting' => [3, 4, 0],
        'older than the cookie'  => [1.5, 1, 0],
        'younger than both'      => [0.5, 1, 1],
        'no demand, older'       => [3, 0, 0],
        'no demand, younger'     => [1.5, 0, 1],
    );

    for my $what (sort keys %case) {
        my ($age, $max_age, $verified) = @{ $case{$what} };
        my $user = $what =~ tr/ ,/__/r;

        decide(ask('/json', $user)->{content}, 'approved',
               decisionTime => ago($age * $day));

        my %jar = %{ jar(user => $user, path => '/a',
                         max_age => $max_age * $day) };
        my $answer = visit('/redirect', user => $user, jar => \%jar);

        is($answer->{status}, 303, "$what: 303");
        like($answer->{location}, $verified ? qr{^/a$} : qr/^https:/, $what);
    }
});

# whose demand counts
on_block(6 => sub {
    my $old = ask('/json', 'alice')->{content};
    decide($old, 'approved', decisionTime => ago(2 * $day));

    my %demand = (path => '/a', max_age => $day);

    page_is("another user's", visit('/redirect', user => 'alice',
                                    jar => jar(%demand, user => 'bob')));
    page_is('whose name is as long',
            visit('/redirect', user => 'alice',
                  jar => jar(%demand, user => 'alicE')));
    page_is('expired', visit('/redirect', user => 'alice',
                             jar => jar(%demand, expires => time - 1)));
    page_is('replaced', visit('/redirect?return=/b', user => 'alice',
                              jar => jar(%demand)), '/b');
    page_is('replaced by nearly the same',
            visit('/redirect?return=/a%3F', user => 'alice',
                  jar => jar(%demand)), '/a?');
    is(posts(), 1, 'no POST');

    # what cannot be a way replaces nothing
    my $answer = visit('/redirect?return=//evil.example', user => 'alice',
                       jar => jar(%demand));
    way_is('no way', $answer, %demand);

    $answer = visit('/redirect?return=%2Fa', user => 'alice',
                    jar => jar(%demand));
    way_is('the same', $answer, %demand);
    is(posts(), 2, 'one POST');
});

# a page that lets nobody pass, whatever start says
on_block(7 => sub {
    decide(ask('/json', 'alice')->{content}, 'approved');

    my %jar = ('a cookie' => jar(path => '/never'), 'no cookie' => {},
               "another user's" => jar(path => '/never', user => 'bob'));
    my %hops = ('a cookie' => 4, 'no cookie' => 2, "another user's" => 2);

    for my $what (sort keys %jar) {
        my @answers = follow('/never', user => 'alice', jar => $jar{$what});

        is($answers[-1]{status}, 200, "$what: a page in the end");
        is(scalar @answers, $hops{$what}, "$what: soon");
    }

    # cookies off: the page, the start page, and that is all
    my @answers;
    my $target = '/never';

    for (1 .. 5) {
        push @answers, visit($target, user => 'alice');
        $target = $answers[-1]{location} // last;
    }

    is(scalar @answers, 2, 'cookies off: two answers');
    page_is('cookies off', $answers[1], '/never');

    # and with those that were kept, each time from the beginning
    my $kept = jar(path => '/never');

    @answers = map { visit('/veriff/start?return=/never', user => 'alice',
                           jar => { %$kept }) } 1 .. 2;
    is($_->{location}, '/never', 'kept: back') for @answers;
});

# cookies off, and the states that lead on
on_block(8 => sub {
    my $session = ask('/json', 'alice')->{content};

    event($session, 'submitted');

    my @answers = follow('/never', user => 'alice');
    is_deeply([map { $_->{status} } @answers], [302, 303, 200], 'PENDING');
    is($answers[1]{location}, '/veriff/return', 'PENDING: the return page');

    decide($session, 'declined');
    @answers = follow('/never', user => 'alice');
    is_deeply([map { $_->{status} } @answers], [302, 303, 200], 'REJECTED');
});

# nothing is kept without a store
on_block(9 => sub {
    my %jar = %{ jar(path => '/a', max_age => 1) };

    for my $path ('/redirect', '/json', '/api') {
        my $answer = visit("$path?return=/b", user => 'alice', jar => \%jar);

        like($answer->{status}, qr/^(?:303|200|201)$/, $path);
        is(scalar cookies($answer), 0, "$path: no cookie");
    }
});

# errors set none
on_block(10 => sub {
    fault(status => 503);

    my %answer = (
        'the provider fails' => visit('/redirect?return=/a', user => 'bob'),
        'no user'            => visit('/redirect?return=/a'),
        'prefetch'           => visit('/redirect?return=/a', user => 'carol',
                                      headers => ['Sec-Purpose: prefetch']),
    );

    is($answer{'the provider fails'}{status}, 503, 'the provider fails');
    is($answer{'no user'}{status}, 401, 'no user');
    is($answer{prefetch}{status}, 403, 'prefetch');

    visit('/redirect', user => 'alice');
    decide(ask('/json', 'alice')->{content}, 'expired');
    $answer{'user_rate'} = visit('/redirect?return=/a', user => 'alice');
    is($answer{'user_rate'}{status}, 429, 'user_rate');

    for my $what (sort keys %answer) {
        is(scalar cookies($answer{$what}), 0, "$what: no cookie");
        ok(!$answer{$what}{location}, "$what: no Location");
    }
});

# the whole way: a page that demands an approval of a day, and has one of two
on_block(11 => sub {
    decide(ask('/json', 'alice')->{content}, 'approved',
           decisionTime => ago(2 * $day));

    my %jar;
    my @answers = follow('/gated/a?b=c', user => 'alice', jar => \%jar);

    is_deeply([map { $_->{status} } @answers], [302, 303], 'to the provider');
    like($answers[-1]{location}, qr/^https:/, 'a URL of its');
    way_is('there', $answers[-1], path => '/gated/a?b=c', max_age => $day);
    is(posts(), 2, 'a new session');

    # the other pages do not mind
    is((follow('/open', user => 'alice'))[0]{content}, "open\n", 'elsewhere');

    @answers = follow('/gated/a?b=c', user => 'alice', jar => \%jar);
    is_deeply([map { $_->{status} } @answers], [302, 303], 'once more');
    is(posts(), 2, 'the same session');

    decide(ask_in(\%jar, '/json'), 'approved');

    @answers = follow('/veriff/start', user => 'alice', jar => \%jar);
    is_deeply([map { $_->{status} } @answers], [303, 200], 'and back');
    is($answers[-1]{content}, "gated\n", 'there it is');
    is_deeply(\%jar, {}, 'the cookie is gone');

    @answers = follow('/gated/a?b=c', user => 'alice', jar => \%jar);
    is(scalar @answers, 1, 'from now on at once');
});

# cookies off: the demand is lost on the way, and nobody goes round
on_block(12 => sub {
    decide(ask('/json', 'alice')->{content}, 'approved',
           decisionTime => ago(2 * $day));

    my @answers = follow('/gated/a?b=c', user => 'alice');

    is_deeply([map { $_->{status} } @answers], [302, 200], 'two hops');
    page_is('cookies off', $answers[-1], '/gated/a?b=c');
    is(posts(), 1, 'no session');

    # who has none at all verifies, cookies or not
    @answers = follow('/gated/a?b=c', user => 'bob');
    is_deeply([map { $_->{status} } @answers], [302, 303], 'to the provider');
    like($answers[-1]{location}, qr/^https:/, 'a URL of its');
});

# the JSON answer that names the session, with the cookies that it needs
sub ask_in {
    my ($jar, $path) = @_;

    return visit($path, user => 'alice', jar => $jar)->{content}
           =~ s/.*?(\{.*\}).*/$1/sr;
}

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value('config', ways_to_start() . places() . '
        absolute_redirect off;
        location = /never { return 302 /veriff/start?return=%2Fnever; }
        location = /open { veriff_gate kyc; try_files /open.txt =404; }
        location /gated/ { veriff_gate kyc max_age=1d;
                           try_files /gated.txt =404; }')
        if !defined $block->config;
});

start_sandbox();
run_tests();

__DATA__

=== TEST 1: creating and resuming



=== TEST 2: VERIFIED



=== TEST 3: PENDING and REJECTED
--- http_config eval
main::kyc('return_uri /told;')



=== TEST 4: step-up



=== TEST 5: the smaller age
--- http_config eval
main::kyc('verified_for 2d;')



=== TEST 6: whose demand counts



=== TEST 7: no loop



=== TEST 8: no loop in the other states



=== TEST 9: no store
--- http_config eval
VeriffSession::integration()
--- config eval
VeriffSession::api() . VeriffSession::sessions()
. 'location = /ready { return 200 "ready\n"; }'



=== TEST 10: errors
--- http_config eval
main::kyc('user_rate 1r/h;')



=== TEST 11: a step-up, by the gate
--- user_files
>>> gated.txt
gated
>>> open.txt
open



=== TEST 12: a step-up with cookies off
--- user_files
>>> gated.txt
gated
