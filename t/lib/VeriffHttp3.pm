package VeriffHttp3;

# For suites that speak HTTP/3, by ngtcp2's gtlsclient.  It sends the header
# fields that it is told by way of t/tools/http3-fields.c, which is compiled
# here.  On an nginx without HTTP/3 the suite is skipped, unless it only has
# "require VeriffHttp3", and asks has_http3() itself.
#
#     my $answer = http3(POST => '/hook', body => $bytes,
#                        fields => ['X-User: alice', 'Content-Length:']);
#
# "name:" leaves out the client's own field, "name: " is an empty one.  The
# client says that it is on "localhost", port 443, unless told authority =>
# 'host:port'.  With piece => N no DATA frame has more bytes than that; with
# trailer => 'name: value' this field comes after the body.  The answer has a
# status (0: none), header lines in "head", and a body.
#
# For configurations: $TEST_NGINX_HTTP3 is what a server listens with.

use strict;
use warnings;

use File::Temp ();
use IO::Socket::INET ();
use POSIX ();
use Test::More ();
use Test::Nginx::Util ();
use Time::HiRes ();

use VeriffTest ();

my $timeout = 15;

my $dir;
my $shim;
my $port;


sub http3 {
    my ($method, $path, %o) = @_;

    my $authority = $o{authority} // 'localhost';
    my @data;

    if (defined $o{body}) {
        @data = (-d => _write("$dir/body", $o{body}));
    }

    unlink glob "$dir/download/*";

    my @command = (qw(gtlsclient --no-quic-dump --no-http-dump
                      --exit-on-all-streams-close),
                   "--timeout=${timeout}s", "--download=$dir/download",
                   -m => $method, @data, '127.0.0.1', $port,
                   "https://$authority$path");

    local $ENV{HTTP3_PIECE} = $o{piece} // '';
    local $ENV{HTTP3_TRAILER} = lc($o{trailer} // '');

    return _answer(_run(\@command, $o{fields} // []));
}

# What the client says of itself; it is killed when it takes too long.
sub _run {
    my ($command, $fields) = @_;

    my $pid = fork() // die "fork: $!";

    if ($pid == 0) {
        $ENV{LD_PRELOAD} = $shim;
        $ENV{HTTP3_FIELDS} = join "\n", map { s/^([^:]+)/\L$1/r } @$fields;
        open STDOUT, '>', "$dir/said" or POSIX::_exit(1);
        open STDERR, '>&', \*STDOUT or POSIX::_exit(1);
        { no warnings 'exec'; exec @$command; }
        POSIX::_exit(127);
    }

    my $end = Time::HiRes::time() + $timeout;

    while (waitpid($pid, POSIX::WNOHANG()) == 0) {

        if (Time::HiRes::time() > $end) {
            kill 'KILL', $pid;
            waitpid($pid, 0);
            Test::More::diag("$command->[0] took more than $timeout s");
            return '';
        }

        Time::HiRes::sleep(0.01);
    }

    return _read("$dir/said");
}

sub _answer {
    my ($said) = @_;

    my ($status) = $said =~ /^http: stream 0x0 \[:status: (\d+)\]$/m;
    my @lines = $said =~ /^http: stream 0x0 \[([\w-]+: .*)\]$/mg;
    my ($file) = glob "$dir/download/*";

    return {
        status => $status // 0,
        head   => join('', map { "$_\n" } @lines),
        body   => defined $file ? _read($file) : '',
    };
}


# ---- preparations ----------------------------------------------------------

sub _read {
    my ($file) = @_;

    open my $in, '<:raw', $file or die "$file: $!";
    local $/;

    return <$in> // '';
}

sub _write {
    my ($file, $content) = @_;

    open my $out, '>:raw', $file or die "$file: $!";
    print $out $content or die "$file: $!";
    close $out or die "$file: $!";

    return $file;
}

sub _compile {
    my $source = 't/tools/http3-fields.c';
    my @cc = (qw(cc -O1 -Wall -Wextra -Werror -shared -fPIC -o),
              "$dir/fields.so", $source, '-ldl');

    system(@cc) == 0
        or Test::Nginx::Util::bail_out("$source: see \"make deps\"");

    return "$dir/fields.so";
}

sub _certificate {
    my @options = qw(-x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes
                     -subj /CN=localhost -days 2);

    system("openssl req @options -keyout $dir/key.pem -out $dir/cert.pem"
           . ' 2>/dev/null') == 0 or die "openssl req: $?";
}

sub has_http3 {
    return `$Test::Nginx::Util::NginxBinary -V 2>&1`
           =~ /--with-http_v3_module/;
}

# Makes ready what is needed; it is there when nginx starts.
sub prepare {
    return if $dir;

    $dir = File::Temp::tempdir('veriff-http3-XXXXXX', TMPDIR => 1,
                               CLEANUP => 1);
    mkdir "$dir/download" or die "$dir/download: $!";

    $shim = _compile();
    $port = VeriffTest::free_port();
    _certificate();

    $ENV{TEST_NGINX_HTTP3} = <<"END_OF_TEXT";
        listen $port quic;
        ssl_certificate $dir/cert.pem;
        ssl_certificate_key $dir/key.pem;
END_OF_TEXT
}

sub import {
    has_http3() or Test::More::plan(skip_all => 'this nginx has no HTTP/3');
    prepare();

    no strict 'refs';
    *{ caller() . '::http3' } = \&http3;
}

1;
