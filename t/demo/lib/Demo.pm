package Demo;

# The demo: the provider's stand-in, an app, and nginx between them.

use Mojo::Base -base, -signatures;

use Demo::Children;
use Demo::Files;
use Demo::Watch;
use IO::Socket::INET;
use Mojo::File qw(path);
use Mojo::JSON qw(decode_json encode_json);
use Mojo::UserAgent;

use constant {
    PATIENCE => 15,
    LOOK     => 0.4,

    # Where things are if nobody says otherwise and nobody else is there.
    PORT          => 8443,
    PROVIDER_PORT => 8090,
};

# From the command line: nginx, module, examples (directories and files);
# port, provider_port (undef: any); quiet.
has [qw(nginx module examples port provider_port quiet)];

# The first of them is whom the demo speaks of; the others have not been here
# yet, either.
has users    => sub { [qw(alice bob carol dave erin frank grace heidi ivan judy)] };
has password => 'harbour';
has api_key  => sub { _uuid() };
has secret   => sub { _uuid() };

has files    => sub { Demo::Files->new };
has children => sub { Demo::Children->new };

# URLs, known when everything runs. The provider has a second one, with TLS,
# for nginx.
has [qw(site app provider api watch asking)];

sub user ($self) { return $self->users->[0] }

sub callback ($self) { return $self->site . '/veriff/return' }

sub start ($self) {
    my $port = _port('the site', $self->port, PORT);
    $self->site("https://localhost:$port");
    $self->files->make_certificate;

    $self->children->on_line(sub ($name, $line) { $self->_line($name, $line) });
    $self->_start_provider(_port('the provider', $self->provider_port, PROVIDER_PORT));
    $self->_start_app(_port('the app', 0));
    $self->_start_nginx($port);

    $self->watch(Demo::Watch->new(
        provider  => $self->provider,
        secret    => $self->secret,
        error_log => $self->files->file('log/error.log'),
        read_upto => -s $self->files->file('log/error.log') // 0,
    ));
}

# Until a signal ends it.
# Until what is called dies. While the sandbox is asked, nothing may: it would
# be taken for a failed request.
sub serve ($self, $go_on) {
    while (1) {
        $self->children->pump(LOOK);
        unless ($self->quiet) {
            $self->asking(1);
            $self->watch->look;
            $self->asking(0);
        }
        $go_on->();
    }
}

sub stop ($self) {
    $self->children->stop;
    $self->files->remove;
}

# The sandbox's own words for what goes wrong; see t/sandbox/README.md.
sub add_fault ($self, $json) {
    my $url    = $self->provider . '/_sandbox/faults';
    my $answer = Mojo::UserAgent->new->post($url => $json)->result;
    die 'the fault was refused: ', $answer->body, "\n" unless $answer->is_success;
}

sub _start_provider ($self, $port) {
    my $files = $self->files;
    my $ready = $files->file('sandbox.json');
    my $here  = path(__FILE__)->to_abs->dirname;

    # It checks the certificate of the site, as the provider does.
    my $trust = { MOJO_CA_FILE => $files->file('etc/site.crt') };
    $self->children->start(
        sandbox => $trust,
        $^X, $here->sibling('../sandbox/sandbox')->to_string,
        '--quiet',
        '--port'        => $port,
        '--tls-port'    => 0,
        '--public-url'  => "http://127.0.0.1:$port",
        '--api-key'     => $self->api_key,
        '--secret'      => $self->secret,
        '--webhook-url' => $self->site . '/veriff/webhook',
        '--event-url'   => $self->site . '/veriff/webhook',
        '--ca-file'     => $files->file('etc/provider-ca.crt'),
        '--ready-file'  => $ready,
    );
    $self->children->wait_for('the sandbox', PATIENCE, sub { -e $ready });
    my $where = decode_json(path($ready)->slurp);
    $self->provider($where->{http});
    $self->api($where->{https});
    chmod 0644, $where->{ca_file};
}

sub _start_app ($self, $port) {
    my $app  = path(__FILE__)->to_abs->dirname->sibling('app')->to_string;
    $self->app("http://127.0.0.1:$port");
    $self->children->start(app => {}, $^X, $app, 'daemon', '-l', $self->app);
    $self->_wait_for_port('the app', $port);
}

