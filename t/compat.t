# What the provider calls backward compatible: new members, another order,
# other opaque strings, new types, and what else may come with them.  For each
# answer that the module reads, each webhook, and the answers of all endpoints:
# the outcome is what it is without the change, and applications get every byte.

use lib 't/lib';
use VeriffTest;
use VeriffSession;
use VeriffStore;
use VeriffReturn;
use VeriffWebhook qw(start_app app_seen exchange webhook status_of content_of
                     header_of);
use VeriffEndpoints;
use Encode ();
use JSON::PP ();
use MIME::Base64 ();
use POSIX ();
use Test::More;

worker_connections(512);
no_long_string();

my $now = time;
my $people = 0;
my $json = JSON::PP->new->utf8->allow_nonref->canonical;

sub ago { POSIX::strftime('%Y-%m-%dT%H:%M:%S.000000Z', gmtime($now - $_[0])) }


# ---- changes ---------------------------------------------------------------

# Of every JSON type, with names and values that a reader may stumble over.
my $nested = ('[' x 300) . '{"deep":[]}' . (']' x 300);
my @added = (
    '"newText": "\u00fcn\ud83d\ude00known \\\\ \" \/ \t"', '"newNull": null',
    '"newTrue": true', '"newList": [1, [], {}, "a", null]', '"": 0',
    '"newObject": {"id": "x", "status": "approved", "verification": {}}',
    '"newNumber": -12.5e-3', '"__proto__": {}', "\"newDeep\": $nested",
    '"newInteger": 9007199254740993', '"new\u0041\"}": "{\"",',
);
$added[-1] =~ s/,$//;

# Values that are opaque, or of an open set, by their names.
my %other = (
    attemptId    => 'attempt.' . 'x' x 300,
    reason       => 'because ' . 'of ' x 3000,
    reasonCode   => 99_999,
    technicalData => { ip => '2001:db8::1', vpn => JSON::PP::true() },
    type         => 'MOON_PASSPORT',
    gender       => 'X',
    country      => 'ZZZ',
    feature      => 'somethingElse',
    monitorStatus => 'paused',
    checkType    => 'third_result',
    version      => '17.0.0-beta',
    totalHits    => -1,
    decisionScore => 'high',
    riskLabels   => { label => 'an object now' },
    person       => 'a string now',
    host         => 'https://elsewhere.example.net',
    sessionToken => 'no.JWT',
);

sub string {
    my ($text) = @_;

    return '"' . join('', map { sprintf '\u%04x', $_ }
                          unpack 'n*', Encode::encode('UTF-16BE', $text))
           . '"';
}

