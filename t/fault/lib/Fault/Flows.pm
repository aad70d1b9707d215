package Fault::Flows;

# What the module does, one flow after the other:
#
#   before   makes what it needs, while nothing fails
#   go       the request, while something fails
#   check    what is wrong with its answer
#   after    what is wrong with what comes next, tried again for some seconds
#   late     that it is looked at when all was run: failures of sessions are
#            relayed for two seconds

use strict;
use warnings;

use Crash;
use Fault;

my $number = 0;
my $second = 1_600_000_000;
my %known;                          # passes: a session, approved
my @asked;                          # when decisions were

# "599" is a connection that was closed without an answer.
my @broken = (500, 503, 599);

sub _name { 'u' . ++$number }

# Everyone who is there all the time.
sub people {
    my ($status, $id) = create('passes');
    $known{passes} = $id // die "no session: $status";
    hook($id, 'approved', $second++)->{status} == 200 or die 'not approved';

    ($status, $id) = create('waits');
    $known{waits} = $id // die "no session: $status";

    my $answer = navigate('/auto?return=/gated', 'comes');
    $known{comes} = $answer->{headers}{'set-cookie'} =~ s/;.*//r;
}

# Statuses that may be: the first one if nothing failed.
sub _among {
    my ($answer, $failed, $ok, @also) = @_;

    my $is = $answer->{status};

    return if $is == $ok;
    return "$is, not $ok" if !$failed;
    return if grep { $is == $_ } @also;
    return "$is: " . substr $answer->{content}, 0, 200;
}

sub _simple {
    my ($name, $go, $ok, $pattern, @also) = @_;

    @also = @broken if !@also;

    return {
        name  => $name,
        go    => $go,
        check => sub {
            my ($answer, undef, $failed) = @_;

            my $wrong = _among($answer, $failed, $ok, @also);
            return $wrong if $wrong;
            return 'the content is ' . substr $answer->{content}, 0, 200
                if $answer->{status} == $ok && $pattern
                   && $answer->{content} !~ $pattern;
            return;
        },
        after => sub {
            my $answer = $go->();
            return $answer->{status} == $ok ? '' : $answer->{status};
        },
    };
}

# ---- sessions --------------------------------------------------------------

# $ask makes the request for a user; the URL of its answer
sub _session {
    my ($name, $ok, $ask, $url, %o) = @_;

    my $also = $o{also} // [502, @broken];

    return {
        name   => $name,
        late   => 1,
        before => sub {
            my $user = _name();
            posts();
            return { user => $user };
        },
        go     => sub { $ask->($_[0]{user}) },
        check  => sub {
            my ($answer, $ready, $failed) = @_;

            $ready->{posts} = posts();
            $ready->{url} = $url->($answer) if $answer->{status} == $ok;

            my @wrong = _among($answer, $failed, $ok, @$also);

            push @wrong, "$ready->{posts} sessions were asked for"
                if $ready->{posts} > 1;
            push @wrong, 'no URL'
                if $answer->{status} == $ok && !$ready->{url};
            return @wrong;
        },
        after  => sub {
            my ($ready, $answer) = @_;

            my $next = $ask->($ready->{user});
            return $next->{status}
                if $next->{status} != $ok;

            my $more = posts();
            return "$more sessions were asked for afterwards" if $more > 1;
            return 'another session' if $ready->{url}
                                        && $url->($next) ne $ready->{url};
            return '';
        },
    };
}

sub _url_of_json { $_[0]{content} =~ /"(?:sessionUrl|url)":"([^"]+)"/ && $1 }

