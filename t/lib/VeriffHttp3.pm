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
# Or with whatever a client should not send, by t/tools/http3-raw.c: streams of
# requests as they are, on one connection, each when the one before is over.
#
#     my $client = h3_start([h3_headers([':method' => 'POST', ...])
#                            . h3_data($bytes), ...]);
#
# h3_frame(type, bytes, length) is any frame, h3_fields([...]) what is in one of
# headers, and h3_number(flags, bits, number) what QPACK writes in the last bits
# of a byte, and more; h3_start(streams, bytes) sends these on the stream of
# QPACK's encoder before.  The client has ended at the end of $client->{out}; of
# what came from there h3_answers(client, text) makes answers, which have
# besides "code", the one that the stream was closed with.
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
my %shim;
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
        $ENV{LD_PRELOAD} = $shim{fields};
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
    my ($said, $stream, $file) = @_;

    $stream //= '0x0';
    ($file) = glob "$dir/download/*" if !defined $file;

    my ($status) = $said =~ /^http: stream $stream \[:status: (\d+)\]$/m;
    my @lines = $said =~ /^http: stream $stream \[([\w-]+: .*)\]$/mg;

    return {
        status => $status // 0,
        head   => join('', map { "$_\n" } @lines),
        body   => defined $file && -e $file ? _read($file) : '',
    };
}


# ---- streams as they are ---------------------------------------------------

# with the length in as many bytes as it needs
sub _varint {
    my ($number) = @_;

    return $number < 64    ? pack('C', $number)
           : $number < 2**14 ? pack('n', 0x4000 | $number)
                             : pack('N', 0x80000000 | $number);
}

# the rest of a byte after these flags, and more
sub h3_number {
    my ($flags, $bits, $number) = @_;

    my $most = (1 << $bits) - 1;
    return chr($flags | $number) if $number < $most;

    my $bytes = chr($flags | $most);

    for ($number -= $most; $number > 127; $number >>= 7) {
        $bytes .= chr(128 | $number & 127);
    }

    return $bytes . chr($number);
}

sub h3_frame {
    my ($type, $bytes, $length) = @_;

    return _varint($type) . _varint($length // length $bytes) . $bytes;
}

sub h3_headers { h3_frame(1, "\0\0" . h3_fields($_[0])) }

# Names and values as they are, of no table, without Huffman's code.
sub h3_fields {
    my ($fields) = @_;

    my @strings = @$fields;
    my $block = '';

    while (my ($name, $value) = splice @strings, 0, 2) {
        $block .= h3_number(0x20, 3, length $name) . $name
                  . h3_number(0, 7, length $value) . $value;
    }

    return $block;
}

sub h3_data { h3_frame(0, $_[0]) }

sub h3_start {
    my ($streams, $encoder) = @_;

    $shim{raw} //= _compile('raw');

    unlink glob "$dir/download/*";
    _write("$dir/streams", join '', map { pack('N', length) . $_ } @$streams);

    my $is_told = defined $encoder;
    _write("$dir/encoder", $encoder) if $is_told;

    my @command = (qw(gtlsclient --no-quic-dump --no-http-dump
                      --exit-on-all-streams-close),
                   "--timeout=${timeout}s", "--download=$dir/download",
                   '127.0.0.1', $port,
                   map { "https://localhost/$_" } 0 .. $#$streams);

    my $pid = open(my $out, '-|') // die "fork: $!";

    if ($pid == 0) {
        $ENV{LD_PRELOAD} = $shim{raw};
        $ENV{HTTP3_STREAMS} = "$dir/streams";
        $ENV{HTTP3_ENCODER} = $is_told ? "$dir/encoder" : '';
        open STDERR, '>&', \*STDOUT or POSIX::_exit(1);
        { no warnings 'exec'; exec @command; }
        POSIX::_exit(127);
    }

    return { pid => $pid, out => $out, n => scalar @$streams };
}

sub h3_answers {
    my ($client, $said) = @_;

    # it has ended, or takes too long
    kill 'KILL', $client->{pid};
    close $client->{out};

    my %code = $said =~ /^raw: stream (0x\w+) is over: (0x\w+)$/mg;

    return map {
        my $stream = sprintf '0x%x', $_ * 4;
        my $answer = _answer($said, $stream, "$dir/download/$_");

        $answer->{code} = $code{$stream};
        $answer
    } 0 .. $client->{n} - 1;
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
    my ($name) = @_;

    my $source = "t/tools/http3-$name.c";
    my @cc = (qw(cc -O1 -Wall -Wextra -Werror -shared -fPIC -o),
              "$dir/$name.so", $source, '-ldl');

    system(@cc) == 0
        or Test::Nginx::Util::bail_out("$source: see \"make deps\"");

    return "$dir/$name.so";
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

    $shim{fields} = _compile('fields');
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

    my $to = caller;

    no strict 'refs';
    *{ "${to}::$_" } = \&$_
        for qw(http3 h3_start h3_answers h3_headers h3_fields h3_data h3_frame
               h3_number);
}

1;
