package VeriffExample;

# For the suites that run the files of conf-examples/, on top of VeriffStore.
# A block says which one:
#
#     === TEST 1: what is shown
#     --- example: nginx.conf
#
# The file is run as it is, with what it includes, but for
#
#   - paths: /etc/nginx/ and /var/ lead into the server root, and the CA file
#     is the sandbox's;
#   - addresses: listeners get a free port of 127.0.0.1, the provider's host
#     is the sandbox, and who is at another address is said by
#     service(port or host of *.veriff.com => port);
#   - the user of the workers, who is the one that runs the tests;
#   - what Test::Nginx needs: the places of its log and pid file, and a
#     server for the block's own request;
#   - "--- edits", for what a test cannot wait for, or each nginx writes
#     differently: lines "this => that" about the file and what it includes.
#
# Keys, secrets, certificates and passwords are made, where a file names them:
# a user's password is the user's name.
#
# What a block does is said by on_block(number, code), see VeriffStore; the
# sandbox sends its webhooks to https://127.0.0.1/veriff/webhook, or what
# webhooks(port, path) says.

use strict;
use warnings;

use Exporter qw(import);
use File::Basename qw(basename dirname);
use File::Path qw(make_path);
use File::Temp ();
use IO::Socket::SSL ();
use IO::Socket::SSL::Utils qw(CERT_create KEY_create_ec PEM_cert2file
                              PEM_key2file);
use JSON::PP ();
use MIME::Base64 ();
use Test::More ();
use Test::Nginx::Socket ();
use VeriffStore ();
use VeriffTest ();

our @EXPORT = qw(
    on_block service key_pair webhooks port_of connect_to certificate
    fetch browse basic json_of place
    is_status is_led is_problem passes led_to_start led_through
    session_of decide event provider_saw start_provider
);

my $host = 'app.example.com';
my $timeout = 15;

my $certs = File::Temp::tempdir('veriff-example-XXXXXX', TMPDIR => 1,
                                CLEANUP => 1);
my $owner = $$;

my %service;
my %key_pair;
my %port;

*decide = \&VeriffStore::decide;
*event = \&VeriffStore::event;


# ---- certificates ----------------------------------------------------------

sub _authority {
    my ($name) = @_;

    return [CERT_create(CA => 1, key => KEY_create_ec('prime256v1'),
                        not_before => time - 86_400,
                        subject => { commonName => $name })];
}

sub _write_pair {
    my ($name, @pair) = @_;

    PEM_cert2file($pair[0], "$certs/$name.crt");
    PEM_key2file($pair[1], "$certs/$name.key");
}

my $authority = _authority('Example CA');
my %authority = (ours => $authority, foreign => _authority('Example CA'));

PEM_cert2file($authority->[0], "$certs/ca.crt");

_write_pair('server', CERT_create(
    key => KEY_create_ec('prime256v1'), issuer => $authority,
    not_before => time - 86_400, purpose => 'server',
    subject => { commonName => 'example.com' },
    subjectAltNames => [[DNS => 'example.com'], [DNS => '*.example.com'],
                        [IP => '127.0.0.1']]));

# A client's certificate: the options of fetch() that use it.  It is signed by
# the authority that the example trusts ("ours"), or by one of the same name
# ("foreign").
sub certificate {
    my ($user, $signer) = @_;

    my $name = "$user-$signer";

    _write_pair($name, CERT_create(
        key => KEY_create_ec('prime256v1'), issuer => $authority{$signer},
        not_before => time - 86_400, purpose => 'client',
        subject => { commonName => $user, organizationName => 'Example' }))
        if !-e "$certs/$name.crt";

    return (tls => { SSL_cert_file => "$certs/$name.crt",
                     SSL_key_file => "$certs/$name.key",
                     SSL_use_cert => 1 });
}

# the sandbox checks the certificate of whom it sends webhooks to
$ENV{MOJO_CA_FILE} = "$certs/ca.crt";


# ---- the files -------------------------------------------------------------

# service(8080 => port): where the one is that the examples expect at
# 127.0.0.1:8080.
sub service { %service = (%service, @_) }

