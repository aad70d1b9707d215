package Fault::Relay;

# Stands between nginx and the provider: passes requests on to the sandbox,
# and its answers back as far as it is told to.  What it is told stands in the
# file "relay": "cut N" (only so many bytes of the next answers), "hold PATH"
# (answers to what begins so wait until it says something else), "canned" (the
# file "answer" instead of the sandbox's).  It is the application of
# veriff_user_check, too.

use strict;
use warnings;

use Crash;
use Exporter qw(import);
use IO::Socket::INET ();
use POSIX ();
use Time::HiRes qw(sleep time);

our @EXPORT = qw(start_relay stop_relay order got whole_length);

our $port;

my $pid;
my $patience = 10;                  # s: that an answer is held

END {
    local $?;
    stop_relay();
}

sub start_relay {
    my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
                                       Listen => 128)
        or die "listen: $!";

    $port = $listen->sockport;
    order('pass');
    put('got', '');

    $pid = spawn(sub {
        $SIG{CHLD} = 'IGNORE';

        while (1) {
            my $client = $listen->accept or next;

            if (!fork()) {
                close $listen;
                eval { _serve($client) };
                POSIX::_exit(0);
            }

            close $client;
        }
    });
}

sub stop_relay {
    return if !$pid;

    kill 'TERM', $pid;
    waitpid $pid, 0;
    undef $pid;
}

sub order {
    put('relay.new', $_[0]);
    rename scratch() . '/relay.new', scratch() . '/relay';
}

# How many requests for paths that begin so it has got.
sub got {
    my ($path) = @_;

    return scalar(() = slurp(scratch() . '/got') =~ /^\Q$path\E/mg);
}

# The length of the last whole answer.
sub whole_length { slurp(scratch() . '/length') }

sub _request {
    my ($client) = @_;

    my $text = '';

    while ($text !~ /\r\n\r\n/) {
        sysread $client, $text, 65536, length $text or return '';
    }

    my ($length) = $text =~ /^Content-Length: (\d+)/mi;
    my $size = index($text, "\r\n\r\n") + 4 + ($length // 0);

    while (length $text < $size) {
        sysread $client, $text, 65536, length $text or return '';
    }

    return $text;
}

sub _answer {
    my ($request, $canned) = @_;

    return slurp(scratch() . '/answer') if $canned;
    return "HTTP/1.0 200 OK\r\nX-Veriff-User: $1\r\n\r\nyes"
        if $request =~ m{^GET /yes\?id=(\S+) };

    my $sandbox = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                        PeerPort => Crash::sandbox_port())
        or die "sandbox: $!";

    my $text = '';
    syswrite $sandbox, $request;
    1 while sysread $sandbox, $text, 65536, length $text;

    return $text;
}

sub _serve {
    my ($client) = @_;

    my $request = _request($client);
    return if $request eq '';

    my $order = slurp(scratch() . '/relay');

    open my $got, '>>', scratch() . '/got';
    my ($path) = $request =~ /^\S+ (\S+)/;
    syswrite $got, "$path\n";

    my $end = time() + $patience;

    while ($order =~ /^hold (\S+)/ && index($path, $1) == 0
           && time() < $end)
    {
        sleep 0.005;
        $order = slurp(scratch() . '/relay');
    }

    my $answer = _answer($request, $order =~ /canned/);

    put('length', length $answer);
    put('header', index($answer, "\r\n\r\n") + 4);
    $answer = substr $answer, 0, $1 if $order =~ /cut (\d+)/;

    while (length $answer) {
        my $sent = syswrite $client, $answer or last;
        substr $answer, 0, $sent, '';
    }

    shutdown $client, 1;
    close $client;
}

1;
