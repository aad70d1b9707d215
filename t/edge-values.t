# Headers whose values decide something, said twice, in lists, folded, quoted,
# with bytes around them: they are refused, or mean what they say.

use lib 't/lib';
use VeriffTest;
use VeriffEdge;
use VeriffTricks;
use Test::More;

my $next = request('GET /next', ['Connection: close']);

key_file('htpasswd', "alice:{PLAIN}wonder\nbob:{PLAIN}builder\n", 0644);

# "statuses|what else came|who got what", without the next one
sub outcome {
    my ($e) = @_;

    my @app = @{ $e->{app} };

    pop @app if @app && $app[-1]{line} eq 'GET /next HTTP/1.1';

    return join '|', statuses($e), "$e->{rest}$e->{left}",
           join ' ', map({ "app:$_->{line}" } @app),
                     map({ "provider:$_->{line}" } @{ $e->{provider} });
}

sub length_of { 'Content-Length: ' . length $_[0] }

# ---- webhooks --------------------------------------------------------------

my $got = 'app:POST /hook HTTP/1.1';

sub hook {
    my ($lines) = @_;

    my ($body, $key, $signature) = webhook_of();

    return exchange(request('POST /hook', [$lines->($key, $signature),
                            length_of($body)], $body) . $next);
}

on_block(1 => sub {
    for my $which (0, 1) {
        for my $row (untrue_values()) {
            my ($name, $change, $status) = @$row;

            my $e = hook(sub {
                my @lines = @_;
                $lines[$which] =~ s/^(\S+ )(.*)/$1 . $change->($2)/e;
                return @lines;
            });

            is(outcome($e), $status == 400 ? '400||' : '401 200||',
               ($which ? 'signature: ' : 'key: ') . $name);
        }
    }

    is(outcome(hook(sub { $_[0], $_[1] =~ s/: (.*)/:   $1   /r })),
       "200 200||$got", 'spaces around it are none of it');
    is(outcome(hook(sub { $_[0], $_[1] =~ s/: (.*)/:\U$1/r })),
       "200 200||$got", 'nor is its case');
    is(outcome(hook(sub { lc($_[0]), lc $_[1] })), "200 200||$got",
       'nor that of its name');
    is(outcome(hook(sub { @_, "X-Other: 1\n$_[1]" })), '401 200||',
       'twice, after a line feed alone');
    is(outcome(hook(sub { $_[0], 'X-HMAC-SIGNATURE : ' . '0' x 64, $_[1] })),
       '400||', 'twice, with a space before the colon');
    is(outcome(hook(sub { $_[0], 'X-SIGNATURE: ' . ($_[1] =~ /: (.*)/)[0] })),
       '401 200||', 'the legacy name is none of a webhook');
    is(outcome(hook(sub { @_, 'vrf-integration-id: x', 'vrf-integration-id:' })),
       "200 200||$got", 'the integration is what the key says');
});

# name, further lines, outcome
my @beside = (
    ['gzip', ['Content-Encoding: gzip'], '415 200||'],
    ['an empty coding', ['Content-Encoding:'], '415 200||'],
    ['identity', ['Content-Encoding: identity'], '415 200||'],
    ['two codings', ['Content-Encoding: identity', 'Content-Encoding: br'],
     '415 200||'],
    ['capitals', ['CONTENT-ENCODING: x-gzip'], '415 200||'],
    ['an underscore', ['Content_Encoding: gzip'], '415 200||'],
    ['a dot', ['content.encoding: deflate'], '415 200||'],
    ['folded', ["X-Other: 1\r\n Content-Encoding: gzip"], '400||'],
    ['before the colon', ['Content-Encoding : gzip'], '400||'],
    ['a method', ['X-HTTP-Method-Override: GET'], "200 200||$got"],
    ['Expect', ['Expect: 100-continue'], "200 200||$got"],
    ['Expect twice', ['Expect: 100-continue', 'Expect: 100-continue'],
     qr/^(400\|\||200 200\|\|\Q$got\E)$/],
    ['another Expect', ['Expect: x, 100-continue'], "200 200||$got"],
    ['Upgrade', ['Connection: Upgrade', 'Upgrade: h2c',
                 'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA'],
     "200 200||$got"],
    ['names for the hop', ['Connection: X-HMAC-SIGNATURE, keep-alive',
                           'TE: trailers', 'Trailer: X-AUTH-CLIENT'],
     "200 200||$got"],
);

sub outcome_is {
    my ($e, $expected, $name) = @_;

    ref $expected ? like(outcome($e), $expected, $name)
                  : is(outcome($e), $expected, $name);
}