# key_pair(name => [api key, secret]): the pair of the files that begin so.
sub key_pair { %key_pair = (%key_pair, @_) }

# Where the listener is that has this port in the file.
sub port_of { $port{ $_[0] } // die "nothing listens on $_[0]" }

sub _slurp {
    my ($file) = @_;

    open my $in, '<:raw', $file or die "$file: $!";
    local $/;
    return scalar <$in>;
}

sub _write {
    my ($file, $content, $mode) = @_;

    make_path(dirname($file), { mode => 0755 });
    open my $out, '>:raw', $file or die "$file: $!";
    print $out $content;
    close $out or die "$file: $!";
    chmod $mode // 0600, $file or die "$file: $!";
}

# A file with the edits said above.
sub _edited {
    my ($text, $name, $root) = @_;

    my $edited = '';

    for my $line ($text =~ /^.*\n/mg) {
        my ($code, $comment) = $line =~ /^([^#]*)(.*\n)/s;

        $code =~ s{/etc/ssl/certs/ca-certificates\.crt}
                  {$ENV{TEST_NGINX_SANDBOX_CA}}g;
        $code =~ s{/etc/nginx/}{$root/}g;
        $code =~ s{(?<=\s)/(?=var/)}{$root/}g;

        if ($code !~ s{\blisten\s+\K(?:[\d.]+:)?(\d+)\b}
                      {'127.0.0.1:' . ($port{$1} //= VeriffTest::free_port())}ge)
        {
            $code =~ s{\b127\.0\.0\.1:(\d+)\b|\b([\w.-]+\.veriff\.com)\b}
                      {'127.0.0.1:' . ($service{$1 // $2}
                                       // die "$name: who is $&?\n")}ge;
        }

        $edited .= $code . $comment;
    }

    return $edited;
}

# The file and those that it includes: names and texts.
sub _texts {
    my ($name, $root) = @_;

    my $dir = dirname(__FILE__) . '/../../conf-examples';

    my %text = ($name => _edited(_slurp("$dir/$name"), $name, $root));

    for my $other (map { s{^\Q$root\E/}{}r }
                   _values($text{$name}, $root, '(?:include|payload_file)'))
    {
        %text = (%text, _texts($other, $root)) if -f "$dir/$other";
    }

    return %text;
}

sub _values {
    my ($text, $root, $directive) = @_;

    $text =~ s/#.*//g;

    return map { m{^/} ? $_ : "$root/$_" }
           map { split ' ' } $text =~ /(?:^|[\s;{}])$directive\s+([^;]+);/g;
}

sub _make_files {
    my ($text, $root) = @_;

    my $pair = sub {
        my ($file) = @_;
        my ($name) = basename($file) =~ /^(.*?)_?(?:api_key|shared_secret)$/;

        return $key_pair{$name}
               // [VeriffTest::api_key(), VeriffTest::shared_secret()];
    };

    my @webhook = _values($text, $root, 'webhook_key');

    _write($_, $pair->($_)->[0] . "\n")
        for _values($text, $root, 'api_key_file'), grep { /api_key$/ } @webhook;
    _write($_, $pair->($_)->[1] . "\n")
        for _values($text, $root, 'shared_secret_file'),
            grep { /secret$/ } @webhook;
    _write($_, 'k' x 32) for _values($text, $root, 'veriff_key_file');

    # a worker reads it
    _write($_, join('', map { "$_:{PLAIN}$_\n" } qw(alice bob carol)), 0644)
        for _values($text, $root, 'auth_basic_user_file');

    _write($_, _slurp("$certs/server.crt"))
        for _values($text, $root, 'ssl_certificate');
    _write($_, _slurp("$certs/server.key"))
        for _values($text, $root, 'ssl_certificate_key');
    _write($_, _slurp("$certs/ca.crt"))
        for _values($text, $root, 'ssl_client_certificate');
}

sub _edit {
    my ($text, $from, $to) = @_;

    my @in = grep { $text->{$_} =~ /\Q$from\E/ } keys %$text
        or die "no file has \"$from\"\n";

    $text->{$_} =~ s/\Q$from\E/$to/g for @in;
}

# Puts the example in the place of what Test::Nginx has written.
sub _write_example {
    my ($block) = @_;

    my $name = $block->example // return;
    $name =~ s/\s+//g;

    my $conf = $Test::Nginx::Util::ConfFile;
    my $root = dirname($conf);

    my ($main) = _slurp($conf) =~ /\A(.*?)^#env LUA_PATH/ms;
    my ($temp) = _slurp($conf) =~ /^(    access_log [^\n]*)/m;
    $main =~ s/^worker_processes[^\n]*\n//;
    $temp =~ s/^\s+|\s+$//g;

    %port = ();

    $service{'stationapi.veriff.com'} = $ENV{TEST_NGINX_SANDBOX_HTTPS_PORT};

    my %text = _texts($name, $root);
    _edit(\%text, split / => /) for split /\n/, $block->edits // '';

    my $load = join ' ', map { "load_module $_;" }
               grep { $_ ne '' } split / /,
               ($Test::Nginx::Util::LoadModules // '');
    my $own = 'server { listen 127.0.0.1:' . Test::Nginx::Util::server_port()
              . '; location = /ready { return 200 "ready\n"; } }';

    $text{$name} =~ s/^load_module [^\n]*/$load/m
        or die "$name does not load the module\n";
    $text{$name} =~ s/^http \{/http { $temp $own/m
        or die "$name is not complete\n";

    # others may not be let into where the tests are
    my $user = (getpwuid $>)[0];
    $text{$name} =~ s/^user [^\n]*/user $user;/m
        or die "$name has no user\n";

    _write("$root/$_", $text{$_}, 0644) for keys %text;
    _write($conf, "$main$text{$name}", 0644);
    _make_files($text{$name}, $root);

    make_path("$root/var/log/nginx", "$root/var/lib/nginx", { mode => 0755 });
    _write("$root/mime.types", "types {\n    text/html html;\n}\n", 0644);
}

# Where a file of /etc/nginx/ or /var/ is now; with content, it is written.
sub place {
    my ($path, $content) = @_;

    $path =~ s{^(?:/etc/nginx)?}{dirname($Test::Nginx::Util::ConfFile)}e;
    _write($path, $content, 0644) if defined $content;

    return $path;
}


# ---- requests --------------------------------------------------------------

# A connection: port and host as in the file, tls (0 for none, or more options
# of IO::Socket::SSL), from (an address of this machine).
sub connect_to {
    my (%o) = @_;

    my %peer = (LocalAddr => $o{from} // '127.0.0.1', PeerAddr => '127.0.0.1', PeerPort => port_of($o{port} // 443),
                Timeout => $timeout);

    if (defined $o{tls} && !$o{tls}) {
        return IO::Socket::INET->new(%peer) || die "connect: $!";
    }

    return IO::Socket::SSL->new(%peer, SSL_hostname => $o{host} // $host,
                                SSL_verifycn_name => $o{host} // $host,
                                SSL_verifycn_scheme => 'http',
                                SSL_ca_file => "$certs/ca.crt",
                                %{ $o{tls} // {} })
           || die "connect: $IO::Socket::SSL::SSL_ERROR";
}

sub basic {
    my ($user) = @_;

    return (headers => { Authorization =>
        'Basic ' . MIME::Base64::encode_base64("$user:$user", '') });
}

# One request, as a program makes it: path; host, port, method, headers, body,
# jar (a hash of cookies that is kept up to date), and those of connect_to().
sub fetch {
    my ($path, %o) = @_;

    my $body = $o{body} // '';
    my $jar = $o{jar} // {};

    my %headers = (Host => $o{host} // $host, Connection => 'close',
                   %{ $o{headers} // {} });

    $headers{Cookie} = join '; ', map { "$_=$jar->{$_}" } sort keys %$jar
        if %$jar;
    $headers{'Content-Length'} = length $body
        if $body ne '' || ($o{method} // '') eq 'POST';

    my $socket = connect_to(%o);

    local $SIG{ALRM} = sub { die "$path: no answer" };
    alarm $timeout;

    print $socket +($o{method} // 'GET') . " $path HTTP/1.1\r\n"
                  . _lines(%headers) . "\r\n$body";

    my $text = '';
    while (!_is_whole($text)
           && sysread($socket, $text, 65536, length $text)) { }
    alarm 0;

    return _answer($text, $jar);
}

# A header that is said several times has a list.
sub _lines {
    my (%headers) = @_;

    return join '', map {
        my $name = $_;
        map { "$name: $_\r\n" } ref $headers{$name} ? @{ $headers{$name} }
                                                   : $headers{$name};
    } sort keys %headers;
}

# A connection that was to be upgraded is not closed.
sub _is_whole {
    my ($text) = @_;

    my ($head, $content) = split /\r\n\r\n/, $text, 2;

    return defined $content && $head =~ /^Content-Length: (\d+)/mi
           && length $content >= $1;
}

sub _answer {
    my ($text, $jar) = @_;

    my ($head, $content) = split /\r\n\r\n/, $text, 2;
    my ($first, @lines) = split /\r\n/, $head // '';

    my %answer = (content => $content // '', headers => {});
    ($answer{status}) = ($first // '') =~ m{^HTTP/1\.1 (\d+)};

    for my $line (@lines) {
        my ($name, $value) = split /: */, $line, 2;

        $answer{headers}{lc $name} = $value;

        next if lc $name ne 'set-cookie';

        my ($cookie, $is) = $value =~ /^([^=]+)=([^;]*)/;
        $jar->{$cookie} = $is;
        delete $jar->{$cookie} if $is eq '';
    }

    if (lc($answer{headers}{'transfer-encoding'} // '') eq 'chunked') {
        my $rest = $answer{content};
        $answer{content} = '';

        while ($rest =~ s/^([0-9a-f]+)\r\n//i && hex $1) {
            $answer{content} .= substr $rest, 0, hex $1, '';
            $rest =~ s/^\r\n//;
        }
    }

    return \%answer;
}

# The same as a person's browser makes it.
sub browse {
    my ($path, %o) = @_;

    $o{headers} = { Accept => 'text/html,*/*;q=0.8',
                    'Sec-Fetch-Mode' => 'navigate',
                    'Sec-Fetch-Dest' => 'document', %{ $o{headers} // {} } };

    return fetch($path, %o);
}

sub json_of {
    my ($answer) = @_;

    local $SIG{__DIE__};
    return eval { JSON::PP::decode_json($answer->{content}) } // {};
}


# ---- the provider ----------------------------------------------------------

# Where the sandbox sends what it has to say.
sub webhooks {
    my ($port, $path) = @_;

    my $url = 'https://127.0.0.1:' . port_of($port) . $path;

    VeriffTest::sandbox(POST => '/_sandbox/config',
                        { webhook_url => $url, event_url => $url });
}

# Starts one more, with an account of its own, which ends with the suite, and
# returns where it is: { http, https, ... }.  Examples trust it, too.
sub start_provider {
    my (%o) = @_;

    my $ready = "$certs/provider.json";
    my $sandbox = dirname(__FILE__) . '/../sandbox/sandbox';

    my $pid = fork // die "fork: $!";

    if (!$pid) {
        open STDOUT, '>&', \*STDERR;
        exec $^X, $sandbox, '--with-parent', '--quiet', '--port', 0,
             '--tls-port', 0, '--ready-file', $ready,
             '--ca-file', "$certs/provider-ca.pem",
             map { ("--$_", $o{$_}) } sort keys %o;
        exit 127;
    }

    VeriffStore::wait_until('a provider', sub { -s $ready });

    open my $trusted, '>>', $ENV{TEST_NGINX_SANDBOX_CA} or die "CA file: $!";
    print $trusted _slurp("$certs/provider-ca.pem");
    close $trusted;

    return JSON::PP::decode_json(_slurp($ready));
}

# The id of the session that was made last.
sub session_of {
    my ($newest) = reverse @{ VeriffTest::sandbox(
                                  GET => '/_sandbox/sessions') };

    return $newest->{id} // die 'the provider has no session';
}

# The requests that it has got: "POST /v1/sessions", ...
sub provider_saw {
    return map { "$_->{method} $_->{path}" }
           @{ VeriffTest::sandbox(GET => '/_sandbox/requests') };
}


# ---- assertions ------------------------------------------------------------

sub is_status {
    my ($name, $answer, $status, $pattern) = @_;

    Test::More::is($answer->{status}, $status, "$name: $status")
        or Test::More::diag($answer->{content});
    Test::More::like($answer->{content}, $pattern, "$name: body") if $pattern;

    return $answer;
}

sub is_led {
    my ($name, $answer, $status, $to) = @_;

    is_status($name, $answer, $status);
    Test::More::is($answer->{headers}{location}, $to, "$name: where to");
    Test::More::is($answer->{headers}{'cache-control'}, 'no-store',
                   "$name: no-store");
}

# The gate's refusal of a program.
sub is_problem {
    my ($name, $answer, $state, $start) = @_;

    is_status($name, $answer, 403);
    Test::More::is($answer->{headers}{'content-type'},
                   'application/problem+json', "$name: a problem");

    my $json = json_of($answer);

    Test::More::is(join(' ', $json->{state} // '', $json->{start} // ''),
                   "$state " . ($start // '/veriff/start'),
                   "$name: state and start");
}

# The app has got it, and knows that the user is verified.
sub passes {
    my ($name, $answer, $path) = @_;

    is_status($name, $answer, 200,
              qr/^app \w+ \Q$path\E x-veriff-state=VERIFIED x-veriff-session/);
}

# A person asks for a page: to the start, and from there to the provider.
# Returns the session's id.
sub led_to_start {
    my ($path, %o) = @_;

    my $start = delete $o{start} // '/veriff/start';
    my $provider = delete $o{provider} // qr{^https://alchemy\.veriff\.com/};

    (my $escaped = $path) =~ s{([^\w.~-])}{sprintf '%%%02X', ord $1}ge;

    my $answer = browse($path, %o);
    is_led('unverified', $answer, 302, "$start?return=$escaped");

    $answer = browse($answer->{headers}{location} // '/', %o);
    is_status('start', $answer, 303);

    my $url = $answer->{headers}{location} // '';
    Test::More::like($url, $provider, 'start: to the provider');
    VeriffTest::canary($url) if length $url > 20;

    return if !$answer->{status} || $answer->{status} != 303;
    return session_of();
}

# The whole way of a person, and back to the page that was asked for.  The
# browser comes back without a login.  Returns the session's id.
sub led_through {
    my ($path, %o) = @_;

    my $return = delete $o{return} // '/veriff/return';
    my %again = map { $_ => $o{$_} } grep { exists $o{$_} } qw(host jar);

    my $session = led_to_start($path, %o) // return;

    delete $o{start};
    delete $o{provider};

    event($session, 'submitted');
    is_led('submitted', browse($path, %o), 302, _with_return($return, $path));
    is_status('submitted: the page', browse($return, %again), 200,
              qr/is being checked/);

    decide($session, 'approved');
    my $back = browse($return, %again);
    is_led('approved: back', $back, 303, $path);
    passes('approved', browse($path, %o), $path);
    passes('approved, a program', fetch($path, %o), $path);

    return $session;
}

sub _with_return {
    my ($page, $path) = @_;

    $path =~ s{([^\w.~-])}{sprintf '%%%02X', ord $1}ge;

    return "$page?return=$path";
}


# ---- blocks ----------------------------------------------------------------

sub on_block {
    my ($number, $code) = @_;

    VeriffStore::on_block($number, sub {
        # VeriffStore's would be in a server that the example does not have
        webhooks(443, '/veriff/webhook') if $port{443};
        $code->(@_);
    });
}

{
    no strict 'refs';
    no warnings qw(redefine prototype);

    my $write = \&Test::Nginx::Util::write_config_file;

    *{'Test::Nginx::Util::write_config_file'} = sub {
        $write->(@_);
        _write_example($_[0]);
    };
}

# nginx is started anew for each block
Test::Nginx::Util::add_block_preprocessor(sub {
    my ($block) = @_;

    defined $block->example or die $block->name . " - which example?\n";

    $block->set_value('http_config', '');
    $block->set_value('config', '# ' . $block->name);
});

1;
