# veriff_return: where the browser lands after the flow.  Only the sealed
# cookie counts: with it a verified user goes back, and others are told what
# is going on; without it an arrival grants nothing, and burns nothing.

use lib 't/lib';
use VeriffTest;
use VeriffSession;
use VeriffStore;
use VeriffReturn;
use Digest::SHA ();
use POSIX ();
use Test::More;

sub at { POSIX::strftime("%Y-%m-%dT%H:%M:%S$_[1]", gmtime(time - $_[0])) }

# what the store has, and what the provider has heard
sub world {
    my ($dir) = glob "$Test::Nginx::Util::ServRoot/veriff_temp";

    open my $in, '<:raw', "$dir/data.mdb" or die "$dir/data.mdb: $!";
    my $bytes = do { local $/; <$in> };

    return Digest::SHA::sha256_hex($bytes) . ' ' . scalar all_requests();
}

# what a page says, by the state that it shows: heading, whether it changes by
# itself, the words of its link
my %said = (
    none => ['Please verify your identity', 0, 'Start the verification'],
    begun => ['Have you finished?', 1, 'Continue the verification'],
    pending => ['Your verification is being checked', 1, undef],
    again => ['Please try once more', 1, 'Repeat the verification'],
    ended => ['The verification was not finished', 0, 'Start again'],
    old => ['Please verify your identity again', 0, 'Start the verification'],
    declined => ['Your verification was declined', 0, undef],
    retry => ['Your verification was declined', 0, 'Start again'],
);

sub said_is {
    my ($name, $who, $said, $return) = @_;

    my ($heading, $live, $words) = @{ $said{$said} };
    my $answer = come_back($who);
    my $html = $answer->{content};

    page_is($name, $answer, $heading);
    is(refresh_of($answer), $live ? 5 : undef, "$name: refreshed or not");
    is($html =~ /<script>/ ? 1 : 0, $live, "$name: polled or not");
    is($html =~ /<p role="status" aria-live="polite">/ ? 1 : 0, $live,
       "$name: announced or not");

    my ($text) = $html =~ m{<a href="[^"]*">(.*?)</a>};
    is($text, $words, "$name: the link says");
    is(link_of($answer), $words ? "/start?return=$return" : undef,
       "$name: the link leads to start");

    return $answer;
}

sub shows {
    my ($answer) = @_;

    return join ' ', $answer->{content} =~
        /<main data-poll="(.*?)" data-state="(.*?)" data-status="(.*?)">/;
}

on_block(1 => sub {
    my $who = lead('alice', '/app?x=1&y=2');
    my @begun = ('begun', '%2Fapp%3Fx%3D1%26y%3D2');
    my $again = ['again', $begun[1]];

    is(shows(said_is('created', $who, @begun)),
       '/status UNVERIFIED created', 'created: what it shows');

    event($who->{session}, 'started');
    is(shows(said_is('started', $who, @begun)),
       '/status UNVERIFIED started', 'started: what it shows');

    event($who->{session}, 'submitted');
    is(shows(said_is('submitted', $who, 'pending')),
       '/status PENDING submitted', 'submitted: what it shows');

    decide($who->{session}, 'review');
    is(shows(said_is('review', $who, 'pending')), '/status PENDING review',
       'review: what it shows');

    decide($who->{session}, 'resubmission_requested');
    is(shows(said_is('resubmission', $who, @$again)),
       '/status UNVERIFIED resubmission_requested',
       'resubmission: what it shows');

    decide($who->{session}, 'declined', decisionTime => at(60, 'Z'));
    said_is('declined', $who, 'declined');
    like(come_back($who)->{content}, qr/contact the site's support/,
         'declined: for good');

    decide($who->{session}, 'approved', decisionTime => at(30, 'Z'));
    led_back('approved', come_back($who), '/app?x=1&y=2');

    # a cookie that was copied still leads its user, and none else
    led_back('approved, twice', come_back($who), '/app?x=1&y=2');

    is(questions(), 0, 'the provider is not asked');
});

