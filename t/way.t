# The way back never leaves the host, whoever says it and however; and only
# the cookie that was set for a user leads that user back.

use lib 't/lib';
use VeriffTest;
use VeriffSession;
use VeriffStore;
use VeriffWay;
use Test::More;

# in arguments, in cookies, and on the wire
our $user = canary('alice-canary-71c4@example.com');

my @hostile = (paths('hostile'), paths('page'));
my @good = paths('good');

cmp_ok(scalar @hostile, '>=', 120, 'hostile paths');
cmp_ok(scalar @good, '>=', 40, 'good paths');

sub shown { length $_[0] > 60 ? substr($_[0], 0, 60) . '...' : $_[0] }

sub start {
    my ($path, %o) = @_;

    return visit('/veriff/start?return=' . escaped($path), user => $user, %o);
}

# nginx takes no request line above 8k
sub too_long { length escaped($_[0]) > 8000 }

sub fails_in {
    my ($name, @wrong) = @_;

    is(scalar @wrong, 0, $name) or diag(map { shown($_) . "\n" } @wrong);
}

sub hrefs { $_[0]{content} =~ /href\s*=\s*"([^"]*)"/gi }

# no Location, Refresh or link, and nothing of the path itself
sub leads_nowhere {
    my ($answer) = @_;

    return !grep({ $answer->{headers}{$_} } qw(location refresh link))
           && $answer->{content} !~ /href|src=|http-equiv|evil|<script/i;
}

# a user who is verified, by the name of the URL that was before
sub verified {
    my ($who) = @_;

    my $session = ask('/json', $who)->{content};
    my $url = url_of({ content => $session });

    decide($session, 'approved');

    return $url;
}

