package VeriffWebhook;

# What the webhook suites share: an application that records every byte it is
# sent, a client that sends exactly what it is told, and the provider's own
# way to sign.  A suite says
#
#     use VeriffWebhook;
#
#     start_app();
#     on_block(1 => sub { ... });      # run while TEST 1's nginx is
#     run_tests();
#
# and its blocks request "GET /ready", which $TEST_NGINX_READY answers.
#
# For configurations: $TEST_NGINX_APP (http://127.0.0.1:port of the
# application), $TEST_NGINX_NO_APP (where nothing answers),
# $TEST_NGINX_SECOND_PORT (free for a second "listen"),
# $TEST_NGINX_INTEGRATION (an integration "kyc" with the fixtures' pair).

use strict;
use warnings;

use Exporter 'import';

use Digest::SHA ();
use File::Temp ();
use IO::Select ();
use IO::Socket::INET ();
use POSIX ();
use Socket ();
use Test::More ();
use Test::Nginx::Socket ();
use Test::Nginx::Util ();
use Time::HiRes ();

use VeriffTest ();

our @EXPORT = qw(
    start_app app_seen release_app on_block connect_nginx exchange read_all
    webhook sent_again
    check_accepted check_refused status_of content_of header_of
);

my $timeout = 10;

my $dir;
my $dead;
my $app_pid;
my $owner = $$;
my %driver;

our $path = '/hook';

END {
    if ($app_pid && $$ == $owner) {
        local $?;
        kill 'KILL', $app_pid;
        waitpid($app_pid, 0);
    }
}


# ---- the application -------------------------------------------------------

# A header "X-App" of the request says what it answers: a status, or "cut",
# "accel PATH", "none" (it closes without an answer), "hold NAME" (200, once
# release_app(NAME) was called).
sub start_app {
    $dir = File::Temp::tempdir('veriff-app-XXXXXX', TMPDIR => 1,
                               CLEANUP => 1);

    my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
                                       LocalPort => 0, Listen => 128)
        or die "listen: $!";

    # bound, so nobody else takes it, but not listening
    socket($dead, Socket::PF_INET(), Socket::SOCK_STREAM(), 0)
        && bind($dead, Socket::pack_sockaddr_in(0, "\x7f\0\0\1"))
        or die "bind: $!";
    my ($dead_port) = Socket::unpack_sockaddr_in(getsockname $dead);

    $ENV{TEST_NGINX_APP} = 'http://127.0.0.1:' . $listen->sockport;
    $ENV{TEST_NGINX_NO_APP} = "http://127.0.0.1:$dead_port";
    $ENV{TEST_NGINX_READY} = 'location = /ready { return 200 "ready\n"; }';
    $ENV{TEST_NGINX_INTEGRATION} = <<"END_OF_TEXT";
    veriff_key_file  $ENV{TEST_NGINX_KEYS}/key;
    veriff_integration kyc {
        api_key_file        $ENV{TEST_NGINX_KEYS}/api_key;
        shared_secret_file  $ENV{TEST_NGINX_KEYS}/shared_secret;
    }
END_OF_TEXT

    $app_pid = fork() // die "fork: $!";

    if ($app_pid == 0) {
        $SIG{PIPE} = 'IGNORE';
        _serve($listen);
        POSIX::_exit(0);
    }

    close $listen;

    $ENV{TEST_NGINX_SECOND_PORT} = VeriffTest::free_port();
}