on_block(2 => sub {
    for my $status (qw(expired abandoned)) {
        my $who = lead($status, '/');

        decide($who->{session}, $status);
        said_is($status, $who, 'ended', '%2F');
    }
});

on_block(3 => sub {
    my $alice = lead('alice', '/a');

    decide($alice->{session}, 'approved', decisionTime => at(2 * 86400, 'Z'));
    said_is('too old', $alice, 'old', '%2Fa');

    my $bob = lead('bob', '/b');

    decide($bob->{session}, 'declined', decisionTime => at(60, 'Z'));
    my $answer = said_is('declined just now', $bob, 'declined');

    my $when = POSIX::strftime('%Y-%m-%d %H:%M', gmtime(time - 60 + 3600));
    like($answer->{content}, qr/You may try again from \Q$when\E:\d\d UTC on/,
         'when another try is possible');

    my $carol = lead('carol', '/c');

    decide($carol->{session}, 'declined', decisionTime => at(7200, 'Z'));
    said_is('declined long ago', $carol, 'retry', '%2Fc');
});

# another browser, a phone, a bot; forged and foreign cookies
on_block(4 => sub {
    my $alice = lead('alice', '/app');
    my $before = world();
    my $neutral = come_back(undef)->{content};

    my ($name, $value) = split /=/, $alice->{cookie}, 2;
    my $flipped = $value;
    substr($flipped, length($value) / 2, 1) =~ s/(.)/$1 eq 'A' ? 'B' : 'A'/e;

    my %cookies = (
        'no cookie' => undef,
        'another one' => 'session=1',
        'an empty one' => "$name=",
        'nonsense' => "$name=alice",
        'one byte changed' => "$name=$flipped",
        'cut off' => "$name=" . substr($value, 0, -1),
        'longer' => "${name}=${value}A",
        'under another name' => "__Host-veriff_age=$value",
        'without the prefix' => "veriff_kyc=$value",
    );

    for my $what (sort keys %cookies) {
        my $answer = come_back(defined $cookies{$what}
                               ? { cookie => $cookies{$what} } : undef);

        neutral_is($what, $answer);
        is($answer->{content}, $neutral, "$what: the same for all");
        is($answer->{headers}{'set-cookie'}, undef, "$what: no cookie is set");
    }

    # what an arrival says, and who says it, is not looked at
    for my $path ('/return?user=alice&status=approved&return=/evil',
                  "/return?session_id=$alice->{session}", '/return?') {
        neutral_is($path, come_back(undef, path => $path));
    }

    neutral_is('with the user', come_back(undef, 'X-User' => 'alice'));

    is(world(), $before, 'nothing is written, nobody is asked');
    is(told('alice'), 'UNVERIFIED created', 'nothing is granted');

    # and nothing is burnt
    decide($alice->{session}, 'approved');
    neutral_is('verified, elsewhere', come_back(undef));
    led_back('verified, here', come_back($alice, path =>
             '/return?return=//evil.example'), '/app');
});

on_block(5 => sub {
    my $alice = lead('alice', '/a');
    my $bob = lead('bob', '/b');

    decide($alice->{session}, 'approved');

    # bob's browser does not become alice's, whatever it says
    page_is('another user', come_back($bob, 'X-User' => 'alice'),
            'Have you finished?');
    led_back('the user', come_back($alice, 'X-User' => 'bob'), '/a');
});

on_block(6 => sub {
    my $alice = lead('alice', '/app');
    my $before = world();

    for my $method (qw(POST PUT DELETE)) {
        my $answer = come_back($alice, method => $method);

        answer_is($method, $answer, 405, qr/<h1>Method Not Allowed<\/h1>/);
        is($answer->{headers}{allow}, 'GET, HEAD', "$method: Allow");
        is($answer->{headers}{'set-cookie'}, undef, "$method: no cookie");
    }

    my $problem = ask('/return', undef, method => 'POST',
                      Accept => 'application/json');
    is($problem->{headers}{'content-type'}, 'application/problem+json',
       'not a browser: a problem');

    my $page = come_back($alice);
    my $head = come_back($alice, method => 'HEAD');
    answer_is('HEAD', $head, 200, qr/\A\z/);
    is($head->{headers}{'content-length'}, length $page->{content},
       'HEAD: the length');

    is(world(), $before, 'nothing has changed');
});