on_block(1 => sub {
    my $url = url_of(ask('/json', $user));
    my (@jars, @wrong);

    for my $path (@hostile) {
        my %jar;
        my $answer = start($path, jar => \%jar);

        if (too_long($path)) {
            $answer->{status} == 414 && leads_nowhere($answer)
                or push @wrong, $path;
            next;
        }

        my $way = way_of($answer);

        $answer->{status} == 303 && ($answer->{location} // '') eq $url
            && $way && $way->{path} eq '/' && $way->{user} eq $user
            or push @wrong, $path;

        push @jars, [$path, \%jar];
    }

    fails_in('not verified: to the provider, and back to "/"', @wrong);

    decide(ask('/json', $user)->{content}, 'approved');
    @wrong = ();

    for (@jars) {
        my ($path, $jar) = @$_;
        my $answer = visit('/veriff/start', user => $user, jar => $jar);

        $answer->{status} == 303 && ($answer->{location} // '') eq '/'
            && !%$jar
            or push @wrong, $path;
    }

    fails_in('with the cookie that was set then: to "/"', @wrong);
    cmp_ok(scalar @jars, '>=', 120, 'cookies');
});

on_block(2 => sub {
    verified($user);

    my @wrong = grep {
        my $answer = start($_);

        $answer->{status} != (too_long($_) ? 414 : 200)
            || !leads_nowhere($answer)
    } @hostile;

    fails_in('verified: a page without a link', @wrong);

    # beside a cookie that leads back, it counts for nothing
    @wrong = grep {
        my %jar = (cookie_name() => sealed(user => $user, path => '/a?b'));
        my $answer = start($_, jar => \%jar);

        !too_long($_)
            && ($answer->{status} != 303
                || ($answer->{location} // '') ne '/a?b' || %jar)
    } @hostile;

    fails_in('beside a cookie', @wrong);

    # as it is, for what a client can send so
    @wrong = grep {
        my $answer = visit("/veriff/start?return=$_", user => $user);
        my @hrefs = hrefs($answer);

        $answer->{location} || $answer->{headers}{refresh}
            || grep { !m{^/(?![/\\])} || m{^/[^?]*(?:[/\\]evil|//)} } @hrefs;
    } grep { /^[\x21-\x7e\x80-\xff]*$/ && !too_long($_) } @hostile;

    fails_in('not escaped', @wrong);

    # a second argument does not help
    for my $args ('return=/a&return=//evil.example', 'return=/a&return=/a',
                  'return=//evil.example&return=/a', 'return=&return=/a',
                  'return=', 'return', 'xreturn=/a', 'Return=/a',
                  'x=return=/a', 'r%65turn=/a', 'return/a')
    {
        my $answer = visit("/veriff/start?$args", user => $user);

        ok($answer->{status} == 200 && leads_nowhere($answer), $args);
    }

    for my $args ('return=/a', 'x=y&return=/a&z', '&&return=/a&',
                  'return=%2Fa', 'xreturn=/b&return=/a')
    {
        is_deeply([hrefs(visit("/veriff/start?$args", user => $user))],
                  ['/a'], $args);
    }
});

# sealed with the right key, but not by us
on_block(3 => sub {
    my $url = url_of(ask('/json', $user));
    my %cookie = map { $_ => sealed(user => $user, path => $_) }
                 grep { length $_ < 2100 } paths('hostile');

    my @wrong = grep {
        my $answer = visit('/veriff/start', user => $user,
                           jar => { cookie_name() => $cookie{$_} });
        my $way = way_of($answer);

        ($answer->{location} // '') ne $url || !$way || $way->{path} ne '/'
    } keys %cookie;

    fails_in('not verified: to the provider, and back to "/"', @wrong);
    cmp_ok(scalar keys %cookie, '>=', 120, 'cookies');

    decide(ask('/json', $user)->{content}, 'approved');

    @wrong = grep {
        my $answer = visit('/veriff/start', user => $user,
                           jar => { cookie_name() => $cookie{$_} });

        $answer->{status} != 200 || !leads_nowhere($answer)
    } keys %cookie;

    fails_in('verified: a page without a link', @wrong);
});

on_block(4 => sub {
    my $url = url_of(ask('/json', $user));
    my (@jars, @wrong);

    for my $path (@good) {
        my %jar;
        my $answer = start($path, jar => \%jar);
        my $way = way_of($answer);

        ($answer->{location} // '') eq $url && $way && $way->{path} eq $path
            or push @wrong, $path;

        push @jars, [$path, \%jar];
    }

    fails_in('not verified: to the provider, and back', @wrong);

    decide(ask('/json', $user)->{content}, 'approved');
    @wrong = ();

    for (@jars) {
        my ($path, $jar) = @$_;
        my $answer = visit('/veriff/start', user => $user, jar => $jar);

        $answer->{status} == 303 && ($answer->{location} // '') eq $path
            && !%$jar
            or push @wrong, $path;
    }

    fails_in('with the cookie that was set then: there', @wrong);
    @wrong = ();

    for my $path (@good) {
        my $answer = start($path);
        my ($href, @more) = hrefs($answer);

        my %entity = (amp => '&', lt => '<', gt => '>', quot => '"');
        my $plain = ($href // '') =~ s/&(\w+);/$entity{$1} \/\/ '?'/ger;

        $answer->{status} == 200 && !$answer->{location} && !@more
            && $plain eq $path && ($href // '') !~ /[<>"]|&(?!\w+;)/
            or push @wrong, $path;
    }

    fails_in('without: a link', @wrong);
});

on_block(5 => sub {
    verified($user);

    my $good = sealed(user => $user, path => '/account');
    my $name = cookie_name();

    my $flip = sub {
        my ($at) = @_;
        my $text = $good;

        substr($text, $at, 1) =~ tr/A-Za-z0-9_-/B-ZAb-za1-90\-_/;

        return $text;
    };

    my $now = time;
    my $plain = sub { sealed(plain => pack 'C Q> Q> n a* a*', @_) };

    my %bad = (
        'nothing'           => '',
        'a word'            => 'VERIFIED',
        'clear text'        => "$user:/account",
        'not base64url'     => '$' x 100,
        'quoted'            => qq{"$good"},
        'cut'               => substr($good, 0, -1),
        'cut by a group'    => substr($good, 0, -4),
        'half'              => substr($good, 0, length($good) / 2),
        'longer'            => $good . 'AAAA',
        'its beginning lost' => substr($good, 4),
        'in front of it'    => 'AAAA' . $good,
        'twice'             => $good x 2,
        'another version'   => $flip->(0),
        'another nonce'     => $flip->(6),
        'another tag'       => $flip->(24),
        'other bytes'       => $flip->(50),
        'zeroes'            => 'A' x length $good,
        'very long'         => 'A' x 5000,
        'expired'           => sealed(user => $user, path => '/account',
                                      expires => $now - 1),
        'expired long ago'  => sealed(user => $user, path => '/account',
                                      expires => 0),
        'expires before 1970' => sealed(user => $user, path => '/account',
                                      expires => 1 << 63),
        'another user'      => sealed(user => 'bob', path => '/account'),
        'a user as long'    => sealed(user => $user =~ s/.$/-/r,
                                      path => '/account'),
        'a longer user'     => sealed(user => "${user}x", path => '/account'),
        'a shorter user'    => sealed(user => substr($user, 0, -1),
                                      path => '/account'),
        'no user'           => sealed(user => '', path => '/account'),
        'no path'           => sealed(user => $user, path => ''),
        'another integration' => sealed(user => $user, path => '/account',
                                      integration => 'age'),
        'another key'       => sealed(user => $user, path => '/account',
                                      key => 'k' x 32),
        'a long user'       => $plain->(1, $now + 60, 0, 600, 'u' x 600,
                                        '/account'),
        'a length that lies' => $plain->(1, $now + 60, 0, 65535, $user,
                                        '/account'),
        'another layout'    => $plain->(2, $now + 60, 0, length $user, $user,
                                        '/account'),
        'a negative age'    => $plain->(1, $now + 60, 1 << 63, length $user,
                                        $user, '/account'),
        'too short'         => sealed(plain => "\1"),
        'empty'             => sealed(plain => ''),
    );

    for my $what (sort keys %bad) {
        my $answer = visit('/veriff/start', user => $user,
                           jar => { $name => $bad{$what} });

        ok($answer->{status} == 200 && leads_nowhere($answer), $what);
    }

    # of other names
    for my $other ('veriff_kyc', '__Host-veriff_age', '__Host-veriff_ky',
                   '__Host-veriff_kyc2', '__host-veriff_kyc', 'veriff_',
                   'x__Host-veriff_kyc', '__Secure-veriff_kyc')
    {
        my $answer = visit('/veriff/start', user => $user,
                           jar => { $other => $good });

        ok($answer->{status} == 200 && leads_nowhere($answer), $other);
    }

    is(visit('/veriff/start', user => $user, jar => { $name => $good })
       ->{location}, '/account', 'the good one');
});

# several cookies of the name, in one header and in many
on_block(6 => sub {
    verified($user);

    my $name = cookie_name();
    my $good = "$name=" . sealed(user => $user, path => '/account');
    my $bad = "$name=bad";

    my @cases = (
        [1, "$bad; $good"],
        [1, "$good; $bad"],
        [1, "a=b; $good; c=d"],
        [1, "a=$bad; $bad;$good"],
        [1, ";;  ; $good ;"  =~ s/ ;$//r],
        [1, "$bad; $bad; $bad; $good"],
        [0, "$bad; $bad; $bad; $bad; $good"],
        [0, join '; ', ($bad) x 200, $good],
        [0, "a=$good"],
        [0, $good =~ s/=/x/r],
        [0, "a=b $good"],
        [0, "$name"],
        [0, ''],
        [1, $bad, $good],
        [1, $good, $bad],
        [1, 'a=b', 'c=d', $bad, $good],
        [1, $bad, $bad, $bad, $good],
        [0, $bad, $bad, $bad, $bad, $good],
        [0, "$bad; $bad", "$bad; $bad", $good],
        [0, ($bad) x 50, $good],
        [1, ('a=b') x 50, $good],
    );

    for my $i (0 .. $#cases) {
        my ($leads, @lines) = @{ $cases[$i] };

        my $answer = visit('/veriff/start', user => $user,
                           headers => [map { "Cookie: $_" } @lines]);

        is($answer->{location}, $leads ? '/account' : undef, "case $i");
        is($answer->{status}, $leads ? 303 : 200, "case $i: status");
    }

    # the first one that opens is another user's: it is none
    my $other = "$name=" . sealed(user => 'bob', path => '/b');

    is(visit('/veriff/start', user => $user,
             headers => ["Cookie: $other; $good"])->{status}, 200,
       "another user's before");
});

sub cookies { @{ $_[0]{headers}{'set-cookie'} // [] } }

on_block(7 => sub {
    my %tls = (tls => 1, port => $ENV{TEST_NGINX_TLS_PORT});

    my %case = (
        'callback https'      => [kyc => 1],
        'callback https, TLS' => [kyc => 1, %tls],
        'no callback'         => [none => 0],
        'no callback, TLS'    => [none => 1, %tls],
    );

    for my $what (sort keys %case) {
        my ($integration, $secure, %o) = @{ $case{$what} };

        my $name = ($secure ? '__Host-' : '') . "veriff_$integration";
        my $flags = 'Path=/; HttpOnly; SameSite=Lax'
                    . ($secure ? '; Secure' : '');
        my %jar = (other => 'x');

        my $answer = visit("/$integration?return=/a", user => $user,
                           jar => \%jar, %o);
        my $first = $jar{$name} // '';

        is(scalar cookies($answer), 1, "$what: one cookie");
        like((cookies($answer))[0], qr/\A\Q$name\E=[A-Za-z0-9_-]{80,400};
            [ ]\Q$flags; Max-Age=86400\E\z/x, "$what: set");
        is($answer->{headers}{'cache-control'}[0], 'no-store',
           "$what: not to be kept");

        decide(ask("/$integration-json", $user)->{content}, 'approved');
        $answer = visit("/$integration", user => $user, jar => \%jar, %o);

        is($answer->{location}, '/a', "$what: leads back");
        is_deeply([cookies($answer)], ["$name=; $flags; Max-Age=0"],
                  "$what: removed");

        # the next case has a user of its own
        $user .= '.';
    }
});

# what a browser keeps: 4096 bytes of a cookie, and nothing in clear
on_block(8 => sub {
    my $who = canary('u' x 500 . '-long-canary');
    my $path = '/path-canary-93e1' . 'p' x 2031;

    is(length "$who$path", 512 + 2048, 'the longest');

    my $answer = visit("/longest?return=$path", user => $who);
    my ($cookie) = cookies($answer);
    my ($name, $value) = $cookie =~ /^([^=]+)=([^;]+)/;

    cmp_ok(length $cookie, '<=', 4096, 'bytes');
    is(length $value, 3478, 'bytes of the value');

    my $binary = MIME::Base64::decode_base64($value =~ tr{-_}{+/}r);

    for my $text ($cookie, $binary, unpack 'H*', $binary) {
        for my $secret ('canary', unpack('H*', 'canary'),
                        MIME::Base64::encode_base64('canary', ''), 'uuuu',
                        'pppp')
        {
            is(index($text, $secret), -1, 'not in clear');
        }
    }

    my $again = visit("/longest?return=$path", user => $who);
    isnt((cookies($again))[0], $cookie, 'never the same');

    decide(ask('/longest-json', $who)->{content}, 'approved');
    is(visit('/longest', user => $who, jar => { $name => $value })
       ->{location}, $path, 'leads back');
});

# two integrations, two cookies
on_block(9 => sub {
    my %jar;

    visit('/redirect?return=/a', user => $user, jar => \%jar);
    visit('/age?return=/b', user => $user, jar => \%jar);

    is_deeply([sort keys %jar], ['__Host-veriff_age', '__Host-veriff_kyc'],
              'both are kept');

    decide(ask('/json', $user)->{content}, 'approved');
    decide(ask('/age-json', $user)->{content}, 'approved');

    # each under the other's name
    my %wrong = ('__Host-veriff_age' => $jar{'__Host-veriff_kyc'},
                 '__Host-veriff_kyc' => $jar{'__Host-veriff_age'});

    for my $place ('/redirect', '/age') {
        is(visit($place, user => $user, jar => { %wrong })->{status}, 200,
           "$place: the other's cookie is none");
    }

    is(visit('/age', user => $user, jar => \%jar)->{location}, '/b', '/age');
    is(visit('/redirect', user => $user, jar => \%jar)->{location}, '/a',
       '/redirect');
    is_deeply(\%jar, {}, 'both are gone');
});

# the page that was asked for, as the gate takes it
on_block(10 => sub {
    my $gate = '/veriff/start?return=';
    my (@wrong, $led);

    for my $path (grep { m{^/[\x21-\x7e\x80-\xff]*$} && length $_ < 8000 }
                  paths('hostile'))
    {
        my $answer = visit($path, user => $user);
        my $way = way_of($answer);

        # nginx itself refuses some
        next if $answer->{status} == 400;

        $led++;

        $answer->{status} == 302 && ($answer->{location} // '') eq "$gate%2F"
            && $way && $way->{path} eq '/'
            or push @wrong, $path;
    }

    fails_in('hostile: from "/"', @wrong);
    cmp_ok($led, '>', 50, 'hostile ones that nginx takes');
    @wrong = ();

    # above the root there is nothing, and "/start" is no page of the app
    for my $path (grep { !m{^/\.\./|^/start\?} } @good) {
        my $answer = visit($path, user => $user);
        my $way = way_of($answer);

        $answer->{status} == 302
            && ($answer->{location} // '') eq $gate . escaped($path)
            && $way && $way->{path} eq $path && $way->{user} eq $user
            or push @wrong, $path;
    }

    fails_in('good: there', @wrong);
});

my %pem;

sub pem {
    my ($part) = @_;

    if (!%pem) {
        my $dir = File::Temp->newdir();

        system('openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256'
               . " -nodes -days 2 -subj /CN=localhost -keyout $dir/key"
               . " -out $dir/certificate 2>/dev/null") == 0
            or die 'openssl req';

        for my $name (qw(certificate key)) {
            open my $in, '<', "$dir/$name" or die "$dir/$name: $!";
            $pem{$name} = do { local $/; <$in> };
        }
    }

    return $pem{$part};
}

# another one beside kyc, with these settings
sub beside {
    my ($name, $more) = @_;

    my $text = VeriffSession::integration("api_uri /$name-api; $more");

    $text =~ s/^veriff_key_file.*$//m;
    $text =~ s/integration kyc/integration $name/;
    $text =~ s/callback \S+;// if $more =~ /# no callback/;

    return $text;
}

sub places_of {
    my ($name) = @_;

    return VeriffSession::api('', $name) =~ s/veriff-api/$name-api/gr
           . "location = /$name { veriff_session $name format=redirect; }\n"
           . "location = /$name-json { veriff_session $name format=json; }\n";
}

our $longest = 'n' x 64;

$ENV{TEST_NGINX_TLS_PORT} = free_port();

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value('config', ways_to_start() . places())
        if !defined $block->config;
});

start_sandbox();
run_tests();

__DATA__

=== TEST 1: hostile paths, from the beginning to the end



=== TEST 2: hostile paths of who is verified



=== TEST 3: hostile paths in a cookie



=== TEST 4: good paths



=== TEST 5: cookies that are none



=== TEST 6: several cookies



=== TEST 7: attributes
--- user_files eval
">>> tls.crt\n" . main::pem('certificate') . ">>> tls.key\n" . main::pem('key')
--- http_config eval
main::kyc()
. main::beside('none', '# no callback')
. 'server {
    listen $TEST_NGINX_TLS_PORT ssl;
    ssl_certificate ../html/tls.crt;
    ssl_certificate_key ../html/tls.key;
' . main::places_of('none') . main::api() . 'location = /kyc { veriff_session kyc format=redirect; }
}'
--- config eval
main::places('', 'none') . main::places_of('none')
. 'location = /kyc { veriff_session kyc format=redirect; }
location = /kyc-json { veriff_session kyc format=json; }'



=== TEST 8: the longest one, and nothing in clear
--- http_config eval
main::kyc() . main::beside($main::longest, '')
--- config eval
(main::places('', $main::longest) . main::places_of($main::longest))
    =~ s{location = /n+}{location = /longest}gr



=== TEST 9: two integrations
--- http_config eval
main::kyc_and_age()
--- config eval
main::places(main::api('', 'age') =~ s/veriff-api/age-api/gr
             . 'location = /age { veriff_session age format=redirect; }'
             . 'location = /age-json { veriff_session age format=json; }',
             'age')



=== TEST 10: request-targets at the gate
--- config eval
main::ways_to_start() . main::places()
. 'veriff_gate kyc;'