sub _start_nginx ($self, $port) {
    my $files = $self->files;

    $files->write('etc/veriff/api_key',       $self->api_key . "\n");
    $files->write('etc/veriff/shared_secret', $self->secret . "\n");
    $files->write('etc/htpasswd',
        join('', map { "$_:{PLAIN}" . $self->password . "\n" } @{ $self->users }), 0644);
    $files->write('log/error.log', '');
    $files->write('modules/.keep', '');
    symlink path($self->module)->to_abs, $files->file('modules/ngx_http_veriff_module.so')
        or die "modules: $!\n";
    $files->copy_examples($self->examples, $self->_edits($port));

    my $conf   = $files->file('etc/nginx.conf');
    my $pid    = $files->file('nginx.pid');
    my $global = 'daemon off;' . (path($conf)->slurp =~ /^pid\b/m ? '' : " pid $pid;");
    $self->children->start(
        nginx => {},
        $self->nginx,
        '-p' => $files->dir . '/',
        '-e' => $files->file('log/error.log'),
        '-c' => $conf,
        '-g' => $global,
    );
    $self->children->wait_for('nginx', PATIENCE, sub { -s $pid });
    $self->_wait_for_port('nginx', $port);
}

# What an operator changes in the examples, in the order of the files' lines.
sub _edits ($self, $port) {
    my $files = $self->files;
    my ($etc, $log, $dir) = map { $files->file($_) } 'etc', 'log', '';
    my ($app, $api) = map {s{\Ahttps?://}{}r} $self->app, $self->api;
    my $callback = $self->callback;

    # nginx's own directories are not for everyone to write into.
    my $logs      = "access_log $log/access.log;";
    my $temporary = join ' ', map {"${_}_temp_path ${dir}tmp_$_;"}
        qw(client_body proxy fastcgi uwsgi scgi);

    return (
        ['nginx.conf', 'the error log', qr/^error_log\s+\K[^;]+;/m, "$log/error.log info;"],
        ['nginx.conf', 'http', qr/^http\s*\{\K/m, "\n    $logs\n    $temporary\n"],
        ['nginx.conf', 'the files of /etc/nginx', qr{/etc/nginx/}, "$etc/"],
        ['nginx.conf', 'the store', qr{/var/lib/nginx/veriff\b}, "${dir}store"],
        ['nginx.conf', 'the callback', qr/^\s*callback\s+\Khttps:[^;]+;/m, "$callback;\n        "
            . 'url_hosts 127.0.0.1;'],
        ['nginx.conf', 'the app', qr/^\s*server\s+\K[\w.]+:\d+;/m, "$app;"],
        ['nginx.conf', 'the port', qr/^\s*listen\s+\K443 ssl/m, "127.0.0.1:$port ssl"],
        ['nginx.conf', 'the name', qr/^\s*server_name\s+\K[^;]+;/m, 'localhost;'],
        ['nginx.conf', 'the certificate', qr/^\s*ssl_certificate\s+\K[^;]+;/m, "$etc/site.crt;"],
        ['nginx.conf', 'its key', qr/^\s*ssl_certificate_key\s+\K[^;]+;/m, "$etc/site.key;"],
        ['veriff_endpoints.conf', 'the API\'s host', qr/stationapi\.veriff\.com/, $api],
        ['veriff_endpoints.conf', 'the app\'s path', qr{^\s*proxy_pass\s+\Khttp://app;}m,
            'http://app/webhooks/veriff;'],
        ['veriff_tls.conf', 'the CA', qr/^\s*proxy_ssl_trusted_certificate\s+\K[^;]+;/m,
            "$etc/provider-ca.crt;"],
    );
}

sub _port ($what, $asked, $default = 0) {
    my $port = Demo::Children::free_port($asked, $default);
    print "Port $default is in use, $what gets $port.\n" if !defined $asked && $port != $default;
    return $port;
}

sub _wait_for_port ($self, $what, $port) {
    $self->children->wait_for($what, PATIENCE,
        sub { IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port") });
}

# What the children print.
sub _line ($self, $name, $line) {
    if ($name ne 'app') {
        print STDERR $line =~ s/\A(?:\Q$name\E: )?/$name: /r, "\n";
    }
    elsif ($line =~ /\APOST / && $self->watch && !$self->quiet) {
        $self->watch->say(app => "got $line");
    }
}

sub _uuid () {
    my @part = unpack 'H8 H4 H4 H4 H12', _random_bytes(16);
    substr $part[2], 0, 1, '4';
    substr $part[3], 0, 1, 'a';
    return join '-', @part;
}

sub _random_bytes ($length) {
    open my $in, '<:raw', '/dev/urandom' or die "/dev/urandom: $!\n";
    read($in, my $bytes, $length) == $length or die "/dev/urandom: $!\n";
    return $bytes;
}

1;