on_block(7 => sub {
    my $alice = lead('alice', '/app');

    for (['a page that changes', come_back($alice)],
         ['one that does not', come_back(undef)]) {
        my ($name, $answer) = @$_;
        my $html = $answer->{content};
        my %header = %{ $answer->{headers} };
        my ($script) = $html =~ m{<script>(.*?)</script>}s;
        my ($style) = $html =~ m{<style>(.*?)</style>}s;

        my $csp = "default-src 'none'; style-src '" . hash_of($style) . "'; "
            . ($script ? "script-src '" . hash_of($script)
                         . "'; connect-src 'self'; " : '')
            . "frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

        is($header{'content-security-policy'}, $csp, "$name: CSP");
        is($header{'content-type'}, 'text/html; charset=utf-8',
           "$name: a page");
        is($header{'x-frame-options'}, 'DENY', "$name: no frames");
        is($header{'x-content-type-options'}, 'nosniff', "$name: no sniffing");
        is($header{'cache-control'}, 'no-store', "$name: not stored");
        is($header{'referrer-policy'}, 'no-referrer', "$name: no referrer");

        like($html, qr/\A<!DOCTYPE html>\r\n<html lang="en">/, "$name: lang");
        is(() = $html =~ /<h1>/g, 1, "$name: one heading");
        is(() = $html =~ /<main\b/g, 1, "$name: main");
        like($html, qr/<title>[^<]+<\/title>/, "$name: a title");
        unlike($html, qr/ on\w+=| style=|<(?:img|link|iframe|form)\b|src=/i,
               "$name: nothing else");
        unlike($html, qr{https?://|//}, "$name: nothing from elsewhere");
    }
});

sub hash_of {
    my $hash = Digest::SHA::sha256_base64($_[0]);

    return "sha256-$hash" . '=' x (-length($hash) % 4);
}

# what users can choose: their name, and where they were
on_block(8 => sub {
    my $name = canary('al<b>"ice\'&amp;');

    for my $path ('/%22%3E%3Cscript%3Ealert(1)%3C/script%3E', "/a'b(c)?d=e'f&g",
                  '/?return=x&"') {
        my $who = eval { lead($name, $path) };

        my $answer = come_back($who);
        my $link = link_of($answer);

        like($link, qr{\A/start\?return=[\w%.~()-]+\z}, "$path: escaped");
        unlike($answer->{content}, qr/alert\(1\)<|al<b>|&amp;amp|%2522%253E</,
               "$path: nothing of it in clear");

        # and it is still the place
        my $again = ask($link, $name, %VeriffReturn::navigation);
        is($again->{headers}{location}, $who->{url}, "$path: goes on");
        like($link, qr/%2F/, "$path: is in it");
    }
});

on_block(9 => sub {
    for my $who (undef, lead('alice', '/app')) {
        my $name = $who ? 'with a cookie' : 'without';
        my $answer = come_back($who);

        is($answer->{status}, 200, "$name: 200");
        is($answer->{content}, $who ? "UNVERIFIED created \n" : "  \n",
           "$name: the operator's page");
        is($answer->{headers}{'cache-control'}, 'no-store',
           "$name: not stored");
    }

    my $bob = lead('bob', '/b');
    my $time = at(10, 'Z');
    decide($bob->{session}, 'declined', decisionTime => $time);
    is(come_back($bob)->{content}, "REJECTED declined $time\n", 'declined');

    decide($bob->{session}, 'approved');
    led_back('approved', come_back($bob), '/b');

    # a file is sent anew, whatever the browser has
    my $file = come_back(undef, path => '/file');
    answer_is('a file', $file, 200, qr/\Athe page\n\z/);
    answer_is('the file again', come_back(undef, path => '/file',
              'If-Modified-Since' => $file->{headers}{'last-modified'}), 200,
              qr/\Athe page\n\z/);
});

on_block(10 => sub {
    answer_is('led in circles', come_back(undef), 500);
});

on_block(11 => sub {
    my $alice = lead('alice', '/app');

    my ($dir) = glob "$Test::Nginx::Util::ServRoot/veriff_temp";
    rename "$dir/data.mdb", "$dir/kept" or die "rename: $!";
    mkdir "$dir/data.mdb" or die "mkdir: $!";

    my $master = master();
    kill 'HUP', $master or die "kill: $!";

    wait_until('the store has failed', sub {
        ask('/status', 'alice')->{status} == 503;
    });

    my $answer;
    wait_until('and so has the return page', sub {
        $answer = come_back($alice);
        $answer->{status} == 503;
    });

    like($answer->{content}, qr/is not known right now/, 'it says so');
    is($answer->{headers}{'retry-after'}, 10, 'Retry-After');
    is($answer->{headers}{'set-cookie'}, undef, 'the cookie stays');
    neutral_is('nobody', come_back(undef));
    answer_is('an error page', come_back($alice, path => '/pretty'), 503,
              qr/\Apretty\n\z/);

    rmdir "$dir/data.mdb" or die "rmdir: $!";
    rename "$dir/kept", "$dir/data.mdb" or die "rename: $!";
});

sub master {
    my $file = $Test::Nginx::Util::PidFile;

    open my $in, '<', $file or die "$file: $!";

    return <$in> =~ s/\s+//r;
}

# the location needs no login, but its server does
on_block(12 => sub {
    my %basic = (Authorization => 'Basic YWxpY2U6YWxpY2U=');

    answer_is('start', ask('/start?return=/x', undef), 401);
    neutral_is('return', come_back(undef));

    my $start = ask('/start?return=/x', undef, %basic,
                    %VeriffReturn::navigation);
    is($start->{status}, 303, 'led away');
    page_is('back', come_back({ cookie => cookie_of($start) }),
            'Have you finished?');
});

on_block(13 => sub {
    my $kyc = lead('alice', '/k');
    my $age = lead('alice', '/a', start => '/age-start', name => 'age');

    decide($kyc->{session}, 'approved');
    decide($age->{session}, 'approved');

    led_back('its own', come_back($kyc), '/k');

    my $value = $age->{cookie} =~ s/.*?=//r;
    neutral_is("another integration's",
               come_back({ cookie => "__Host-veriff_kyc=$value" }));
    neutral_is('under its own name', come_back($age));

    # both in one browser
    led_back('both', come_back({ cookie =>
             "x=y; $age->{cookie}; $kyc->{cookie}" }), '/k');
});

# every worker knows of the verdict at once
on_block(14 => sub {
    my $alice = lead('alice', '/app');

    decide($alice->{session}, 'approved');

    for my $n (1 .. 20) {
        is(come_back($alice)->{headers}{location}, '/app', "$n: led back");
    }
});

# the gate's demand is carried there and back
on_block(15 => sub {
    my $first = lead('alice', '/');

    decide($first->{session}, 'approved', decisionTime => at(7200, 'Z'));
    led_back('without a demand', come_back($first), '/');

    my $who = lead_by_gate('alice', '/fresh?x=1');

    is(told('alice'), 'VERIFIED approved', 'verified elsewhere');
    said_is('not fresh', $who, 'begun', '%2Ffresh%3Fx%3D1');
    led_back('without a demand', come_back($first), '/');

    decide($who->{session}, 'approved');
    led_back('fresh', come_back($who), '/fresh?x=1');
    is(ask('/fresh?x=1', 'alice')->{status}, 200, 'and it opens');

    # an approval that is too old now, and no session after it
    my $bob = lead_by_gate('bob', '/fresh');

    decide($bob->{session}, 'approved', decisionTime => at(7200, 'Z'));
    is(told('bob'), 'VERIFIED approved', 'verified elsewhere');
    said_is('too old', $bob, 'old', '%2Ffresh');
});

# neither the return page nor the operator's own is gated
on_block(16 => sub {
    is(ask('/app', undef, Accept => 'text/html')->{status}, 401, 'the gate');
    neutral_is('the return page', come_back(undef));
    answer_is('the page', come_back(undef, path => '/page'), 200,
              qr/\Athe page\n\z/);
    is(ask('/page.html', undef)->{status}, 401, 'but not by itself');
});

key_file("htpasswd", "alice:{PLAIN}alice\n", 0644);
start_sandbox();
run_tests();

__DATA__

=== TEST 1: what is said of every state
--- http_config eval
main::kyc_return('reconcile off;')



=== TEST 2: sessions that end without a verdict
--- http_config eval
main::kyc_return('reconcile off;')



=== TEST 3: approvals too old, and declines that may be tried again
--- http_config eval
main::kyc_return('reconcile off; verified_for 1d; retry_declined 1h;')



=== TEST 4: without the cookie
--- no_error_log
[error]



=== TEST 5: it is the cookie that says who the user is
--- http_config eval
main::kyc_return('reconcile off;')



=== TEST 6: methods
--- http_config eval
main::kyc_return('reconcile off;')



=== TEST 7: headers, and what a page is made of
--- http_config eval
main::kyc_return('reconcile off;')



=== TEST 8: nothing that a user has chosen is in the page as it is
--- http_config eval
main::kyc_return('reconcile off;')



=== TEST 9: a page of the operator's own
--- http_config eval
main::kyc_return('reconcile off;')
--- config eval
main::places(<<'END')
location = /return { veriff_return kyc page=/own; }
location = /file { veriff_return kyc page=/page.html; }
location = /own {
    default_type text/plain;
    return 200 "$veriff_state $veriff_status $veriff_decision_time\n";
}
END
--- user_files
>>> page.html
the page



=== TEST 10: a page that leads back to where it was shown
--- config eval
main::places(<<'END')
location = /return { veriff_return kyc page=/circle; }
location = /circle { rewrite ^ /return last; }
END
--- error_log
veriff return "kyc": its page leads back to it



=== TEST 11: the store fails
--- http_config eval
main::kyc_return('reconcile off;')
--- config eval
main::return_places(<<'END')
location = /pretty {
    veriff_return kyc;
    error_page 503 /pretty.html;
}
location = /pretty.html { return 503 "pretty\n"; }
END
--- allow_alerts
--- timeout: 20



=== TEST 12: no login
--- http_config eval
main::kyc_return('user $remote_user; reconcile off;')
--- config eval
my $basic = <<'END';
auth_basic app;
auth_basic_user_file $TEST_NGINX_KEYS/htpasswd;
END
$basic . main::api() . <<'END'
location = /start { veriff_session kyc; }
location = /return { veriff_return kyc; auth_basic off; }
location = /status { veriff_status kyc; }
location = /hook { veriff_webhook kyc; auth_basic off; }
location = /ready { auth_basic off; return 200 "ready\n"; }
END



=== TEST 13: a cookie belongs to one integration
--- http_config eval
main::kyc_and_age() =~ s/callback/start_uri \/start; return_uri \/return;
    status_uri \/status; reconcile off;
    callback/gr
--- config eval
main::return_places(main::api('', 'age') =~ s/veriff-api/age-api/gr
                    . 'location = /age-start { veriff_session age; }')
    =~ s/veriff_webhook kyc/veriff_webhook kyc age/r



=== TEST 14: on all workers
--- http_config eval
main::kyc_return('reconcile off;')



=== TEST 15: what a gate demands
--- http_config eval
main::kyc_return('reconcile off;')
--- config eval
main::return_places(<<'END')
location = /fresh {
    veriff_gate kyc max_age=1h;
    try_files /page.html =404;
}
END
--- user_files
>>> page.html
the page



=== TEST 16: behind the gate of its server
--- http_config eval
main::kyc_return('reconcile off;')
--- config eval
'veriff_gate kyc;' . main::return_places(<<'END')
location = /page { veriff_return kyc page=/page.html; }
END
--- user_files
>>> page.html
the page
