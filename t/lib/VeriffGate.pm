package VeriffGate;

# For the suites that attack veriff_gate, on top of VeriffStore and VeriffApp.
# Users are named by the header X-User, unless a suite says otherwise.
#
#   gate_http(text)            the http_config, with text inside of integration
#   app(text)                  proxy_pass to the app, after text
#   browser()                  the headers of a navigation, as a list
#   visit(path, user, ...)     VeriffStore's ask(), as a browser
#   verify(user, status, ...)  makes a session, and has it decided
#   exchange(text, port)       raw bytes on a connection of their own, until it
#                              is closed
#   passes, refused, led, not_reached
#                              assertions, see there

use strict;
use warnings;

use Exporter qw(import);
use IO::Socket::INET ();
use JSON::PP ();
use Test::More ();
use Test::Nginx::Util ();
use VeriffApp ();
use VeriffStore ();

our @EXPORT = qw(gate_http app browser visit verify exchange
                 passes refused led not_reached status_of head_of);

# One variable is enough to see that the store was not asked: the gate sets it
# whenever it runs.
sub gate_http {
    my ($more) = @_;

    return VeriffStore::kyc('start_uri /start; return_uri /back; '
                            . ($more // ''))
           . "log_format gate '\$request_uri [\$veriff_gate] "
           . "[\$veriff_gate_reason]';\n";
}

sub app {
    return ($_[0] // '') . ' proxy_pass http://127.0.0.1:$TEST_NGINX_APP_PORT;';
}

sub browser {
    return (Accept => 'text/html', 'Sec-Fetch-Mode' => 'navigate',
            'Sec-Fetch-Dest' => 'document');
}

sub visit {
    my ($path, $user, %o) = @_;

    return VeriffStore::ask($path, $user, browser(), %o);
}

sub verify {
    my ($user, $status, %o) = @_;

    my $session = VeriffStore::ask('/json', $user)->{content};

    VeriffStore::decide($session, $status // 'approved', %o);

    return JSON::PP::decode_json($session)->{sessionId};
}

sub exchange {
    my ($bytes, $port) = @_;

    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                     PeerPort => $port // Test::Nginx::Util::server_port())
        or die "connect: $!";

    syswrite $socket, $bytes;

    my ($text) = VeriffStore::read_answers($socket);

    return $text;
}

# of an answer in raw bytes
sub status_of { $_[0] =~ m{\AHTTP/1\.1 (\d+)} ? $1 : 0 }
sub head_of { (split /\r\n\r\n/, $_[0], 2)[0] }


# ---- assertions ------------------------------------------------------------

# The app got it, marked; status and state are 200 and VERIFIED unless said.
sub passes {
    my ($name, $answer, %o) = @_;

    my $state = $o{state} // 'VERIFIED';

    Test::More::is($answer->{status}, $o{status} // 200, "$name: passes")
        or Test::More::diag($answer->{content});

    my ($line, @more) = VeriffApp::app_seen();
    $line //= 'nothing';

    Test::More::is(scalar @more, 0, "$name: the app is asked once")
        or Test::More::diag("$line\n@more");
    Test::More::like($line, $o{path} ? qr/^app \S+ \Q$o{path}\E( |$)/
                                     : qr/^app /, "$name: the app");

    my @states = $line =~ /(x.veriff.state=\S*)/g;
    Test::More::is("@states", $state eq '' ? '' : "x-veriff-state=$state",
                   "$name: its state, once");
}

sub not_reached {
    my ($name) = @_;

    Test::More::is(join("\n", VeriffApp::app_seen()), '',
                   "$name: the app is not reached");
}

# Refused, whoever asks, with no way on.
sub refused {
    my ($name, $answer, $status) = @_;

    Test::More::is($answer->{status}, $status // 403, "$name: refused")
        or Test::More::diag($answer->{content});
    Test::More::is($answer->{headers}{location}, undef,
                   "$name: no redirect");
    not_reached($name);
}

sub led {
    my ($name, $answer, $to) = @_;

    Test::More::is($answer->{status}, 302, "$name: led on")
        or Test::More::diag($answer->{content});
    Test::More::is($answer->{headers}{location}, $to, "$name: where to");
    not_reached($name);
}

# what an earlier block has left
Test::Nginx::Util::add_block_preprocessor(sub { VeriffApp::app_seen() });

1;