# JSON as bytes.  Options: reverse (members and lists), front, behind (members
# for every object), space (white space), escape (every character).
sub written {
    my ($value, %o) = @_;

    my $colon = $o{space} ? "\r\n\t: " : ':';
    my $comma = $o{space} ? " ,\n\n\t " : ',';
    my $text = sub {
        my $plain = $json->encode($_[0]);
        return $o{escape} && $plain =~ /^"/ ? string($_[0]) : $plain;
    };

    if (ref $value eq 'ARRAY') {
        my @items = map { written($_, %o) } @$value;
        @items = reverse @items if $o{reverse};
        return '[' . join($comma, @items) . ']';
    }

    return $text->($value) if ref $value ne 'HASH';

    my @members = map { $text->($_) . $colon . written($value->{$_}, %o) }
                  sort keys %$value;
    @members = reverse @members if $o{reverse};

    my ($open, $close) = $o{space} ? ("{ \t", "\r\n}") : ('{', '}');

    return $open . join($comma, @{ $o{front} // [] }, @members,
                        @{ $o{behind} // [] }) . $close;
}

# Another value for what is opaque; what says who and what is left.
sub altered {
    my ($value, @keep) = @_;

    return $value if ref $value ne 'HASH';

    my %new = map {
        my $name = $_;
        $name => exists $other{$name} && !grep({ $_ eq $name } @keep)
                 ? $other{$name} : altered($value->{$name}, @keep)
    } keys %$value;

    return \%new;
}

# Name, and what makes the bytes of a decoded body; @keep are the members that
# tell what it is.
my @changes = (
    ['members in front', sub { written($_[0], front => \@added) }],
    ['members behind', sub { written($_[0], behind => \@added) }],
    ['another order', sub { written($_[0], reverse => 1) }],
    ['another order, members', sub { written($_[0], reverse => 1,
                                             behind => \@added) }],
    ['white space', sub { "\n\t" . written($_[0], space => 1) . "\r\n" }],
    ['escapes', sub { written($_[0], escape => 1) }],
    ['other values', sub { my ($body, @keep) = @_;
                           written(altered($body, @keep)) }],
    ['a large member', sub {
        written($_[0], front => ['"newLarge": "' . 'x' x 10_000 . '"'])
    }],
    ['large numbers', sub {
        written($_[0], behind => ['"big": 18446744073709551616',
                                  '"small": -9223372036854775809',
                                  '"float": 1.5e300'])
    }],
    ['new headers', sub { written($_[0]) }],
);

my %headers = ('new headers' => {
    'X-Request-Id' => 'a-new-one', 'X-Delivery-Attempt' => '17',
    'X-Webhook-Version' => '2', 'Server-Timing' => 'db;dur=53',
    'Strict-Transport-Security' => 'max-age=1',
});


# ---- webhooks --------------------------------------------------------------

sub person {
    my ($state) = @_;

    my $user = 'user-' . ++$people;
    my $made = JSON::PP::decode_json(ask('/json', $user)->{content});
    my $who = { user => $user, id => $made->{sessionId} };

    @$who{qw(token attempt)} =
        @{ sandbox(GET => "/_sandbox/sessions/$who->{id}") }
        {qw(vendorData attemptId)};

    event($who->{id}, $1) if $state =~ /(started|submitted)/;
    decide($who->{id}, $1, decisionTime => ago(1000))
        if $state =~ /(approved|declined|review|resubmission_requested)/;

    app_seen();

    return $who;
}

# What the provider would send, as text, with names in the place of ids.
sub template {
    my ($wish) = @_;

    my ($what, %o) = @$wish;
    my $who = person('created');

    sandbox(POST => '/_sandbox/config',
            { webhook_url => $ENV{TEST_NGINX_NO_APP},
              event_url => $ENV{TEST_NGINX_NO_APP} });
    sandbox(DELETE => '/_sandbox/webhooks');
    sandbox(POST => "/_sandbox/sessions/$who->{id}/$what",
            { wait => JSON::PP::true(), %o });

    my ($sent) = @{ sandbox(GET => '/_sandbox/webhooks') };
    my $text = $sent->{body} // die "no webhook of @$wish";

    my $hook = 'http://127.0.0.1:' . server_port() . '/hook';
    sandbox(POST => '/_sandbox/config',
            { webhook_url => $hook, event_url => $hook });

    utf8::encode($text);

    return $text =~ s/\Q$who->{id}\E/ID/gr =~ s/\Q$who->{token}\E/TOKEN/gr
                 =~ s/\Q$who->{attempt}\E/ATTEMPT/gr;
}

sub outcome_of {
    my ($who, $bytes, @headers) = @_;

    my $answer = exchange(webhook(body => $bytes, headers => \@headers));
    my @seen = app_seen();
    my $told = JSON::PP::decode_json(ask('/status', $who->{user})->{content});
    my $head = ($seen[0] // { head => '' })->{head};

    my %outcome = (
        answer => status_of($answer), seen => scalar @seen,
        bytes  => @seen && $seen[0]{body} eq $bytes ? 'same' : 'other',
        mark   => header_of($head, 'X-Veriff-Webhook'),
        user   => header_of($head, 'X-Veriff-User'),
        what   => header_of($head, 'X-Seen'),
        (map { ($_ => $told->{$_}) } qw(state status sessionId decisionTime)),
    );

    for my $value (grep { defined } values %outcome) {
        $value =~ s/\Q$who->{id}\E/ID/;
        $value =~ s/\Q$who->{user}\E/USER/;
    }

    my @missing = grep { index($head, $_) < 0 } @headers;
    is_deeply(\@missing, [], "$who->{user}: headers passed on") if @headers;

    return \%outcome;
}

sub filled_in {
    my ($text, $who) = @_;

    return $text =~ s/\bID\b/$who->{id}/gr =~ s/\bTOKEN\b/$who->{token}/gr
                 =~ s/\bATTEMPT\b/$who->{attempt}/gr;
}

my @hit = (type => 'watchlist', time => ago(400));

# What is sent, in which state, and what it comes to.
my @webhooks = (
    (map { [[decide => status => $_->[0], decisionTime => ago(500)],
            $_->[1], $_->[2], $_->[3] // ()] }
         ['approved', 'created', 'VERIFIED'],
         ['approved', 'declined', 'VERIFIED'],
         ['declined', 'approved', 'REJECTED'],
         ['resubmission_requested', 'submitted', 'UNVERIFIED', 'attemptId'],
         ['review', 'submitted', 'PENDING', 'attemptId'],
         ['expired', 'created', 'UNVERIFIED'],
         ['abandoned', 'started', 'UNVERIFIED']),
    [[event => action => 'started'], 'created', 'UNVERIFIED'],
    [[event => action => 'submitted'], 'created', 'PENDING'],
    [[webhook => @hit, status => 'possible_match'], 'approved', 'PENDING'],
    [[webhook => @hit, status => 'possible_match', check => 'updated_result'],
     'approved', 'PENDING'],
    [[webhook => @hit, status => 'no_match'], 'approved', 'VERIFIED'],
    [[webhook => type => 'full_auto', time => ago(500)], 'created',
     'VERIFIED'],
    [[webhook => type => 'full_auto', time => ago(500), status => 'declined',
      wrapped => JSON::PP::true()], 'approved', 'REJECTED'],
    (map { [[webhook => type => $_, time => ago(500)], 'approved', 'VERIFIED',
            'type'] }
         qw(user_status ine curp ine_curp address unknown)),
    [[webhook => type => 'unknown', time => ago(500)], 'declined',
     'REJECTED'],
);

on_block(1 => sub {
    for my $row (@webhooks) {
        my ($wish, $before, $state, @keep) = @$row;

        my $text = template($wish);
        my $name = join ' ', (grep { !ref && defined && !/^\d{4}-/ } @$wish),
                        'for', $before;
        my $who = person($before);
        my $usual = outcome_of($who, filled_in($text, $who));

        is("$usual->{answer} $usual->{seen} $usual->{bytes} $usual->{state}",
           "200 1 same $state", "$name: $state");

        # not all of them where nothing is changed by it anyway
        for my $change ($wish->[1] eq 'type' && $state eq 'VERIFIED'
                        && $wish->[2] !~ /^(?:full|watch)/
                        ? @changes[1, 3, 6, 8] : @changes)
        {
            my ($what, $make) = @$change;

            my $other = person($before);
            my $body = JSON::PP::decode_json(filled_in($text, $other));
            my %more = %{ $headers{$what} // {} };

            is_deeply(outcome_of($other, $make->($body, @keep),
                                 map { "$_: $more{$_}" } sort keys %more),
                      $usual, "$name: $what");
        }
    }
});

# members by whose names other types are known: a type is what it says first
on_block(2 => sub {
    my %first = (
        decision  => [qw(eventType type checkType addressId code action
                         feature id sessionId)],
        full_auto => [qw(type checkType addressId code action id status
                         matchStatus)],
        watchlist => [qw(type code action feature id status decision)],
        curp      => [qw(checkType code action feature sessionId status)],
        ine       => [qw(type checkType addressId code action id status)],
        event     => [qw(type status sessionId matchStatus version time)],
    );

    for my $row ([decide => status => 'approved'],
                 [event => action => 'submitted'],
                 map { [webhook => type => $_] }
                     qw(full_auto watchlist curp ine))
    {
        my $text = template($row);
        my $type = $row->[0] eq 'webhook' ? $row->[2]
                   : $row->[0] eq 'event' ? 'event' : 'decision';
        my $who = person('created');
        my $usual = outcome_of($who, filled_in($text, $who));

        for my $name (@{ $first{$type} }) {
            next if exists JSON::PP::decode_json($text)->{$name};

            for my $value ('approved', 7002, { id => 'x' }) {
                my $other = person('created');
                my $body = JSON::PP::decode_json(filled_in($text, $other));

                $body->{$name} = $value;

                is_deeply(outcome_of($other, written($body)), $usual,
                          "$type with $name " . $json->encode($value));
            }
        }
    }
});

# values and types that do not exist yet change nothing, whatever the state
on_block(3 => sub {
    my @about = (sessionId => 'ID', vendorData => 'TOKEN', attemptId => 'a.1');
    my $decided = sub {
        return { status => 'success', verification => {
            id => 'ID', vendorData => 'TOKEN', attemptId => 'a.1',
            decisionTime => ago(10), @_ } };
    };
    my @new = (
        (map { $decided->(status => $_, code => 9001) }
             'on_hold', 'APPROVED', 'approved ', 'pre_approved', '', undef, 1,
             { value => 'approved' }),
        (map { { id => 'ID', vendorData => 'TOKEN', feature => 'selfid',
                 code => $_->[0], action => $_->[1] } }
             [7003, 'tier_1_approved'], [7099, 'paused'], [7999, 'approved'],
             [7002, 'resubmitted']),
        (map { { eventType => $_, @about, time => ago(10),
                 status => 'approved', decisionTime => ago(10),
                 data => { verification => { status => 'approved',
                                             decision => 'approved' } } } }
             'fullauto.v2', 'decision', 'session.approved', 'FULLAUTO', ''),
        (map { { eventType => 'fullauto', @about, time => ago(10),
                 data => { verification => { decision => $_ } } } }
             'accepted', 'Approved', undef, 1, {}),
        (map { { checkType => 'initial_result', matchStatus => $_, @about,
                 createdAt => ago(10) } }
             'true_positive', 'POSSIBLE_MATCH', undef, 1),
        { @about, status => 'approved', decisionTime => ago(10) },
        { type => 'age_estimation', id => 'ID', status => 'approved' },
        { id => 'ID', code => 9001, action => 'approved' },
        { kind => 'new', what => [{ @about }] }, {},
    );

    my $number = 0;

    for my $body (@new) {
        $number++;

        for my $before (qw(created approved)) {
            my $who = person($before);
            my $name = "no. $number for $before";
            my $told = ask('/status', $who->{user})->{content};

            # no two are the same bytes
            $body->{n} = "$number $before";

            my $outcome = outcome_of($who, filled_in(written($body), $who));

            is("$outcome->{answer} $outcome->{seen} $outcome->{bytes} "
               . $outcome->{mark}, '200 1 same ok', "$name: the app has it");
            is(ask('/status', $who->{user})->{content}, $told,
               "$name: nothing changed");
        }
    }
});


# ---- answers ---------------------------------------------------------------

sub created {
    my ($user, $id) = @_;

    return { status => 'success', verification => {
        id => $id, vendorData => $user, endUserId => undef,
        host => 'https://alchemy.veriff.com', status => 'created',
        sessionToken => 'eyJ.token', callback => 'https://app.example.com/',
        url => 'https://alchemy.veriff.com/v/eyJ.token' } };
}

sub _url { $_[0]{sessionUrl} // $_[0]{verification}{url} }

# What came of a request for a session.
sub session_outcome {
    my ($user, $id, $path) = @_;

    my $answer = ask($path, $user);
    my $again = ask('/json', $user);
    my $url = $answer->{headers}{location}
              // _url(JSON::PP::decode_json($answer->{content}));

    exchange(webhook(body => written({ status => 'success', verification => {
        id => $id, status => 'approved', decisionTime => ago(10) } })));
    app_seen();

    my $told = ask('/status', $user);

    return [$answer->{status}, $url, $again->{status},
            url_of($again), map { $_ =~ s/\Q$id\E/ID/r } $told->{content}],
           $answer->{content};
}

# the answer to a request for a session
on_block(4 => sub {
    my $number = 0;

    for my $path ('/json', '/redirect', '/api') {
        my ($usual) = do {
            my $user = 'usual' . ++$number;
            fault(body => written(created($user, "usual-$number")));
            session_outcome($user, "usual-$number", $path);
        };

        like(join(' ', @$usual), qr/"VERIFIED"/, "$path: verified at the end");

        for my $change (@changes) {
            my ($what, $make) = @$change;
            my $user = 'creates' . ++$number;
            my $id = "session-$number";
            my $bytes = $make->(created($user, $id));

            fault(body => Encode::decode('UTF-8', $bytes),
                  headers => $headers{$what} // {});

            my ($outcome, $content) = session_outcome($user, $id, $path);

            is_deeply($outcome, $usual, "$path: $what");
            ok($content eq $bytes, "$path: $what: byte for byte")
                if $path eq '/api';
        }

        # ids are opaque
        for my $begin ('b27afb60-1455-4927-b155-0260ffe0947a', 'a', '0', '.',
                       '001_order.7-B', 'X' x 125)
        {
            my $user = 'named' . ++$number;
            my $id = $begin . $number;

            fault(body => written(created($user, $id)));

            my ($outcome) = session_outcome($user, $id, $path);

            is_deeply($outcome, $usual, "$path: id " . substr $id, 0, 40);
        }
    }
});

# an error, whose code alone is told in the log
on_block(5 => sub {
    my $error = { status => 'fail', code => '1104', message => 'no' };
    my $number = 0;

    for my $status (400, 429, 500) {
        fault(status => $status);
        my $usual = ask('/json', 'error' . ++$number);

        for my $change (@changes) {
            my ($what, $make) = @$change;

            fault(status => $status, headers => $headers{$what} // {},
                  body => Encode::decode('UTF-8', $make->($error)));

            my $answer = ask('/json', 'error' . ++$number);

            is("$answer->{status} $answer->{content}",
               "$usual->{status} $usual->{content}", "$status: $what");
        }
    }
});

# the answer to the question for a decision
on_block(6 => sub {
    my $asked = sub {
        my ($status, $make, $more) = @_;

        sandbox(DELETE => '/_sandbox/requests');

        my $who = lead('asks' . ++$people, '/app');
        my $body = { status => 'success', technicalData => { ip => undef },
            verification => $status && {
                id => $who->{session}, vendorData => $who->{user},
                endUserId => undef, status => $status, code => 9001,
                attemptId => 'b27afb60-1455-4927-b155-0260ffe0947a',
                person => { firstName => 'M' }, reason => undef,
                $status =~ /^(?:approved|declined)/
                    ? (decisionTime => ago(20)) : () } };

        fault(path => '/v1/sessions/', method => 'GET',
              headers => $more // {},
              body => Encode::decode('UTF-8', $make->($body)));

        my $answer = come_back($who);

        return [$answer->{status}, $answer->{headers}{location},
                $answer->{content} =~ /<h1>(.*?)</, told($who->{user}),
                questions($who->{session})];
    };

    for my $status (qw(approved declined resubmission_requested review expired
                       abandoned), undef)
    {
        my $name = $status // 'none yet';
        my $usual = $asked->($status, sub { written($_[0]) });

        is($usual->[-1], 1, "$name: asked once");
        isnt($usual->[-2], 'UNVERIFIED created', "$name: told") if $status;

        for my $change (@changes) {
            my ($what, $make) = @$change;

            is_deeply($asked->($status, $make, $headers{$what}), $usual,
                      "$name: $what");
        }
    }

    my $unknown = $asked->('on_hold', sub { written($_[0]) });
    is($unknown->[-2], 'UNVERIFIED created', 'an unknown status');
});

# every endpoint, passed through
on_block(7 => sub {
    my $any = { status => 'success', id => 'x', list => [1, 'a', {}],
                verification => { id => 'y', status => 'approved' } };
    my @changes_here = (@changes, ['a list', sub { '[' . written($_[0]) . ']' }],
                        ['a text', sub { '"text"' }], ['nothing', sub { '' }]);

    for my $row (grep { $_->{answers}[0][0] < 300 } endpoints()) {
        my $ids = new_session($row->{given});
        my $path = place_for($row, $ids);
        my $body = $row->{sends};

        $body = filled($body, $ids) if defined $body;

        # that it succeeds and how is all the same
        for my $change ($row->{method} eq 'GET' ? @changes_here
                        : $changes_here[$people++ % @changes])
        {
            my ($what, $make) = @$change;
            my %more = %{ $headers{$what} // {} };

            fault(path => $path, headers => \%more,
                  body => Encode::decode('UTF-8', $make->($any)));

            my $name = "$row->{name}, $what";
            my $answer = call_it($row->{method}, $path, $body);

            is_signed_as($name, $row, $ids, $body);
            is_passed_on($name, $answer, $row->{answers}[0][0]);
            is_deeply([map { $answer->{headers}{lc $_} } sort keys %more],
                      [map { $more{$_} } sort keys %more],
                      "$name: headers") if %more;
        }
    }
});

# the answer to a deletion
on_block(8 => sub {
    for my $change (@changes[0 .. 3]) {
        my ($what, $make) = @$change;
        my $who = person('approved');

        fault(path => '/v1/sessions/', method => 'DELETE',
              body => Encode::decode('UTF-8', $make->(
                  { status => 'success', verification => {
                        id => $who->{id} } })));

        my $answer = exchange("DELETE /v1/sessions/$who->{id} HTTP/1.1\r\n"
                              . "Host: localhost\r\nConnection: close\r\n\r\n");

        is(status_of($answer), 200, "$what: deleted");
        is(told($who->{user}), 'UNVERIFIED none', "$what: forgotten");
    }
});

our $settings = 'watchlist apply; full_auto apply; session_rate off;
    user_rate 1000r/h;';
our $known = 'payload \'{"verification": {"vendorData": "$http_x_user"}}\';';

sub site { return kyc_return("$settings @_") }

our $more_places = <<'EOF_CONFIG';
location = /hook {
    veriff_webhook kyc;
    proxy_set_header X-Seen
      "$veriff_webhook_type,$veriff_webhook_session_id,$veriff_webhook_status";
    proxy_pass $TEST_NGINX_APP;
}
location /v1/ {
    veriff_sign kyc insecure_tls;
    proxy_pass http://127.0.0.1:$TEST_NGINX_SANDBOX_HTTP_PORT;
    proxy_ignore_client_abort on;
}
EOF_CONFIG

# VeriffStore's, but for a webhook with an application behind it
sub site_places {
    return return_places($more_places)
           =~ s/^location = .hook \{ [^\n]*\n//mr;
}

start_app();
start_sandbox();
run_tests();

__DATA__

=== TEST 1: webhooks of every type
--- http_config eval: ::site()
--- config eval: ::site_places()
--- timeout: 120



=== TEST 2: webhooks with members of other types
--- http_config eval: ::site()
--- config eval: ::site_places()
--- timeout: 120



=== TEST 3: webhooks of unknown types, and with unknown values
--- http_config eval: ::site()
--- config eval: ::site_places()
--- timeout: 120



=== TEST 4: the answer to a request for a session
--- http_config eval: ::site($::known)
--- config eval: ::site_places()
--- timeout: 120



=== TEST 5: errors in its place
--- http_config eval: ::site($::known)
--- config eval: ::site_places()
--- timeout: 120
--- error_log
the provider gave an error



=== TEST 6: the answer to a question for a decision
--- http_config eval: ::site($::known)
--- config eval: ::site_places()
--- timeout: 120



=== TEST 7: answers that pass through
--- http_config eval: ::site()
--- config eval: ::site_places()
--- timeout: 120



=== TEST 8: the answer to a deletion
--- http_config eval: ::site()
--- config eval: ::site_places()
--- timeout: 120
