package VeriffEdge;

# For the suites that send what no decent client sends.  Client, application
# and provider are one process here, with one loop: when exchange() returns,
# every byte that nginx has sent to any of them has been read.
#
#     my $e = exchange($bytes);
#
#     $e->{answers}   what the client got: [{ status, head, body }, ...]
#     $e->{rest}      what it got beside of that, or "(no end)"
#     $e->{app}       what the application got: [{ line, head, body }, ...]
#     $e->{provider}  the same
#     $e->{all}       what both got, as it came; "of" is who got it
#     $e->{left}      bytes that are no whole request, from both
#
# converse(bytes, sub) is without "answers", and ends when the sub says so of
# what came; attend(handle, seconds) is the same for a client of its own, which
# says something there, and ends.
#
# nginx keeps its connections to both of them (HTTP/1.1), so a request that
# ends too early or too late there is taken for a part of another one.
#
# The application answers "app METHOD URI"; the provider signs its answers, and
# creates sessions.
#
# For configurations: edge_http(text), with text inside of the integration,
# and edge_places(), the locations of all modes; both are there by themselves.
# edge_modes() says how each mode is asked, and what then happens.

use strict;
use warnings;

use Exporter qw(import);
use IO::Select ();
use IO::Socket::INET ();
use Test::More ();
use Test::Nginx::Socket ();
use Test::Nginx::Util ();
use Time::HiRes ();
use VeriffTest ();

our @EXPORT = qw(
    edge_modes make_of edge_users on_block exchange converse attend request
    chunks plain webhook_of statuses
);

my $timeout = 10;

my %listener;
my %peer;           # by socket: { socket, of, text }
my $n = 0;
my %driver;

for my $name (qw(app provider)) {
    $listener{$name} = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
                                             Listen => 64)
        or die "listen: $!";
    $ENV{"TEST_NGINX_EDGE_\U$name"} = $listener{$name}->sockport;
}


# ---- configuration ---------------------------------------------------------

sub edge_http {
    my ($more) = @_;

    $more //= '';

    return <<"EOF_CONFIG";
veriff_store veriff_temp;

veriff_integration kyc {
    api_key_file        \$TEST_NGINX_KEYS/api_key;
    shared_secret_file  \$TEST_NGINX_KEYS/shared_secret;
    user                \$http_x_user trusted;
    callback            https://app.example.com/back;
    start_uri           /start;
    return_uri          /back;
    session_rate        off;
    $more
}

upstream app { server 127.0.0.1:\$TEST_NGINX_EDGE_APP; keepalive 4; }
upstream provider { server 127.0.0.1:\$TEST_NGINX_EDGE_PROVIDER; keepalive 4; }

proxy_http_version  1.1;
proxy_set_header    Connection "";
proxy_set_header    Host other;
lingering_timeout   100ms;
EOF_CONFIG
}

