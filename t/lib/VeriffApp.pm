package VeriffApp;

# An app behind the gate, on 127.0.0.1:$TEST_NGINX_APP_PORT.  Its answer is
# one line that says what it got:
#
#     app GET /path?args x-veriff-state=VERIFIED x-veriff-session=...
#
# X-Veriff-* headers (whatever stands for "-") in the order in which they came.
# A request to /accel/... is answered with X-Accel-Redirect to the rest, and
# one to /status/NNN with that status.  An Upgrade is granted, then the app
# says "app upgraded" and echoes one line.

use strict;
use warnings;

use Exporter qw(import);
use IO::Socket::INET ();

our @EXPORT = qw(start_app);

my $app_pid;
my $owner = $$;

sub start_app {
    my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
                                         Listen => 128, ReuseAddr => 1)
        or die "listen: $!";

    $ENV{TEST_NGINX_APP_PORT} = $listener->sockport;

    $app_pid = fork // die "fork: $!";
    return if $app_pid;

    $SIG{TERM} = 'DEFAULT';
    $SIG{CHLD} = 'IGNORE';

    while (1) {
        my $client = $listener->accept or next;

        if (!(fork // 0)) {
            alarm 30;
            eval { _serve($client) };
            close $client;
            kill 'KILL', $$;
        }
        close $client;
    }
}

sub _serve {
    my ($client) = @_;

    my $head = '';

    while ($head !~ /\r\n\r\n/) {
        sysread($client, $head, 4096, length $head) or return;
    }

    my ($request, @headers) = split /\r\n/, (split /\r\n\r\n/, $head)[0];
    my ($method, $uri) = split / /, $request;

    my $line = CORE::join ' ', "app $method $uri", map {
        my ($name, $value) = split /: /, $_, 2;
        lc($name) =~ /^x.veriff/ ? lc($name) . '=' . ($value // '') : ()
    } @headers;

    if (grep { /^upgrade:/i } @headers) {
        syswrite $client, "HTTP/1.1 101 Switching Protocols\r\n"
                          . "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                          . "\r\napp upgraded\n";
        sysread($client, my $echo, 100) or return;
        syswrite $client, $echo;
        return;
    }

    my ($status, $more) = (200, '');

    $status = $1 if $uri =~ m{^/status/(\d+)};
    $more = "X-Accel-Redirect: $1\r\n" if $uri =~ m{^/accel(/\S*)};

    syswrite $client, "HTTP/1.1 $status App\r\nConnection: close\r\n"
                      . "Content-Type: text/plain\r\n" . $more
                      . 'Content-Length: ' . (1 + length $line) . "\r\n\r\n"
                      . ($method eq 'HEAD' ? '' : "$line\n");
}

END {
    if ($app_pid && $$ == $owner) {
        local $?;

        kill 'TERM', $app_pid;
        waitpid $app_pid, 0;
    }
}

1;
