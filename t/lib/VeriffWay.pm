package VeriffWay;

# For the suites about the way back, on top of VeriffStore: the list of paths
# (t/ways.txt), a browser, and the cookie from inside.
#
#   paths(kind)                good, hostile or page
#   escaped(bytes)             as one argument of a URI
#   visit(target, %options)    one navigation; user => ..., jar => {} (cookies,
#                              which are kept there), headers => [...],
#                              port => ..., tls => 1
#   follow(target, %options)   the same, and on while it is led on this host:
#                              the answers, at most 10 of them
#   ways_to_start()            the locations /veriff/start, which guesses the
#                              format, and /veriff/return, a page
#   cookie_name()              of the integration "kyc"
#   way_of(answer)             what the cookie set in it says: user, path,
#                              max_age, expires; undef if there is none
#   sealed(%way)               such a cookie's value; besides: integration,
#                              key (32 bytes), plain (instead of all that)

use strict;
use warnings;

use Digest::SHA ();
use Exporter qw(import);
use IO::Socket::INET ();
use MIME::Base64 ();
use Test::More ();
use Test::Nginx::Util ();
use VeriffTest ();

our @EXPORT = qw(
    paths escaped visit follow ways_to_start cookie_name way_of sealed
);

my $timeout = 15;
my $most = 10;
my $lifetime = 86400;


# ---- paths -----------------------------------------------------------------

my %paths;