on_block(2 => sub {
    outcome_is(hook(sub { @_, @{ $beside[$_][1] } }), $beside[$_][2],
               $beside[$_][0]) for 0 .. $#beside;
});

# ---- sessions --------------------------------------------------------------

my $made = 'provider:POST /v1/sessions HTTP/1.1';
my $own = 'Origin: http://localhost';
my $foreign = 'Origin: https://evil.example';
my @navigation = ('Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: document');
my $cross = 'Sec-Fetch-Site: cross-site';

# Requests that would create a session, but must not, in any format.
my @never = (
    ['no origin of ours', $foreign],
    ['ours, then another', $own, $foreign],
    ['another, then ours', $foreign, $own],
    ['ours twice', $own, $own],
    ['ours, then none', $own, 'Origin:'],
    ['a list', "$own, https://evil.example"],
    ['a list of ours', "$own http://localhost"],
    ['null', 'Origin: null'],
    ['empty', 'Origin:'],
    ['a user', 'Origin: http://localhost@evil.example'],
    ['a tab', "$own\t"],
    ['a byte more', "$own\x01"],
    ['a tab before', "Origin:\thttp://localhost"],
    ['cross-site', $cross],
    ['capitals', 'SEC-FETCH-SITE: CROSS-SITE'],
    ['same origin, then cross-site', 'Sec-Fetch-Site: same-origin', $cross],
    ['cross-site, then same origin', $cross, 'Sec-Fetch-Site: same-origin'],
    ['a list of sites', 'Sec-Fetch-Site: same-origin, cross-site'],
    ['an empty site', 'Sec-Fetch-Site:'],
    ['none, then cross-site', 'Sec-Fetch-Site: none', $cross],
    ['a site in quotes', 'Sec-Fetch-Site: "same-origin"'],
    ['a list of modes', $cross, 'Sec-Fetch-Mode: navigate, cors',
     $navigation[1]],
    ['two modes', $cross, @navigation, 'Sec-Fetch-Mode: cors'],
    ['two modes, and a list', $cross, 'Sec-Fetch-Mode: navigate',
     'Sec-Fetch-Mode: no-cors, navigate', $navigation[1]],
    ['two destinations', $cross, @navigation, 'Sec-Fetch-Dest: iframe'],
    ['two equal destinations', $cross, @navigation, $navigation[1]],
    ['prefetch', 'Sec-Purpose: prefetch'],
    ['a prefetch in a list', 'Sec-Purpose: x, prefetch;prerender'],
    ['a prefetch said second', 'Sec-Purpose: x', 'Sec-Purpose: prefetch'],
    ['empty, then prefetch', 'Purpose:', 'Purpose: prefetch'],
    ['the older name in capitals', 'X-MOZ: PREFETCH'],
);

my $user = 0;

sub session {
    my ($line, @lines) = @_;

    my $who = sprintf 'X-User: s%04d', ++$user;

    return exchange(request($line, [$who, @lines, 'Content-Length: 0'])
                    . $next);
}

on_block(3 => sub {
    for my $line ('GET /redirect', 'POST /json', 'POST /slim', 'POST /start') {
        for my $row (@never) {
            my ($name, @lines) = @$row;

            is(outcome(session($line, @lines)), '403 200||', "$line: $name");
        }

        like(outcome(session($line, $own)), qr/^(20\d|303) 200\|\|\Q$made\E$/,
             "$line: ours");
        like(outcome(session($line, $cross, @navigation)),
             qr/^(20\d|303) 200\|\|\Q$made\E$/, "$line: a link elsewhere");
    }
});

# What is no navigation is never redirected, whatever else it says.
on_block(4 => sub {
    my $html = 'Accept: text/html';

    my %json = (
        'asked by a script' => [$html, 'X-Requested-With: XMLHttpRequest'],
        'and not'           => [$html, 'X-Requested-With:'],
        'said twice'        => [$html, ('X-Requested-With: x') x 2],
        'small letters'     => [$html, 'x-requested-with: x'],
        'a mode'            => [$html, 'Sec-Fetch-Mode: cors'],
        'a list of modes'   => [$html, 'Sec-Fetch-Mode: navigate, cors'],
        'no mode'           => [$html, 'Sec-Fetch-Mode:'],
        'two modes'         => [$html, @navigation, 'Sec-Fetch-Mode: cors'],
        'two destinations'  => [$html, @navigation, 'Sec-Fetch-Dest: empty'],
        'a tab'             => [$html, "Sec-Fetch-Mode: navigate\t"],
        'a WebSocket'       => [$html, 'Upgrade: WebSocket',
                                'Connection: Upgrade'],
    );

    for my $name (sort keys %json) {
        my $lines = $json{$name};

        is(outcome(session('GET /start', @$lines)), "200 200||$made",
           "start: $name");
        is(outcome(session('GET /gate/a', @$lines)), '403 200||',
           "gate: $name");
    }

    is(outcome(session('GET /start', $html)), "303 200||$made", 'a browser');
    is(outcome(session('GET /gate/a', $html)), '302 200||', 'and at the gate');
});