sub _serve {
    my ($listen) = @_;

    my $n = 0;

    while (my $client = $listen->accept()) {
        my $request = _read_message($client) // next;

        my $file = sprintf '%s/%06d', $dir, $n++;
        open my $out, '>:raw', "$file.tmp" or POSIX::_exit(1);
        print $out $request;
        close $out;
        rename "$file.tmp", $file or POSIX::_exit(1);

        my ($what) = $request =~ /^X-App: (.*?)\r$/mi;
        $what = _held($1) if defined $what && $what =~ /^hold (\w+)/;

        syswrite $client, _answer($what // 200);
        close $client;
    }
}

sub _held {
    my ($name) = @_;

    my $end = Time::HiRes::time() + $timeout;

    while (!-e "$dir/$name" && Time::HiRes::time() < $end) {
        Time::HiRes::sleep(0.01);
    }

    return 200;
}

sub release_app {
    my ($name) = @_;

    open my $out, '>', "$dir/$name" or die "$dir/$name: $!";
    close $out;
}

sub _answer {
    my ($what) = @_;

    return '' if $what eq 'none';

    my $end = "Connection: close\r\n\r\n";

    return "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n${end}half"
        if $what eq 'cut';

    return "HTTP/1.1 200 OK\r\nX-Accel-Redirect: $1\r\n${end}"
        if $what =~ /^accel (\S+)/;

    return "HTTP/1.1 204 No Content\r\n$end" if $what eq '204';

    my $more = $what eq '206' ? "Content-Range: bytes 0-2/9\r\n" : '';

    return "HTTP/1.1 $what Whatever\r\n${more}ETag: \"1\"\r\n"
           . "Content-Length: 4\r\n${end}app\n";
}

# What the application has been sent since it was asked last.
sub app_seen {
    my @seen;

    for my $file (sort glob "$dir/[0-9]*[0-9]") {
        open my $in, '<:raw', $file or die "$file: $!";
        my $text = do { local $/; <$in> };
        unlink $file;

        my ($head, $body) = split /\r\n\r\n/, $text, 2;
        push @seen, { head => "$head\r\n", body => $body };
    }

    return @seen;
}


# ---- the wire --------------------------------------------------------------

# One message with Content-Length or chunked, as if it had not been; undef if
# it is cut.
sub _read_message {
    my ($socket) = @_;

    my $text = '';
    my $want;

    my $select = IO::Select->new($socket);

    while (!defined $want || length $text < $want) {
        $select->can_read($timeout) or return;
        sysread($socket, $text, 65536, length $text) or return;

        next if defined $want || $text !~ /\r\n\r\n/;

        my $start = $+[0];
        my ($length) = $text =~ /^Content-Length: (\d+)\r$/mi;

        if (substr($text, 0, $start) =~ /^Transfer-Encoding: chunked\r$/mi) {
            next if substr($text, -7) ne "\r\n0\r\n\r\n";
            return substr($text, 0, $start) . _joined(substr $text, $start);
        }

        $want = $start + ($length // 0);
    }

    return $text;
}

sub _joined {
    my ($chunks) = @_;

    my $body = '';

    while ($chunks =~ s/^([0-9a-f]+)\r\n//i && (my $size = hex $1)) {
        $body .= substr $chunks, 0, $size, '';
        substr($chunks, 0, 2) = '';
    }

    return $body;
}

sub connect_nginx {
    my ($port) = @_;

    return IO::Socket::INET->new(
        PeerAddr => '127.0.0.1',
        PeerPort => $port // Test::Nginx::Util::server_port(),
        Timeout => $timeout) || die "connect: $!";
}

# Everything until the other side closes, at most $timeout seconds.
sub read_all {
    my ($socket, $until) = @_;

    my $text = '';
    my $end = Time::HiRes::time() + $timeout;
    my $select = IO::Select->new($socket);

    while ((my $left = $end - Time::HiRes::time()) > 0) {
        $select->can_read($left) or last;
        sysread($socket, $text, 65536, length $text) or return $text;
        return $text if $until && $text =~ $until;
    }

    return "$text (no end)";
}

# Sends pieces, each a write of its own, and reads until nginx closes.
sub exchange {
    my @pieces = @_;

    local $SIG{PIPE} = 'IGNORE';

    my $socket = connect_nginx();

    for my $piece (@pieces) {
        my $at = 0;
        while ($at < length $piece) {
            my $n = syswrite($socket, $piece, length($piece) - $at, $at)
                or last;
            $at += $n;
        }
    }

    return read_all($socket);
}

# A request as text.  Options: method, path, body, key, secret, signature,
# headers (further lines, without end of line), auth (all authentication
# lines, instead of the usual), chunked, keepalive, no_body, announced.
sub webhook {
    my (%o) = @_;

    my $body = $o{body} // '{"status":"success","verification":'
                           . '{"id":"abc-1","status":"approved"}}';

    my @auth = $o{auth} ? @{ $o{auth} } : (
        'X-AUTH-CLIENT: ' . ($o{key} // VeriffTest::api_key()),
        'X-HMAC-SIGNATURE: ' . ($o{signature}
            // VeriffTest::hmac($o{secret} // VeriffTest::shared_secret(),
                                $body)),
    );

    my $wire = $body;
    my $framing = 'Content-Length: ' . ($o{announced} // length $body);

    if (my $size = $o{chunked}) {
        $framing = 'Transfer-Encoding: chunked';
        $wire = '';

        for (my $at = 0; $at < length $body; $at += $size) {
            my $part = substr $body, $at, $size;
            $wire .= sprintf "%x\r\n%s\r\n", length $part, $part;
        }

        $wire .= "0\r\n\r\n";
    }

    my @lines = (
        ($o{method} // 'POST') . ' ' . ($o{path} // $path) . ' HTTP/1.1',
        'Host: localhost',
        'Connection: ' . ($o{keepalive} ? 'keep-alive' : 'close'),
        'Content-Type: application/json',
        @auth, @{ $o{headers} // [] }, $framing);

    return join("\r\n", @lines) . "\r\n\r\n" . ($o{no_body} ? '' : $wire);
}

# Sends a webhook again until it is not proxied, which the mark that is being
# written brings about: "200 0", or what became of it after ten seconds.
sub sent_again {
    my (%o) = @_;

    my $end = Time::HiRes::time() + $timeout;
    my $became;

    do {
        my $answer = exchange(webhook(%o));
        my @seen = app_seen();
        $became = status_of($answer) . ' ' . @seen;

    } while ($became ne '200 0' && Time::HiRes::time() < $end);

    return $became;
}

sub status_of { $_[0] =~ m{^HTTP/1\.1 (\d+)} ? $1 : 0 }
sub content_of { (split /\r\n\r\n/, $_[0], 2)[1] }
sub header_of { $_[0] =~ /^\Q$_[1]\E: (.*?)\r$/mi ? $1 : undef }


# ---- assertions ------------------------------------------------------------

# The webhook is answered 200 and the application has seen exactly its bytes.
sub check_accepted {
    my ($name, %o) = @_;

    my $answer = exchange(webhook(%o));
    my @seen = app_seen();

    Test::More::is(status_of($answer), 200, "$name: answered 200")
        or Test::More::diag(substr $answer, 0, 500);
    Test::More::is(scalar @seen, 1, "$name: the app sees it once");

    my $request = webhook(%o, chunked => 0);
    my ($body) = (split /\r\n\r\n/, $request, 2)[1];

    Test::More::ok(@seen && $seen[0]{body} eq $body,
                   "$name: byte for byte");
    Test::More::like($seen[0]{head} // '', qr/^X-Veriff-Webhook: ok\r$/m,
                     "$name: and marked");

    return $seen[0];
}

# It is refused with this status and the application has seen nothing.
sub check_refused {
    my ($name, $status, %o) = @_;

    my $answer = exchange(webhook(%o));

    Test::More::is(status_of($answer), $status, "$name: answered $status")
        or Test::More::diag(substr $answer, 0, 500);
    Test::More::is(scalar(app_seen()), 0, "$name: the app sees nothing");

    return $answer;
}


# ---- blocks ----------------------------------------------------------------

sub on_block {
    my ($number, $code) = @_;

    $driver{$number} = $code;
}

Test::Nginx::Socket::add_response_body_check(sub {
    my ($block, $body, $req_idx, $repeated, $dry_run) = @_;

    my ($number) = $block->name =~ /\bTEST (\d+):/;

    if ($driver{$number} && !$req_idx && !$dry_run) {
        app_seen();

        # Test::Nginx would go on to the next block
        eval { $driver{$number}->($block); 1 }
            or Test::More::fail($block->name . " - died: $@");
    }
});

1;
