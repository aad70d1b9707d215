# A user from a certificate that nginx could not verify, and serves an error
# page all the same: whoever it names, it is nobody.

use lib 't/lib';
use VeriffTest;
use VeriffSession;
use VeriffStore;
use VeriffApp;
use File::Temp ();
use IO::Socket::SSL ();
use IO::Socket::SSL::Utils qw(CERT_create PEM_cert2file PEM_key2file);
use Test::More;

my $certs = File::Temp::tempdir('veriff-certs-XXXXXX', TMPDIR => 1,
                                CLEANUP => 1);

# Of several pairs of one name: by the authority, by itself.
my @authority = pair('ca', CA => 1, subject => { commonName => 'ca' });
pair('server', purpose => 'server', issuer => \@authority,
     subject => { commonName => 'localhost' });
pair('alice', purpose => 'client', issuer => \@authority,
     subject => { commonName => 'alice' });
pair('false', purpose => 'client', subject => { commonName => 'alice' });

chmod 0755, $certs;

sub pair {
    my ($name, %o) = @_;

    my @pair = CERT_create(not_before => time - 86_400, %o);

    PEM_cert2file($pair[0], "$certs/$name.crt");
    PEM_key2file($pair[1], "$certs/$name.key");

    return @pair;
}

$ENV{TEST_NGINX_TLS_PORT} = VeriffTest::free_port();
$ENV{TEST_NGINX_CERTS} = $certs;

sub tls_server {
    my ($verify) = @_;

    return kyc('user $ssl_client_s_dn;') . <<"EOF_CONFIG" . api() . '}';
server {
    listen \$TEST_NGINX_TLS_PORT ssl;
    ssl_certificate \$TEST_NGINX_CERTS/server.crt;
    ssl_certificate_key \$TEST_NGINX_CERTS/server.key;
    ssl_client_certificate \$TEST_NGINX_CERTS/ca.crt;
    ssl_verify_client $verify;
    error_page 495 496 = \@app;

    location = /json { veriff_session kyc format=json; }
    location / { try_files /none \@app; }
    location \@app {
        veriff_gate kyc;
        proxy_pass http://127.0.0.1:\$TEST_NGINX_APP_PORT;
    }
EOF_CONFIG
}

sub hook { api() . <<'EOF_CONFIG' }
location = /hook { veriff_webhook kyc; }
location = /ready { return 200 "ready\n"; }
EOF_CONFIG

sub as {
    my ($path, $name) = @_;

    my $socket = IO::Socket::SSL->new(
        PeerHost => "127.0.0.1", PeerPort => $ENV{TEST_NGINX_TLS_PORT},
        SSL_verify_mode => IO::Socket::SSL::SSL_VERIFY_NONE(), Timeout => 10,
        $name ? (SSL_cert_file => "$certs/$name.crt",
                 SSL_key_file => "$certs/$name.key") : ())
        or die "TLS: $IO::Socket::SSL::SSL_ERROR";

    print $socket "GET $path HTTP/1.0\r\nHost: localhost\r\n\r\n";
    my $text = do { local $/; <$socket> };

    my ($head, $content) = split /\r\n\r\n/, $text, 2;

    return { status => $head =~ m{^HTTP/\S+ (\d+)}, content => $content };
}

my $certificates = sub {
    my $session = as('/json', 'alice');
    answer_is('alice', $session, 200, qr/"sessionUrl":"/);
    decide($session->{content}, 'approved');

    answer_is('verified', as('/a', 'alice'), 200,
              qr{^app GET /a x-veriff-state=VERIFIED});
    app_seen();

    answer_is('says that it is alice', as('/a', 'false'), 401);
    answer_is('no certificate', as('/a'), 401);
    is(app_seen(), 0, 'the app is not asked');
    is(posts(), 1, 'nor is the provider');
};

on_block($_ => $certificates) for 1, 2;

start_sandbox();
start_app();
run_tests();

__DATA__

=== TEST 1: optional
--- http_config eval: main::tls_server('optional')
--- config eval: main::hook()



=== TEST 2: required
--- http_config eval: main::tls_server('on')
--- config eval: main::hook()