# ---- who is asked, and by whom ---------------------------------------------

my @hosts = (
    ['another', 'Host: evil.example'],
    ['a port', 'Host: evil.example:80'],
    ['a path', 'Host: evil.example/x'],
    ['a user', 'Host: localhost@evil.example'],
    ['a query', 'Host: evil.example?x'],
    ['a fragment', 'Host: evil.example#x'],
    ['two', 'Host: localhost', 'Host: evil.example'],
    ['a list', 'Host: localhost, evil.example'],
    ['empty', 'Host:'],
    ['a tab', "Host: localhost\tevil.example"],
    ['folded', "Host: localhost\r\n evil.example"],
    ['before the colon', 'Host : evil.example'],
    ['forwarded', 'Host: localhost', 'X-Forwarded-Host: evil.example',
     'X-Forwarded-Proto: gopher', 'Forwarded: host=evil.example',
     'X-Original-URL: /smuggled', 'X-Rewrite-URL: /smuggled'],
);

on_block(5 => sub {
    edge_users();

    for my $mode (edge_modes()) {
        for my $row (['absolute', 'Host: localhost'],
                     ['absolute, and another', 'Host: other.example'], @hosts)
        {
            my ($name, @lines) = @$row;
            my ($line, $more, $body) = make_of($mode);

            $line =~ s{ /}{ http://evil.example/} if $name =~ /absolute/;

            my $bytes = request($line, [@$more, @lines, length_of($body)],
                                $body);
            $bytes =~ s/Host: localhost\r\n//;

            my $e = exchange($bytes . $next);
            my $answer = $e->{answers}[0];
            my @at = map { $_->{line} } @{ $e->{app} }, @{ $e->{provider} };

            is($e->{rest} . $e->{left}, '', "$mode->{name}: $name: no more");
            unlike("$answer->{head}\n$answer->{body}\n@at", qr/evil|smuggled/,
                   "$mode->{name}: $name: it leads nowhere else");
            like(statuses($e), qr/^(?:$mode->{status} 200|400)$/,
                 "$mode->{name}: $name: as if it was not said, or refused");
        }
    }
});

# Nobody is asked to speak another protocol, and no header is one of the hop's.
on_block(6 => sub {
    edge_users();

    my @hops = (
        ['h2c', 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c',
         'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA'],
        ['a WebSocket', 'Connection: Upgrade', 'Upgrade: websocket',
         'Sec-WebSocket-Key: AAAA', 'Sec-WebSocket-Version: 13'],
        ['two', 'Upgrade: x', 'Upgrade: h2c', 'Connection: upgrade'],
        ['names for the hop', 'Connection: X-User, X-Veriff-State, Host',
         'X-Veriff-State: VERIFIED'],
        ['TE', 'TE: trailers, chunked', 'Connection: TE'],
        ['Expect', 'Expect: 100-continue'],
    );

    for my $mode (edge_modes()) {
        for my $row (@hops) {
            my ($name, @lines) = @$row;
            my ($line, $more, $body) = make_of($mode);

            my $e = exchange(request($line, [@$more, @lines, length_of($body)],
                                     $body) . $next);
            my $heads = join '', map { $_->{head} } @{ $e->{app} },
                                                    @{ $e->{provider} };

            unlike($heads, qr/^(?:Upgrade|TE|Expect|Connection):
                              |State:\ VERIFIED\r\nX-Veriff-State/xmi,
                   "$mode->{name}: $name: nobody hears of it");

            # a script that asks for a WebSocket is led nowhere
            my $status = $name eq 'a WebSocket' || $name eq 'two'
                         ? '\d+' : $mode->{status};

            like(statuses($e), $name eq 'two' ? qr/^(?:$status 200|400)$/
                                              : qr/^$status 200$/,
                 "$mode->{name}: $name: the same");
            is($e->{rest} . $e->{left}, '', "$mode->{name}: $name: no more");
        }
    }
});

# ---- whose session it is ---------------------------------------------------

my $alice = 'YWxpY2U6d29uZGVy';
my $bob = 'Ym9iOmJ1aWxkZXI=';

on_block(7 => sub {
    my %to = ("Authorization: Basic $alice" => 'alice',
              "authorization: basic $alice" => 'alice',
              "Authorization:   Basic   $alice  " => 'alice',
              "Authorization: Basic $bob" => 'bob',
              "Authorization: Basic\t$alice" => '',
              "Authorization: Basic $alice, Basic $bob" => '',
              "Authorization: Bearer $alice" => '',
              'Authorization: Basic' => '',
              "Authorization:" => '',
              "Authorization: Basic $alice\nAuthorization: Basic $bob" => 400,
              "Authorization: Basic $alice\nAuthorization:" => 400,
              "Authorization: Basic\r\n $alice" => 400,
              "Authorization : Basic $alice" => 400,
              "Author\0ization: Basic $alice" => 400,
              "X-Other: 1\r\n Authorization: Basic $alice" => 400,
              "Authorization: Basic $alice\0" => 400,
              "Proxy-Authorization: Basic $alice" => '',
              "Authorization_: Basic $alice" => '',
              "X-Forwarded-User: alice\r\nRemote-User: alice" => '');

    for my $lines (sort keys %to) {
        my $e = exchange(request('GET /basic/a', [split /\n(?=A)/, $lines])
                         . $next);
        (my $name = $lines) =~ s/([^ -~])/sprintf '\\x%02x', ord $1/ge;

        my ($who) = map { $_->{head} =~ /^X-Who: (.*)\r$/m }
                        @{ $e->{app} };

        is(statuses($e) . ' ' . ($who // 'nobody'),
           $to{$lines} eq '400' ? '400 nobody'
           : $to{$lines} eq ''  ? '401 200 nobody' : "200 200 $to{$lines}",
           $name);
    }
});

# The application that is asked first gets no body, and nothing that says so.
on_block(8 => sub {
    my $body = '{"x":"GET /smuggled HTTP/1.1"}';

    for my $row (['a length', [length_of($body)], $body],
                 ['chunks', ['Transfer-Encoding: chunked'],
                  chunks($body, size => 5)],
                 ['chunks with trailers', ['Transfer-Encoding: chunked'],
                  chunks($body, trailers => ['X-Veriff-User: eve',
                                             'Content-Length: 3'])],
                 ['misspelled', [length_of($body),
                                 'Content_Length: 3', 'Content.Length: 4',
                                 'Transfer_Encoding: chunked',
                                 'Content_Encoding: gzip',
                                 'X_Veriff_User: eve',
                                 'X-Veriff.User: eve'], $body],
                 ['expected', [length_of($body), 'Expect: 100-continue'],
                  $body],
                 ['an upgrade', [length_of($body), 'Upgrade: h2c',
                                 'Connection: upgrade', 'Range: bytes=0-1',
                                 'If-None-Match: *'], $body]) {

        my ($name, $lines, $wire) = @$row;

        my $who = sprintf 'X-User: a%04d', ++$user;
        my $e = exchange(request('POST /asked', [$who, @$lines], $wire)
                         . $next);
        my $head = $e->{app}[0]{head};

        is(outcome($e), "200 200||app:GET /may HTTP/1.1 $made",
           "$name: asked, and made");
        is($head, "GET /may HTTP/1.1\r\nHost: other\r\n$who\r\n",
           "$name: what is asked");
    }
});

run_tests();

__DATA__

=== TEST 1: key and signature of a webhook
--- timeout: 60



=== TEST 2: what stands beside them
--- http_config
underscores_in_headers  on;
ignore_invalid_headers  off;



=== TEST 3: requests of other sites, which create no session
--- timeout: 60



=== TEST 4: what is no navigation is not redirected



=== TEST 5: Host, and whatever else says it
--- timeout: 60



=== TEST 6: headers of one hop
--- timeout: 60



=== TEST 7: passwords
--- http_config
underscores_in_headers  on;
ignore_invalid_headers  off;
--- config
location /basic {
    auth_basic            "app";
    auth_basic_user_file  $TEST_NGINX_KEYS/htpasswd;
    veriff_gate           kyc user=$remote_user report;
    proxy_set_header      X-Who $remote_user;
    proxy_pass            http://app;
}



=== TEST 8: the application that is asked first
--- http_config
underscores_in_headers  on;
ignore_invalid_headers  off;
