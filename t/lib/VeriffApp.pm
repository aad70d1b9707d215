package VeriffApp;

# An app behind the gate, on 127.0.0.1:$TEST_NGINX_APP_PORT.  Its answer is
# one line that says what it got:
#
#     app GET /path?args x-veriff-state=VERIFIED x-veriff-session=...
#
# X-Veriff-* headers (whatever stands for "-") in the order in which they came,
# others whose value is "mallory", and the Content-Length of a GET that has a
# body.
# app_seen() has the lines of all requests since it was called last.
#
# A request to /accel/... is answered with X-Accel-Redirect to the rest (to a
# named location if that begins with "@"), and with headers that nginx keeps;
# one to /status/NNN with that status.  An Upgrade is granted, then the app
# says "app upgraded" and echoes one line.
#
# It knows its users, too: asked at one of the paths of %login below, it names
# the one of the cookie or token ("alice"), and answers 401 if there is none.
#
# app_says('/path' => code) before it is started: what it answers there is the
# status and the header lines that the code returns, given the request's header
# lines; nothing at all if it dies.
#
# start_app('name') starts another one, which calls itself by this name, on
# 127.0.0.1:$TEST_NGINX_NAME_PORT.

use strict;
use warnings;

use Exporter qw(import);
use File::Temp ();
use IO::Socket::INET ();

our @EXPORT = qw(start_app app_seen app_says);

my %login = (
    '/session'     => [qr/^Cookie:.*\bsession=(\w+)/i, 200, 'X-User'],
    '/oauth2/auth' => [qr/^Cookie:.*\b_oauth2_proxy=(\w+)/i, 202,
                       'X-Auth-Request-User'],
    '/validate'    => [qr/^Authorization: Bearer token-(\w+)/i, 200,
                       'X-Token-Subject'],
);

my %says;
my @app_pids;
my $owner = $$;
my $seen;

sub app_says { %says = (%says, @_) }

sub start_app {
    my ($name) = @_;

    $name //= 'app';

    my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
                                         Listen => 128, ReuseAddr => 1)
        or die "listen: $!";

    $ENV{"TEST_NGINX_\U$name\E_PORT"} = $listener->sockport;
    $seen //= File::Temp->new(TEMPLATE => 'veriff-app-XXXXXX', TMPDIR => 1);

    my $pid = fork // die "fork: $!";

    if ($pid) {
        push @app_pids, $pid;
        return;
    }

    $SIG{TERM} = 'DEFAULT';
    $SIG{CHLD} = 'IGNORE';

    while (1) {
        my $client = $listener->accept or next;

        if (!(fork // 0)) {
            alarm 30;
            eval { _serve($client, $name) };
            close $client;
            kill 'KILL', $$;
        }
        close $client;
    }
}

# A line is there before its answer is.
sub app_seen {
    open my $in, '<', $seen->filename or die "$seen: $!";
    my @lines = <$in>;

    truncate $seen->filename, 0;
    chomp @lines;

    return @lines;
}

sub _note {
    my ($line) = @_;

    open my $out, '>>', $seen->filename or die "$seen: $!";
    syswrite $out, "$line\n";
}

sub _serve {
    my ($client, $name) = @_;

    my $head = '';

    while ($head !~ /\r\n\r\n/) {
        sysread($client, $head, 4096, length $head) or return;
    }

    my ($request, @headers) = split /\r\n/, (split /\r\n\r\n/, $head)[0];
    my ($method, $uri) = split / /, $request;

    my $line = CORE::join ' ', "$name $method $uri", map {
        my ($header, $value) = split /: /, $_, 2;
        lc($header) =~ /^x.veriff/ || ($value // '') eq 'mallory'
            ? lc($header) . '=' . ($value // '') : ()
    } @headers;

    if ($method eq 'GET') {
        $line .= " $_" for grep { /^content-length: [1-9]/i } @headers;
    }

    _note($line);

    if (grep { /^upgrade:/i } @headers) {
        syswrite $client, "HTTP/1.1 101 Switching Protocols\r\n"
                          . "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                          . "\r\n$name upgraded\n";
        sysread($client, my $echo, 100) or return;
        syswrite $client, $echo;
        return;
    }

    my ($status, $more) = (200, "Content-Type: text/plain\r\n");

    $status = $1 if $uri =~ m{^/status/(\d+)};

    if ($uri =~ m{^/accel(/\S*)}) {
        $more = 'X-Accel-Redirect: ' . $1 =~ s{^/@}{@}r . "\r\n"
                . "Content-Type: text/css; charset=iso-8859-1\r\n"
                . "Content-Disposition: attachment\r\n"
                . "Cache-Control: public, max-age=600\r\n"
                . "Set-Cookie: app=1\r\n";
    }

    if (my $who = $login{$uri}) {
        my ($user) = map { $_ =~ $who->[0] ? $1 : () } @headers;

        $status = defined $user ? $who->[1] : 401;
        $more .= "$who->[2]: $user\r\nX-First-Name: \u$user\r\n"
                . "X-Last-Name: Example\r\nX-Birth-Date: 1990-01-02\r\n"
                . "X-Phone-Number: 0005550100\r\n"
                . "X-Full-Address: 1 Main Street, Anytown\r\n"
            if defined $user;
    }

    if (my $code = $says{$uri}) {
        ($status, my $lines) = $code->(@headers);
        $more .= $lines // '';
    }

    syswrite $client, "HTTP/1.1 $status App\r\nConnection: close\r\n" . $more
                      . 'Content-Length: ' . (1 + length $line) . "\r\n\r\n"
                      . ($method eq 'HEAD' ? '' : "$line\n");
}

END {
    if ($$ == $owner) {
        local $?;

        for my $pid (@app_pids) {
            kill 'TERM', $pid;
            waitpid $pid, 0;
        }
    }
}

1;