sub _resume {
    return {
        name  => 'resume',
        go    => sub { ask('POST', '/start', 'waits') },
        check => sub {
            my ($answer, undef, $failed) = @_;

            return (_among($answer, $failed, 200, @broken),
                    posts() ? 'a session was asked for' : (),
                    $answer->{status} == 200
                    && (json_of($answer)->{sessionId} // '') ne $known{waits}
                    ? 'another session' : ());
        },
        after => sub {
            my $answer = ask('POST', '/start', 'waits');
            return $answer->{status} == 200 ? '' : $answer->{status};
        },
        before => sub { posts(); return },
    };
}

# Two for one user: the second one waits for the first.
sub _two {
    return {
        name   => 'two at once',
        late   => 1,
        before => sub { posts(); return _name() },
        go     => sub {
            my ($user) = @_;

            my $pid = spawn(sub { ask('POST', '/start', $user) });
            my $answer = ask('POST', '/start', $user);
            waitpid $pid, 0;
            return $answer;
        },
        check  => sub {
            my ($answer, undef, $failed) = @_;

            my $posts = posts();
            return (_among($answer, $failed, 200, 502, @broken),
                    $posts > 2 ? "$posts sessions were asked for" : ());
        },
        after  => sub {
            my $answer = ask('POST', '/start', $_[0]);
            return $answer->{status} == 200 ? '' : $answer->{status};
        },
    };
}

# Nobody but who has a session is created; who is refused stays so.
sub _sessions {
    my $form = '{"verification":{"person":{"lastName":"N"},'
               . '"document":{"country":"EE"}}}';

    return (
        _session('create', 200, sub { ask('POST', '/start', $_[0]) },
                 \&_url_of_json),
        _session('create, client members', 200, sub {
            ask('POST', '/start', $_[0], $form, 'X-Name' => 'Anna') },
                 \&_url_of_json),
        _session('create, redirect', 303,
                 sub { navigate('/auto?return=/gated', $_[0]) },
                 sub { $_[0]{headers}{location} }),
        _session('create, checked', 200, sub {
            ask('POST', '/checked', undef, qq({"user":"$_[0]"})) },
                 \&_url_of_json, also => [401, 502, @broken]),
        _session('create, api', 201, sub {
            ask('POST', '/sdk', $_[0], $form, 'Origin' =>
                'https://app.example.com') },
                 \&_url_of_json),
        _resume(),
        _two(),
        _simple('create, foreign', sub { ask('POST', '/start', 'waits', undef,
                'Sec-Fetch-Site' => 'cross-site') }, 403, qr/./,
                @broken),
        _simple('create, verified', sub { navigate('/auto', 'passes') }, 200,
                qr/<h1>/),
        _simple('create, nobody', sub { ask('POST', '/start') }, 401, qr/./,
                @broken),
    );
}

# ---- signed locations ------------------------------------------------------

sub _made {
    my ($name, $path, $content, $ok) = @_;

    return _simple($name, sub { ask('POST', $path, undef, $content) },
                   $ok, qr/"url":/, 502, @broken);
}

sub _chunks {
    my ($text) = @_;                # a copy

    return sub { length $text ? substr $text, 0, 700, '' : '' };
}

# It is gone from the store, or the answer said that it failed.
sub _delete {
    return {
        name   => 'delete',
        before => sub {
            Crash::sandbox(POST => '/_sandbox/reset');
            Crash::sandbox(POST => '/_sandbox/config', { rate => 1_000_000 });
            my $user = _name();
            my ($status, $id) = create($user);
            hook($id // die("no session: $status"), 'approved', $second++);
            return { user => $user, id => $id };
        },
        go     => sub { ask('DELETE', "/api/v1/sessions/$_[0]{id}") },
        check  => sub {
            my ($answer, $ready, $failed) = @_;

            my $state = state_of($ready->{user});
            return (_among($answer, $failed, 200, 502, @broken),
                    $answer->{status} == 200 && $state ne 'UNVERIFIED'
                    ? "still $state" : ());
        },
        after  => sub {
            my ($ready) = @_;

            my $status = ask('DELETE', "/api/v1/sessions/$ready->{id}")
                             ->{status};
            my $state = state_of($ready->{user});

            return ($status == 200 || $status == 404)
                   && $state eq 'UNVERIFIED' ? '' : "$status, $state";
        },
    };
}

sub _signed {
    my $session = '{"verification":{"vendorData":"v","person":'
                  . '{"firstName":"A","lastName":"B"}}}';
    my $large = $session . ' ' x 3000;
    my $get = sub {
        my ($path) = @_;
        return sub { ask('GET', "/api/v1/sessions/$known{passes}/$path") };
    };

    return (
        _simple('sign GET', $get->('decision'), 200, qr/"status"/,
                502, @broken),
        _simple('sign GET, not found', sub {
            ask('GET', '/api/v1/sessions/'
                       . '0b6e1e9c-6d0a-4b8e-9b1b-0d5f6a7c8d9e/decision') },
                404, qr/./, 502, @broken),
        _simple('sign, no id', sub { ask('GET', '/api/v1/sessions/%21/media') },
                400, qr/"fail"/, @broken),
        _made('sign POST', '/api/v1/sessions', $session, 201),
        _made('sign POST, file', '/file/v1/sessions', $large, 201),
        _simple('sign POST, chunked', sub {
            ask('POST', '/file/v1/sessions', undef, _chunks($large)) },
                201, qr/"url":/, 502, @broken),
        _delete(),
    );
}

# ---- webhooks --------------------------------------------------------------

# An approval is applied if it is acknowledged; and when it comes again.
sub _hook {
    my ($name, $path) = @_;

    return {
        name   => $name,
        before => sub {
            my $user = _name();
            my ($status, $id) = create($user);
            return { user => $user, body => decision($id
                     // die("no session: $status"), 'approved', $second++) };
        },
        go     => sub { webhook($path, $_[0]{body}) },
        check  => sub {
            my ($answer, $ready, $failed) = @_;

            my $state = state_of($ready->{user});
            return (_among($answer, $failed, 200, 502, @broken),
                    $answer->{status} < 300 && $state ne 'VERIFIED'
                    ? "acknowledged, but $state" : ());
        },
        after  => sub {
            my ($ready) = @_;

            my $status = webhook($path, $ready->{body})->{status};
            my $state = state_of($ready->{user});
            return $status == 200 && $state eq 'VERIFIED' ? ''
                   : "$status, $state";
        },
    };
}

sub _vendor {
    return {
        name   => 'webhook, vendorData',
        before => sub {
            my $user = _name();
            my $id = sprintf '00000000-0000-4000-8000-%012d', $number;
            return { user => $user,
                     body => decision($id, 'approved', time() - 60, $user) };
        },
        go     => sub { webhook('/vendor-hook', $_[0]{body}) },
        check  => sub {
            my ($answer, $ready, $failed) = @_;

            my $state = state_of($ready->{user}, '/vendor-status');
            return (_among($answer, $failed, 200, @broken),
                    $answer->{status} < 300 && $state ne 'VERIFIED'
                    ? "acknowledged, but $state" : ());
        },
        after  => sub {
            my ($ready) = @_;

            my $status = webhook('/vendor-hook', $ready->{body})->{status};
            my $state = state_of($ready->{user}, '/vendor-status');
            return $status == 200 && $state eq 'VERIFIED' ? ''
                   : "$status, $state";
        },
    };
}

# What must never be acknowledged.
sub _refused {
    my ($name, $path, $ok, $body, %headers) = @_;

    return _simple($name, sub { webhook($path, $body, %headers) }, $ok, undef,
                   401, @broken);
}

sub _event {
    my ($session) = @_;

    return qq({"id":"$session","attemptId":"$session","feature":"selfid",)
           . qq("code":7002,"action":"submitted"});
}

sub _webhooks {
    my $id = '00000000-0000-4000-8000-000000000001';
    my $body = decision($id, 'approved', 1_600_000_000);
    my $bad = '0' x 64;

    return (
        _hook('webhook', '/hook'),
        _hook('webhook, proxied', '/app-hook'),
        _hook('webhook, passed', '/pass-hook'),
        _hook('webhook, report', '/report-hook'),
        _vendor(),
        _simple('webhook, event',
                sub { webhook('/hook', _event($known{waits})) }, 200, undef),
        _simple('webhook, duplicate',
                sub { webhook('/app-hook', $body) }, 200, undef, 502, @broken),
        _simple('webhook, unknown',
                sub { webhook('/hook', '{"eventType":"new","sessionId":"s"}') },
                200, undef),
        _refused('webhook, wrong signature', '/hook', 401, $body,
                 'X-HMAC-SIGNATURE' => $bad),
        _refused('webhook, unknown key', '/hook', 401, $body,
                 'X-AUTH-CLIENT' => $id),
        _refused('webhook, not JSON', '/hook', 400, '{"a":1,"a":2}'),
        {
            %{ _simple('webhook, report, wrong', sub {
                   webhook('/report-hook', decision($known{waits}, 'approved',
                           $second), 'X-HMAC-SIGNATURE' => $bad) },
                       200, undef, 502, @broken) },
            after => sub { state_of('waits') eq 'VERIFIED' ? 'applied' : '' },
        },
    );
}

# ---- gate and pages --------------------------------------------------------

# Who passes reads a process number.
sub _gate {
    my ($name, $go, $ok, $also, $after) = @_;

    return {
        name  => $name,
        go    => $go,
        check => sub {
            my ($answer, undef, $failed) = @_;

            my $passed = $answer->{status} == 200
                         && $answer->{content} =~ /\A\d+\z/;
            return (_among($answer, $failed, $ok, @$also, @broken),
                    $passed && $ok != 200 ? 'it let pass' : ());
        },
        after => sub {
            my $answer = $go->();
            return $answer->{status} == $ok ? '' : $answer->{status};
        },
    };
}

sub _gates {
    return (
        _gate('gate, passes', sub { ask('GET', '/gated', 'passes') }, 200,
              []),
        _gate('gate, browser', sub { navigate('/gated?a=b', 'waits') }, 302,
              [403]),
        _gate('gate, old browser', sub { navigate('/aged', 'passes') }, 302,
              [403]),
        _gate('gate, program', sub { ask('GET', '/gated', 'waits') }, 403, []),
        _gate('gate, form', sub { ask('POST', '/gated', 'waits', 'a=b',
              %navigation) }, 403, []),
        _gate('gate, nobody', sub { ask('GET', '/gated') }, 401, []),
        _gate('gate, page', sub { navigate('/paged', 'waits') }, 403, []),
        _gate('gate, report', sub { ask('GET', '/reported', 'waits') }, 200,
              []),
    );
}

sub _back {
    my ($name, $path, $pattern) = @_;

    return _simple($name, sub { navigate($path, undef,
                   Cookie => $known{comes}) }, 200, $pattern);
}

# An integration asks for 300 decisions a minute.
sub _spare {
    @asked = grep { $_ > time() - 62 } @asked;
    sleep 1, @asked = grep { $_ > time() - 62 } @asked while @asked > 280;
    push @asked, time();
}

# The verdict is known to the provider only.
sub _reconcile {
    return {
        name   => 'reconcile',
        late   => 1,
        before => sub {
            _spare();

            my $user = _name();
            my $cookie = navigate('/auto?return=/gated', $user)
                             ->{headers}{'set-cookie'} =~ s/;.*//r;
            my $id = json_of(ask('POST', '/start', $user))->{sessionId};

            Crash::sandbox(POST => "/_sandbox/sessions/$id/decide",
                           { status => 'approved' });
            return { user => $user, cookie => $cookie };
        },
        go     => sub { navigate('/return', undef, Cookie => $_[0]{cookie}) },
        check  => sub {
            my ($answer, $ready, $failed) = @_;

            my $state = state_of($ready->{user});
            return (_among($answer, $failed, 303, 200, @broken),
                    $answer->{status} == 303 && $state ne 'VERIFIED'
                    ? "led back, but $state" : ());
        },
        after  => sub {
            my ($ready) = @_;

            _spare();

            my $answer = navigate('/return', undef,
                                  Cookie => $ready->{cookie});
            return $answer->{status} == 303 ? '' : $answer->{status};
        },
    };
}

sub _pages {
    return (
        _back('return', '/return', qr/<h1>/),
        _back('return, own page', '/own-page', qr/\Apage UNVERIFIED/),
        _simple('return, no cookie', sub { navigate('/return') }, 200,
                qr/Thank you/),
        _reconcile(),
        _simple('status', sub { ask('GET', '/status', 'passes') }, 200,
                qr/"VERIFIED"/),
        _simple('status, unknown', sub { ask('GET', '/status', 'nobody') },
                200, qr/"UNVERIFIED"/),
        _simple('metrics', sub { ask('GET', '/metrics') }, 200,
                qr/veriff_sessions_total/),
    );
}

sub all { (_sessions(), _signed(), _webhooks(), _gates(), _pages()) }

1;