sub edge_places {
    return <<'EOF_CONFIG';
location /api/ {
    veriff_sign  kyc insecure_tls;
    rewrite      ^/api/(.*)$ /$1 break;
    proxy_pass   http://provider;
}
location /veriff-api/ {
    internal;
    veriff_sign  kyc insecure_tls;
    rewrite      ^/veriff-api/(.*)$ /$1 break;
    proxy_pass   http://provider;
    proxy_ignore_client_abort on;
}
location = /start { veriff_session kyc; }
location = /redirect { veriff_session kyc format=redirect; }
location = /json { veriff_session kyc format=json; }
location = /slim { veriff_session kyc format=api; }
location = /asked { veriff_session kyc format=json; veriff_user_check /may; }
location = /may { internal; proxy_pass http://app; }
location = /back { veriff_return kyc; }
location = /status { veriff_status kyc; }
location = /metrics { veriff_metrics; }
location = /hook { veriff_webhook kyc; proxy_pass http://app; }
location = /hook-end { veriff_webhook kyc; }
location = /report { veriff_webhook kyc report; proxy_pass http://app; }
location /gate { veriff_gate kyc; proxy_pass http://app; }
location /lenient { veriff_gate kyc report; proxy_pass http://app; }
location /next { proxy_pass http://app; }
location /smuggled { proxy_pass http://app; }
location = /ready { return 200 "ready\n"; }
EOF_CONFIG
}

# What each of the module's modes does with a decent request: name, how it is
# asked (method, URI, user, "bare" for one without a body, further lines),
# status, and who gets something of it.  make_of() makes the request.

my @navigation = ('Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: document');

my @modes = (
    ['sign an id', GET => '/api/v1/sessions/x', undef, 200, 'provider'],
    ['sign a body', POST => '/api/v1/x', undef, 200, 'provider'],
    ['webhook', POST => '/hook', undef, 200, 'app'],
    ['webhook, nobody behind', POST => '/hook-end', undef, 200],
    ['webhook, refused', POST => '/hook', undef, 401],
    ['webhook, reported', POST => '/report', undef, 200, 'app'],
    ['gate, verified', GET => '/gate/a', 'alice', 200, 'app'],
    ['gate, verified, POST', POST => '/gate/a', 'alice', 200, 'app'],
    ['gate, led on', GET => '/gate/a', 'bob', 302, undef, @navigation],
    ['gate, refused', POST => '/gate/a', 'bob', 403],
    ['gate, refused page', POST => '/gate/a', 'bob', 403, undef, @navigation],
    ['gate, pending', GET => '/gate/a', 'carol', 302, undef, @navigation],
    ['gate, rejected', GET => '/gate/a', 'dave', 403],
    ['gate, nobody', GET => '/gate/a', undef, 401],
    ['gate, reported', GET => '/lenient/a', 'bob', 200, 'app'],
    ['session, redirect', GET => '/redirect', 'new', 303, 'provider'],
    ['session, json', POST => '/json', 'new', 200, 'provider'],
    ['session, api', POST => '/slim', 'new', 201, 'provider'],
    ['session, verified', POST => '/json', 'alice', 200],
    ['session, nobody', POST => '/json', undef, 401],
    ['return', GET => '/back', undef, 200],
    ['status', GET => '/status', 'alice', 200],
    ['metrics', GET => '/metrics', undef, 200],
);

sub edge_modes {
    return map {
        my ($name, $method, $uri, $user, $status, $to, @lines) = @$_;

        { name => $name, method => $method, uri => $uri, user => $user,
          status => $status, to => $to // '', lines => \@lines }
    } @modes;
}

# Line, header lines and body of a request for this mode, with this body if it
# is not one of a webhook.  Nobody has asked it before.
sub make_of {
    my ($mode, $body) = @_;

    my @lines = @{ $mode->{lines} };
    my $user = $mode->{user};

    if ($mode->{uri} =~ m{^/(hook|report)}) {
        ($body, my @auth) = webhook_of($mode->{status} == 200
                                       && $1 eq 'hook' ? undef : $body);

        $auth[1] = 'X-HMAC-SIGNATURE: ' . '0' x 64
            if $mode->{status} == 401 || $1 eq 'report';

        push @lines, @auth;
    }

    push @lines, 'X-User: ' . ($user eq 'new' ? sprintf('u%06d', ++$n) : $user)
        if defined $user;

    $body = '' if !defined $body && $mode->{method} eq 'GET';

    return ("$mode->{method} $mode->{uri}", \@lines, $body // '{"a": 1}');
}

# Verifies alice, and so on: to be called first in a block.
sub edge_users {
    my %webhook = (
        alice => '"status":"success","verification":{"id":"%s","status":'
                 . '"approved","decisionTime":"2024-01-01T00:00:00Z"',
        carol => '"action":"submitted","code":7002,"id":"%s","x":{"y":1',
        dave  => '"status":"success","verification":{"id":"%s","status":'
                 . '"declined","decisionTime":"2024-01-01T00:00:00Z"',
    );

    for my $user (sort keys %webhook) {
        my $made = exchange(request('POST /json', ["X-User: $user",
                                    'Connection: close',
                                    'Content-Length: 0']));

        my ($id) = $made->{answers}[0]{body} =~ /"sessionId":"([^"]+)"/;
        my ($token) = $made->{provider}[0]{body} =~ /"vendorData":"([^"]+)"/;

        my ($body, @auth) = webhook_of('{' . sprintf($webhook{$user}, $id)
                                       . qq(,"vendorData":"$token"}}));
        my $told = exchange(request('POST /hook-end',
                                    [@auth, 'Connection: close',
                                     'Content-Length: ' . length $body],
                                    $body));

        Test::More::is(statuses($made) . ' ' . statuses($told), '200 200',
                       "$user has a state");
    }
}


# ---- the other side --------------------------------------------------------

# One whole request at the beginning of the text, taken off it; strictly, as
# nginx writes them.
sub _take {
    my ($text) = @_;

    $$text =~ /\A(.*?\r\n)\r\n/s or return;

    my ($head, $end) = ($1, $+[0]);
    my @length = $head =~ /^Content-Length: (\d+)\r$/mg;
    my $size = $length[0] // 0;

    return if length $$text < $end + $size;

    my %request = (head => $head, body => substr($$text, $end, $size),
                   line => $head =~ s/\r\n.*//sr);

    # what it may not have: two lengths, or a coding
    $request{line} .= ' (framing)'
        if @length > 1 || $head =~ /^Transfer-Encoding:/mi;

    substr($$text, 0, $end + $size) = '';

    return \%request;
}

sub _signed {
    my ($status, $body) = @_;

    my $signature = VeriffTest::hmac(VeriffTest::shared_secret(), $body);

    return "HTTP/1.1 $status Whatever\r\nContent-Type: application/json\r\n"
           . 'X-AUTH-CLIENT: ' . VeriffTest::api_key() . "\r\n"
           . "X-HMAC-SIGNATURE: $signature\r\n"
           . 'Content-Length: ' . length($body) . "\r\n\r\n$body";
}

sub _answer {
    my ($of, $request) = @_;

    my ($method, $uri) = split / /, $request->{line};

    if ($of eq 'app') {
        my $body = "app $method $uri\n";
        return "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
               . 'Content-Length: ' . length($body) . "\r\n\r\n$body";
    }

    return _signed(200, '{"status":"success"}')
        if $request->{line} !~ m{^POST /v1/sessions HTTP};

    my ($who) = $request->{body} =~ /"vendorData":"([^"]*)"/;
    my $id = sprintf '001_edge-%06d', ++$n;

    return _signed(201, '{"status":"success","verification":{"id":"' . $id
                        . '","url":"https://alchemy.veriff.com/v/' . $id
                        . '","vendorData":"' . ($who // '')
                        . '","host":"https://alchemy.veriff.com",'
                        . '"status":"created"}}');
}

sub _serve {
    my ($socket, $seen) = @_;

    my $peer = $peer{$socket};

    if (!sysread $socket, $peer->{text}, 65536, length $peer->{text}) {
        $seen->{left} .= $peer->{text};
        delete $peer{$socket};
        return;
    }

    while (my $request = _take(\$peer->{text})) {
        $request->{of} = $peer->{of};
        push @{ $seen->{$_} }, $request for $peer->{of}, 'all';
        syswrite $socket, _answer($peer->{of}, $request);
    }
}


# ---- the client ------------------------------------------------------------

# Sends bytes, and reads until $done says so of what came, or nginx closes.
sub converse {
    my ($bytes, $done, $port) = @_;

    local $SIG{PIPE} = 'IGNORE';

    my $client = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                     PeerPort => $port // Test::Nginx::Util::server_port())
        or die "connect: $!";

    return _between($client, $bytes, $done, $timeout);
}

sub attend { _between($_[0], '', undef, $_[1]) }

sub _between {
    my ($client, $bytes, $done, $seconds) = @_;

    my %seen = (app => [], provider => [], all => [], left => '', text => '',
                rest => '');
    my $end = Time::HiRes::time() + $seconds;
    my $open = 1;

    $client->blocking(0);

    while ($open && !($done && $done->($seen{text}))) {
        my $left = $end - Time::HiRes::time();
        $seen{rest} = '(no end)', last if $left <= 0;

        my $reads = IO::Select->new($client, _others());
        my $writes = IO::Select->new($bytes ne '' ? $client : ());

        my ($readable, $writable)
            = IO::Select->select($reads, $writes, undef, $left) or next;

        if (@$writable) {
            my $sent = syswrite $client, $bytes;
            defined $sent ? substr($bytes, 0, $sent) = ''
                          : ($bytes = '');
        }

        for my $socket (@$readable) {
            if ($socket == $client) {
                $open = sysread $client, $seen{text}, 65536,
                                length $seen{text};

            } else {
                _attend_other($socket, \%seen);
            }
        }
    }

    # what was on its way
    while (my @readable = IO::Select->new(_others())->can_read(0)) {
        _attend_other($_, \%seen) for @readable;
    }

    $seen{left} .= join '', map { $_->{text} } values %peer;
    $_->{text} = '' for values %peer;

    return \%seen;
}

sub _others { values %listener, map { $_->{socket} } values %peer }

sub _attend_other {
    my ($socket, $seen) = @_;

    if (my ($of) = grep { $socket == $listener{$_} } keys %listener) {
        my $new = $socket->accept() or return;
        $peer{$new} = { socket => $new, of => $of, text => '' };

    } else {
        _serve($socket, $seen);
    }
}

sub _answers {
    my ($text) = @_;

    my @answers;

    while ($text =~ s{\A(HTTP/1\.1 (\d+).*?\r\n)\r\n}{}s) {
        my ($head, $status) = ($1, $2);
        my $body = '';

        if ($head =~ /^Content-Length: (\d+)\r$/mi) {
            $body = substr $text, 0, $1, '';

        } elsif ($head =~ /^Transfer-Encoding: chunked\r$/mi) {
            while ($text =~ s/\A([0-9a-f]+)\r\n//i) {
                $body .= substr $text, 0, hex $1, '';
                $text =~ s/\A\r\n//;
                last if hex $1 == 0;
            }
        }

        push @answers, { status => $status, head => $head, body => $body }
            if $status != 100;
    }

    return ($text, @answers);
}

sub exchange {
    my ($bytes, $port) = @_;

    my $seen = converse($bytes, undef, $port);

    my ($rest, @answers) = _answers($seen->{text});

    $seen->{answers} = \@answers;
    $seen->{rest} .= $rest;

    return $seen;
}

sub statuses { join ' ', map { $_->{status} } @{ $_[0]{answers} } }

# "METHOD URI", header lines, and the bytes after them.
sub request {
    my ($line, $lines, $body) = @_;

    return join("\r\n", "$line HTTP/1.1", 'Host: localhost', @$lines)
           . "\r\n\r\n" . ($body // '');
}

# A body in chunks.
sub chunks {
    my ($body, %o) = @_;

    my $size = $o{size} // length $body;
    my $wire = '';

    for (my $at = 0; $at < length $body; $at += $size) {
        my $part = substr $body, $at, $size;
        $wire .= sprintf "%x%s\r\n%s\r\n", length $part, $o{extension} // '',
                                           $part;
    }

    return "${wire}0\r\n" . join('', map { "$_\r\n" } @{ $o{trailers} // [] })
           . "\r\n";
}

# What differs from one request to the next, put out of the way.
sub plain {
    my ($request) = @_;

    my $text = "$request->{head}\r\n$request->{body}";

    $text =~ s/\b[0-9a-f]{64}\b/SIGNATURE/g;
    $text =~ s/"vendorData":"[^"]+"/"vendorData":"TOKEN"/;
    $text =~ s/"n":"\d+"/"n":"N"/;
    $text =~ s/^X-User: u\d+\r$/X-User: U\r/m;

    return $text;
}

# The body of a webhook that has not been there, and its two headers.
sub webhook_of {
    my ($more) = @_;

    my $body = $more // sprintf '{"n":"%06d","verification":{"id":"edge-1",'
                                . '"status":"approved"}}', ++$n;

    return ($body, 'X-AUTH-CLIENT: ' . VeriffTest::api_key(),
            'X-HMAC-SIGNATURE: '
            . VeriffTest::hmac(VeriffTest::shared_secret(), $body));
}


# ---- blocks ----------------------------------------------------------------

# The sub runs while this block's nginx does.
sub on_block {
    my ($number, $code) = @_;

    $driver{$number} = $code;
}

Test::Nginx::Socket::add_response_body_check(sub {
    my ($block, $body, $req_idx, $repeated, $dry_run) = @_;

    my ($number) = $block->name =~ /\bTEST (\d+):/;

    return if !$driver{$number} || $req_idx || $dry_run;

    # what an earlier nginx had open
    %peer = ();

    # Test::Nginx would go on to the next block
    eval { $driver{$number}->($block); 1 }
        or Test::More::fail($block->name . " - died: $@");
});

Test::Nginx::Util::add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value('http_config', edge_http() . ($block->http_config // ''));
    $block->set_value('config', edge_places() . ($block->config // ''));
    $block->set_value('request', 'GET /ready');
    $block->set_value('response_body', "ready\n");
});

1;
