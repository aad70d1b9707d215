package Sandbox::Settings;

# The command line, and which settings may change while running.

use Mojo::Base -strict, -signatures;

use Exporter     qw(import);
use Getopt::Long qw(GetOptionsFromArray);
use Mojo::URL;

our @EXPORT_OK = qw(change_settings parse_options shown_settings usage);

# The secret is the one of the test vectors, so that they hold here as well.
use constant API_KEY => '8e4f7a10-3c52-4d8b-9f61-52a0c7d1e9b3';
use constant SECRET  => 'abcdef12-abcd-abcd-abcd-abcdef012345';

my $UUID = qr/\A[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\z/;

my $USAGE = <<"END";
usage: sandbox [options]

Listens on 127.0.0.1 only.

  --port N               HTTP port, 0 picks a free one (8090)
  --tls-port N           HTTPS port, 0 picks a free one (no HTTPS)
  --tls-name NAME        one more DNS name in the certificate; may be repeated
  --ca-file PATH         write the test CA's certificate here
  --public-url URL       how verification.url begins (the https or http listener)
  --ready-file PATH      written when the sandbox listens: JSON with its URLs

  --api-key UUID         (${\API_KEY})
  --secret TEXT          may be repeated: the first signs, all are accepted
                         (${\SECRET})
  --strict               a session is not made without a signature either
  --integration UUID     may be repeated: the integrations of the key pair, which
                         requests name in vrf-integration-id (one, unnamed)
  --integration-id UUID  sent with webhooks as vrf-integration-id (none)

  --webhook-url URL      where decisions go (nowhere)
  --event-url URL        where events go (nowhere)
  --webhook-key UUID     with --webhook-secret: the pair which signs webhooks
  --webhook-secret TEXT  (the API pair)
  --webhook-insecure     do not check the certificate of the receiver
  --retry-interval S     seconds between deliveries which failed (3600)
  --resubmission-delay S delay of resubmission_requested decisions (0)

  --rate N               sessions which may be made per minute (600)
  --with-parent          end when the process which started this one ends
  --quiet                print nothing
  --help                 this text
END

my $SECONDS = sub ($value) { return $value =~ /\A\d+(?:\.\d+)?\z/ };
my $NATURAL = sub ($value) { return $value =~ /\A\d+\z/ };

# What POST /_sandbox/config takes; null switches a URL off.
my %CHANGEABLE = (
    event_url          => \&_is_url,
    rate               => $NATURAL,
    resubmission_delay => $SECONDS,
    retry_interval     => $SECONDS,
    webhook_url        => \&_is_url,
);

sub usage () { return $USAGE }

# Dies with a message for the person at the command line.
sub parse_options (@args) {
    my %option = (
        port               => 8090,
        api_key            => API_KEY,
        retry_interval     => 3600,
        rate               => 600,
        resubmission_delay => 0,
        secrets            => [],
        tls_names          => [],
        integrations       => [],
    );
    my @problems;
    local $SIG{__WARN__} = sub ($text) { push @problems, $text };
    GetOptionsFromArray(
        \@args,
        'port=i'               => \$option{port},
        'tls-port=i'           => \$option{tls_port},
        'tls-name=s'           => $option{tls_names},
        'ca-file=s'            => \$option{ca_file},
        'public-url=s'         => \$option{public_url},
        'ready-file=s'         => \$option{ready_file},
        'api-key=s'            => \$option{api_key},
        'secret=s'             => $option{secrets},
        'strict'               => \$option{strict},
        'integration=s'        => $option{integrations},
        'integration-id=s'     => \$option{integration_id},
        'webhook-url=s'        => \$option{webhook_url},
        'event-url=s'          => \$option{event_url},
        'webhook-key=s'        => \$option{webhook_key},
        'webhook-secret=s'     => \$option{webhook_secret},
        'webhook-insecure'     => \$option{webhook_insecure},
        'retry-interval=f'     => \$option{retry_interval},
        'resubmission-delay=f' => \$option{resubmission_delay},
        'rate=i'               => \$option{rate},
        'with-parent'          => \$option{with_parent},
        'quiet'                => \$option{quiet},
        'help'                 => \$option{help},
    ) or die @problems, "try --help\n";
    die "unexpected argument \"$args[0]\", try --help\n" if @args;

    push @{ $option{secrets} }, SECRET unless @{ $option{secrets} };
    _check(\%option);
    return \%option;
}

sub _check ($option) {
    for my $name (qw(api_key webhook_key integration_id)) {
        my $value = $option->{$name} // next;
        die '--' . ($name =~ tr/_/-/r) . " must be a UUID\n" unless $value =~ $UUID;
    }
    for my $value (@{ $option->{integrations} }) {
        die "--integration must be a UUID\n" unless $value =~ $UUID;
    }
    for my $name (qw(webhook_url event_url public_url)) {
        my $value = $option->{$name} // next;
        die '--' . ($name =~ tr/_/-/r) . " must be an http or https URL\n" unless _is_url($value);
    }
    for my $name (qw(port tls_port)) {
        my $value = $option->{$name} // next;
        die '--' . ($name =~ tr/_/-/r) . " must be 0 to 65535\n" if $value < 0 || $value > 65_535;
    }
    die "--webhook-key and --webhook-secret come together\n"
        if defined $option->{webhook_key} xor defined $option->{webhook_secret};
    die "--ca-file needs --tls-port\n"
        if defined $option->{ca_file} && !defined $option->{tls_port};
    $option->{public_url} =~ s{/+\z}{} if defined $option->{public_url};
}

# Returns an error text or nothing; changes all or nothing.
sub change_settings ($settings, $wish) {
    for my $name (sort keys %$wish) {
        my $check = $CHANGEABLE{$name}
            // return "\"$name\" cannot be changed; there are: " . join ', ', sort keys %CHANGEABLE;
        my $value = $wish->{$name};
        next if !defined $value && $name =~ /_url\z/;
        return "\"$name\" has a wrong value"
            unless defined $value && !ref $value && $check->($value);
    }
    @$settings{ keys %$wish } = values %$wish;
    return;
}

sub shown_settings ($settings) {
    return { map { $_ => $settings->{$_} } keys %CHANGEABLE };
}

sub _is_url ($text) {
    my $url = Mojo::URL->new($text);
    return ($url->protocol // '') =~ /\Ahttps?\z/ && length($url->host // '');
}

1;
