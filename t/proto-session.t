# Sessions, status, the return page and metrics over every version of HTTP:
# what the client gets and what the provider and the app are asked is the same,
# whatever the connection.

use lib 't/lib';
use VeriffTest;
use VeriffSession;
use VeriffStore;
use VeriffReturn;
use VeriffApp;
use VeriffWire;
use JSON::PP ();
use Test::More;

my $people = 100;               # names of one length

sub somebody { 'person-' . $people++ }

# What differs from one session to the next: ids, tokens, addresses, cookies,
# times.
sub same {
    my ($text) = @_;

    $text =~ s{(?<=https://127\.0\.0\.1:)\d+/[^"\s]*}{*}g;
    $text =~ s{\\/}{/}g;
    $text =~ s{(?<=//127\.0\.0\.1:)\d+/[^"\s]*}{*}g;
    $text =~ s/[\da-f]{8}-[\da-f]{4}-[\da-f-]{22}/ID/g;
    $text =~ s/(?<="vendorData":")[^"]*/TOKEN/g;
    $text =~ s/(?<="sessionToken":")[^"]*/TOKEN/g;
    $text =~ s/__Host-veriff_(\w+)=[^;]+/$1=SEALED/g;
    $text =~ s/\d{4}-\d\d-\d\dT[\d:.]+Z/TIME/g;

    return $text;
}

sub forget { sandbox(DELETE => '/_sandbox/requests') }

# what the provider was asked since then
sub asked {
    return same(seen(JSON::PP::encode_json(
        sandbox(GET => '/_sandbox/requests'))));
}

# One request: its status, its shape, and what the provider was asked.
sub check {
    my ($first, $wire, $name, $status, @request) = @_;

    forget();

    my $answer = $wire->ask(@request);

    is($answer->{status}, $status, "$name, " . $wire->name . ": $status")
        or diag($answer->{content});
    same_shape($first, $name, $wire, same(shape_of($answer)));
    same_shape($first, "$name, the provider", $wire, asked());

    return $answer;
}

my @navigation = ('Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: document',
                  'Accept: text/html');
my $origin = 'Origin: https://app.example.com';
my $foreign = 'Origin: https://evil.example.net';
my @theirs = ('Cookie: a=b', 'Authorization: Basic YTpi',
              'X-AUTH-CLIENT: mine', 'X-HMAC-SIGNATURE: ' . '0' x 64);


# ---- every format, and who gets none ---------------------------------------

on_block(1 => sub {
    my %first;

    for my $wire (wires('bare')) {
        for my $path (qw(/start /redirect /json /api)) {
            my @user = (fields => ['X-User: ' . somebody(), @navigation,
                                   @theirs]);
            my $status = { '/json' => 200, '/api' => 201 }->{$path} // 303;

            my $made = check(\%first, $wire, "$path, a session", $status,
                             GET => $path, @user);
            my $again = check(\%first, $wire, "$path, again", $status,
                              GET => $path, @user);

            is(url_of($again), url_of($made),
               "$path, " . $wire->name . ': the same session');
            like($first{"$path, a session, the provider"},
                 qr/\APOST \/v1\/sessions\n.*^x-hmac-signature: right\n/ms,
                 "$path: signed");
            is($first{"$path, again, the provider"}, "nothing\n",
               "$path: nothing new");
        }

        check(\%first, $wire, 'its own origin', 200, POST => '/json',
              fields => ['X-User: ' . somebody(), 'Origin: https://localhost']);

        my @user = ('X-User: ' . somebody());

        for (['nobody', 401, GET => []],
             ['HEAD', 403, HEAD => [@user]],
             ['a prefetch', 403, GET => [@user, 'Sec-Purpose: prefetch']],
             ['a foreign origin', 403, POST => [@user, $foreign]],
             ['another site', 403, GET => [@user,
                                           'Sec-Fetch-Site: cross-site']],
             ['PUT', 405, PUT => [@user]], ['DELETE', 405, DELETE => [@user]])
        {
            my ($name, $status, $method, $fields) = @$_;

            for my $path (qw(/redirect /json /api)) {
                check(\%first, $wire, "$path, $name", $status,
                      $method => $path, fields => $fields);
                is($first{"$path, $name, the provider"}, "nothing\n",
                   "$path, $name: not asked");
            }
        }
    }
});


# ---- bodies and other origins ----------------------------------------------

my $sdk = '{"verification":{"vendorData":"mallory","callback":"https://e.test",'
          . '"person":{"firstName":"Jo\u00e3o","lastName":"Silva"},'
          . '"features":["selfid"],"foo":1}}';

on_block(2 => sub {
    my %first;
    my @json = ('Content-Type: application/json', $origin);

    for my $wire (wires()) {
        my @ways = (['at once', '/api', $sdk], ['alone', '/small/api', $sdk],
                    ['in pieces', '/api', $sdk, piece => 50, slow => 1],
                    ['byte by byte', '/small/api', $sdk, piece => 1],
                    ['in a file', '/small/api', $sdk . ' ' x 20_000]);

        for my $way (@ways) {
            my ($name, $path, $body, %o) = @$way;

            my $answer = check(\%first, $wire, "a client's members", 201,
                POST => $path, body => $body, %o,
                fields => ['X-User: ' . somebody(), @json]);

            like($first{"a client's members, the provider"},
                 qr/"person":\{"firstName":"Jo\xc3\xa3o","lastName":"Silva"\}/,
                 "$name: what the client may say");
            unlike($first{"a client's members, the provider"},
                   qr/mallory|e\.test|foo/, "$name: and no more");
            is($answer->{headers}{'access-control-allow-origin'},
               'https://app.example.com', "$name: for this origin");
        }

        my @user = (fields => ['X-User: ' . somebody(), @json]);

        check(\%first, $wire, 'no JSON', 400, POST => '/api', body => '{',
              @user);
        check(\%first, $wire, 'too large', 413, POST => '/api', @user,
              body => '{"verification":{}}' . ' ' x 70_000);
        check(\%first, $wire, 'a foreign origin', 403, POST => '/api',
              body => $sdk, fields => ['X-User: a', $foreign]);
    }

    # before a session, the browser asks
    my @preflight = ('Access-Control-Request-Method: POST',
                     'Access-Control-Request-Headers: content-type');

    for my $wire (wires('bare')) {
        for my $path (qw(/api /json /start)) {
            my $answer = check(\%first, $wire, "$path, preflight", 204,
                               OPTIONS => $path,
                               fields => [$origin, @preflight]);
            is($answer->{headers}{'access-control-allow-methods'},
               'GET, POST', "$path: methods");

            check(\%first, $wire, "$path, foreign preflight", 405,
                  OPTIONS => $path, fields => [$foreign, @preflight]);
        }
    }
});


# ---- variables of a body, and the app's word -------------------------------

on_block(3 => sub {
    my %first;
    my $json = '{"onboardingId":"%s","n":1.5,"deep":[{"a/b":true}],"pad":"%s"}';

    for my $wire (wires()) {
        for my $path ('/told', '/unbuffered/told', '/tiny/told') {
            for my $size (0, 30_000) {
                my $body = sprintf $json, 'on-1', 'x' x $size;
                my $answer = check(\%first, $wire, 'variables', 200,
                    POST => $path, body => $body, piece => 4000);

                is($answer->{content}, "<on-1|1.5|true>\n",
                   "$path, $size more bytes, " . $wire->name);
            }

            check(\%first, $wire, 'no JSON', 200, POST => $path, body => '[');
        }

        # who it is about, and what the app says
        for my $said (200, 400, 401, 403, 404, 500) {
            my $id = somebody();

            app_seen();
            check(\%first, $wire, "the app says $said",
                  $said == 500 ? 502 : $said, POST => "/checked?s=$said",
                  body => sprintf($json, $id, ''), @theirs
                  ? (fields => [@theirs, 'X-Veriff-User: mallory']) : ());

            is(join("\n", app_seen()), "app GET /status/$said?id=$id",
               "the app is asked, " . $wire->name);
        }
    }

    like($first{'the app says 200, the provider'},
         qr/\APOST \/v1\/sessions\n/, 'a session');
    is($first{"the app says $_, the provider"}, "nothing\n", "$_: none")
        for 400, 401, 403, 404, 500;
});


# ---- status, return page, metrics ------------------------------------------

sub has_said {
    my ($wire, $user) = @_;

    return $wire->ask(GET => '/status', fields => ["X-User: $user"])
                ->{content} =~ /"state":"(\w+)","status":"(\w+)"/
           ? "$1 $2" : 'nothing';
}

on_block(4 => sub {
    my %first;

    for my $wire (wires('bare')) {
        my $user = somebody();
        my @user = ("X-User: $user");
        my $on = $wire->name;

        my $made = $wire->ask(GET => '/start?return=/app%3Fx=1',
                              fields => [@user, @navigation]);
        is($made->{status}, 303, "$on: to the provider");

        my $cookie = cookie_of($made);
        my @back = (GET => '/return', fields => [@navigation,
                                                 "Cookie: $cookie"]);
        my ($session) = map { $_->{id} }
                        grep { $_->{url} eq $made->{headers}{location} }
                        @{ sandbox(GET => '/_sandbox/sessions') };

        check(\%first, $wire, 'status', 200, GET => '/status',
              fields => \@user);
        check(\%first, $wire, 'status, HEAD', 200, HEAD => '/status',
              fields => \@user);
        check(\%first, $wire, 'status, nobody', 401, GET => '/status');
        check(\%first, $wire, 'status, POST', 405, POST => '/status',
              fields => \@user, body => 'x');
        check(\%first, $wire, 'return, no cookie', 200, GET => '/return',
              fields => [@navigation]);
        check(\%first, $wire, 'return, POST', 405, POST => '/return',
              fields => [@navigation, "Cookie: $cookie"], body => 'x');

        check(\%first, $wire, 'return, created', 200, @back);

        event($session, 'submitted');
        is(has_said($wire, $user), 'PENDING submitted', "$on: submitted");
        check(\%first, $wire, 'return, pending', 200, @back);
        check(\%first, $wire, 'no other session', 200, GET => '/json',
              fields => \@user);

        decide($session, 'declined');
        is(has_said($wire, $user), 'REJECTED declined', "$on: declined");
        check(\%first, $wire, 'return, declined', 200, @back);
        check(\%first, $wire, 'declined', 403, GET => '/json',
              fields => \@user);

        decide($session, 'approved', decisionTime => later());
        is(has_said($wire, $user), 'VERIFIED approved', "$on: approved");

        my $answer = check(\%first, $wire, 'return, approved', 303, @back);
        is($answer->{headers}{location}, '/app?x=1', "$on: back again");

        check(\%first, $wire, 'verified', 200, GET => '/start?return=/app',
              fields => [@user, @navigation]);
        check(\%first, $wire, 'verified, api', 409, POST => '/api',
              fields => [@user, $origin]);

        my $metrics = $wire->ask(GET => '/metrics');
        is($metrics->{status}, 200, "$on: metrics");
        is($metrics->{headers}{'content-type'},
           $first{type} //= $metrics->{headers}{'content-type'},
           "$on: metrics, their type");
        like($metrics->{content}, qr/^\# TYPE veriff_sessions_total counter$/m,
             "$on: metrics, text");
        is(join(' ', sort $metrics->{content} =~ /^\# HELP (\S+)/mg),
           $first{names} //= join(' ', sort $metrics->{content}
                                        =~ /^\# HELP (\S+)/mg),
           "$on: metrics, their names");
        check(\%first, $wire, 'metrics, POST', 405, POST => '/metrics',
              body => 'x');
    }
});

# newer than every decision before
sub later {
    return POSIX::strftime('%Y-%m-%dT%H:%M:%S.999999Z', gmtime(time + 60));
}


# ---- the provider's failures -----------------------------------------------

on_block(5 => sub {
    my %first;

    for my $wire (wires('bare')) {
        for (['429', 503, status => 429], ['500', 503, status => 500],
             ['400', 502, status => 400, code => '1201'],
             ['401', 502, status => 401, code => '1803'],
             ['forged', 502, signature => 'wrong'],
             ['unsigned', 502, signature => 'none'],
             ['no JSON', 502, non_json => JSON::PP::true()],
             ['cut', 503, cut => 'before'])
        {
            my ($name, $status, %fault) = @$_;

            for my $path (qw(/redirect /json /api)) {
                fault(%fault);
                check(\%first, $wire, "$path, $name", $status, GET => $path,
                      fields => ['X-User: ' . somebody(), @navigation]);
            }
        }
    }
});


# ---- configuration ---------------------------------------------------------

sub telling {
    my ($prefix, $more) = @_;

    return "location = $prefix/told { $more proxy_http_version 1.1;"
           . 'proxy_set_header X-Told "<$id|$number|$deep>";'
           . 'proxy_set_body off; proxy_method GET;'
           . 'proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/saying; }';
}

my $http = 'veriff_json_var $id /onboardingId; veriff_json_var $number /n;'
    . 'veriff_json_var $deep /deep/0/a~1b;'
    . kyc_return('origins https://app.example.com;'
                 . ' client_members person.firstName person.lastName features;')
    . (integration('user $id; api_uri /by-id-api;')
       =~ s/veriff_key_file.*\n//r) =~ s/integration kyc/integration by_id/r;

my $places = '$TEST_NGINX_WIRES
    location = /metrics { veriff_metrics; }
    location = /small/api {
        client_body_buffer_size 64; veriff_session kyc format=api; }
    location = /saying { return 200 "$http_x_told\n"; }
    location = /checked {
        veriff_session by_id format=json;
        veriff_user_check /check?s=$arg_s&id=$id;
    }
    location /check {
        internal;
        rewrite ^ /status/$arg_s?id=$arg_id? break;
        proxy_pass http://127.0.0.1:$TEST_NGINX_APP_PORT;
    }
    ' . (api('', 'by_id') =~ s{/veriff-api/}{/by-id-api/}gr)
    . telling('', '') . telling('/unbuffered', 'proxy_request_buffering off;')
    . telling('/tiny', 'proxy_request_buffering off;
                        client_body_buffer_size 64;');

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value('http_config', $http);
    $block->set_value('config', return_places($places));
});

start_app();
start_sandbox();
run_tests();

__DATA__

=== TEST 1: every format, and who gets none
--- no_error_log
[alert]



=== TEST 2: bodies, and pages of other origins
--- no_error_log
[alert]



=== TEST 3: variables, and what the app says
--- no_error_log
[alert]



=== TEST 4: status, return page, metrics
--- no_error_log
[alert]



=== TEST 5: failures of the provider
--- error_log
veriff session "kyc": the provider gave an answer with a wrong signature, status 201, code -
