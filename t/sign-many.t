# Many uploads at once: every keyed context is used by one of them only.

use lib 't/lib';
use VeriffTest;
use VeriffSign;

use IO::Select;
use IO::Socket::INET;

my $uploads = 25;
my $pieces = 25;

start_sandbox();

# Each of them in turn sends a piece, so that they interleave.
sub statuses {
    my ($port) = @_;

    my @upload = map {
        my $body = "$_ " . big(20_000 + 137 * $_);

        {   socket => IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port",
                                            Timeout => 5)
                      // die("connect: $!"),
            bytes => 'POST /veriff-api/v1/sessions/' . uuid() . '/media'
                     . " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                     . "Content-Type: application/json\r\n"
                     . 'Content-Length: ' . length($body) . "\r\n\r\n$body" };
    } 1 .. $uploads;

    for my $piece (1 .. $pieces) {
        for my $upload (@upload) {
            my $size = $piece == $pieces ? length $upload->{bytes} : 900;
            my $bytes = substr $upload->{bytes}, 0, $size, '';

            print { $upload->{socket} } $bytes;
            $upload->{socket}->flush();
        }
    }

    return join ' ', map {
        my $socket = $_->{socket};
        my $answer = '';

        while (IO::Select->new($socket)->can_read(10)) {
            sysread $socket, $answer, 65536, length $answer or last;
        }

        $answer =~ m{^HTTP/1\.1 (\d+)} ? $1 : 'none';
    } @upload;
}

add_response_body_check(sub {
    my ($block) = @_;

    Test::More::is(statuses($ENV{TEST_NGINX_SERVER_PORT}),
                   join(' ', (404) x $uploads), $block->name . ' - uploads');
});

run_tests();

__DATA__

=== TEST 1: twenty-five
--- request eval
"GET /veriff-api/v1/sessions/" . uuid() . "/decision"
--- error_code: 404



=== TEST 2: twenty-five, most of whose answers are signed in upper case
--- init
main::sandbox(POST => '/_sandbox/faults', { signature => 'upper', count => 20 });
--- request eval
"GET /veriff-api/v1/sessions/" . uuid() . "/decision"
--- error_code: 404