sub paths {
    my ($kind) = @_;

    %paths or _read_paths();

    return @{ $paths{$kind} // die "no \"$kind\" paths" };
}

sub _read_paths {
    my ($file) = map { s{lib/VeriffWay\.pm$}{ways.txt}r } __FILE__;

    open my $in, '<:raw', $file or die "$file: $!";

    while (my $line = <$in>) {
        chomp $line;
        next if $line =~ /^(?:#|$)/;

        my ($kind, $path) = split / /, $line, 2;

        $path //= '';
        $path =~ s/\\x(..)/chr hex $1/ge;
        $path =~ s/\\\{(\d+):([^}]+)\}/$2 x $1/ge;

        push @{ $paths{$kind} }, $path;
    }
}

sub escaped {
    my ($bytes) = @_;

    return $bytes =~ s/([^A-Za-z0-9._~-])/sprintf '%%%02X', ord $1/ger;
}


# ---- a browser -------------------------------------------------------------

sub _connect {
    my (%o) = @_;

    my $port = $o{port} // Test::Nginx::Util::server_port();
    my %where = (PeerAddr => '127.0.0.1', PeerPort => $port,
                 Timeout => $timeout);

    if (!$o{tls}) {
        return IO::Socket::INET->new(%where) // die "connect: $!";
    }

    require IO::Socket::SSL;

    return IO::Socket::SSL->new(%where, SSL_verify_mode => 0)
           // die "connect: $IO::Socket::SSL::SSL_ERROR";
}

sub visit {
    my ($target, %o) = @_;

    my $jar = $o{jar} // {};
    my $cookies = join '; ', map { "$_=$jar->{$_}" } sort keys %$jar;

    my $request = CORE::join "\r\n",
        "GET $target HTTP/1.1", 'Host: localhost', 'Connection: close',
        'Accept: text/html', 'Sec-Fetch-Mode: navigate',
        'Sec-Fetch-Dest: document', 'Sec-Fetch-Site: same-origin',
        (defined $o{user} ? "X-User: $o{user}" : ()),
        ($cookies ne '' ? "Cookie: $cookies" : ()),
        @{ $o{headers} // [] }, '', '';

    my $socket = _connect(%o);

    local $SIG{PIPE} = 'IGNORE';
    local $SIG{ALRM} = sub { die "$target: no answer" };
    alarm $timeout;

    print $socket $request;

    my $text = do { local $/; <$socket> } // '';
    close $socket;

    alarm 0;

    my $answer = _parse($text);

    for my $cookie (@{ $answer->{headers}{'set-cookie'} // [] }) {
        my ($name, $value) = $cookie =~ /^([^=;]+)=([^;]*)/ or next;

        if ($cookie =~ /; Max-Age=0(?:;|$)/) {
            delete $jar->{$name};
        } else {
            $jar->{$name} = $value;
        }
    }

    return $answer;
}

sub _parse {
    my ($text) = @_;

    my ($head, $content) = split /\r\n\r\n/, $text, 2;
    my ($first, @lines) = split /\r\n/, $head // '';
    my ($status) = ($first // '') =~ m{^HTTP/1\.1 (\d+)};

    my %answer = (status => $status // 0, content => $content // '',
                  headers => {});

    for my $line (@lines) {
        my ($name, $value) = $line =~ /^([^:]+): ?(.*)$/ or next;
        push @{ $answer{headers}{lc $name} }, $value;
    }

    $answer{location} = $answer{headers}{location}
                        && @{ $answer{headers}{location} } == 1
                        ? $answer{headers}{location}[0] : undef;

    return \%answer;
}

sub follow {
    my ($target, %o) = @_;

    my @answers;

    while (@answers < $most) {
        my $answer = visit($target, %o);

        push @answers, $answer;

        $target = $answer->{location};

        if (!defined $target || $target !~ m{^/(?!/)}) {
            return @answers;
        }
    }

    Test::More::fail("led on $most times");

    return @answers;
}


# ---- the cookie ------------------------------------------------------------

sub ways_to_start {
    return <<'EOF_CONFIG';
location = /veriff/start { veriff_session kyc; }
location = /veriff/return { return 200 "return\n"; }
EOF_CONFIG
}

sub cookie_name { '__Host-veriff_kyc' }

sub way_of {
    my ($answer, $name) = @_;

    $name //= cookie_name();

    my ($value) = map { /^\Q$name\E=([^;]+)/ }
                  @{ $answer->{headers}{'set-cookie'} // [] };

    return if !defined $value;

    my $sealed = MIME::Base64::decode_base64($value =~ tr{-_}{+/}r);
    my ($version, $nonce, undef, $text) = unpack 'C a12 a16 a*', $sealed;

    $version == 1 or die "version $version";

    my ($plain) = _crypt($nonce, $text);
    my ($layout, $expires, $max_age, $length, $rest)
        = unpack 'C Q> Q> n a*', $plain;

    $layout == 1 or die "layout $layout";

    return { user => substr($rest, 0, $length),
             path => substr($rest, $length),
             max_age => $max_age, expires => $expires };
}

sub sealed {
    my (%o) = @_;

    my $user = $o{user} // 'alice';

    my $plain = $o{plain}
                // pack 'C Q> Q> n a* a*', 1, $o{expires} // time + $lifetime,
                        $o{max_age} // 0, length $user, $user, $o{path} // '/';

    my $nonce = pack 'a12', $o{nonce} // rand;
    my ($text, $h, $mask) = _crypt($nonce, $plain, $o{key});
    my $tag = $mask ^ _ghash($h, "\1" . ($o{integration} // 'kyc'), $text);

    my $value = MIME::Base64::encode_base64(
        pack('C a12 a16 a*', 1, $nonce, $tag, $text), '');

    return $value =~ tr{+/}{-_}r =~ s/=+$//r;
}

# HKDF-SHA256 without salt
sub _key {
    my ($key) = @_;

    if (!defined $key) {
        my $file = "$ENV{TEST_NGINX_KEYS}/key";

        open my $in, '<:raw', $file or die "$file: $!";
        read $in, $key, 32;
    }

    return Digest::SHA::hmac_sha256("veriff cookie\1",
               Digest::SHA::hmac_sha256($key, "\0" x 32));
}

# AES-256-GCM: the bytes the other way round, and what a tag is made of.
sub _crypt {
    my ($nonce, $bytes, $key) = @_;

    my $blocks = int((length($bytes) + 15) / 16);

    my $stream = _ecb(unpack('H*', _key($key)), "\0" x 16,
                      map { $nonce . pack 'N', $_ } 1 .. $blocks + 1);

    return $bytes ^ substr($stream, 32, length $bytes),
           substr($stream, 0, 16), substr($stream, 16, 16);
}

sub _ecb {
    my ($key, @blocks) = @_;

    my $dir = File::Temp->newdir();

    open my $out, '>:raw', "$dir/in" or die "$dir/in: $!";
    print $out @blocks;
    close $out;

    my $stream = `openssl enc -aes-256-ecb -nopad -K $key -in $dir/in`;

    length $stream == 16 * @blocks or die 'openssl enc';

    return $stream;
}

sub _ghash {
    my ($h, $aad, $text) = @_;

    my $padded = sub { $_[0] . "\0" x (-length($_[0]) % 16) };
    my $all = $padded->($aad) . $padded->($text)
              . pack 'Q> Q>', 8 * length $aad, 8 * length $text;

    my ($hash_high, $hash_low) = (0, 0);

    for my $block (unpack '(a16)*', $all) {
        my ($x_high, $x_low) = unpack 'Q> Q>', $block;

        $x_high ^= $hash_high;
        $x_low ^= $hash_low;

        my ($v_high, $v_low) = unpack 'Q> Q>', $h;

        ($hash_high, $hash_low) = (0, 0);

        for my $bit (0 .. 127) {
            my $word = $bit < 64 ? $x_high : $x_low;

            if ($word >> (63 - $bit % 64) & 1) {
                $hash_high ^= $v_high;
                $hash_low ^= $v_low;
            }

            my $odd = $v_low & 1;

            $v_low = $v_low >> 1 | ($v_high & 1) << 63;
            $v_high >>= 1;
            $v_high ^= 0xe1 << 56 if $odd;
        }
    }

    return pack 'Q> Q>', $hash_high, $hash_low;
}

1;
