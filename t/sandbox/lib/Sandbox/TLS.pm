package Sandbox::TLS;

# A certificate authority and a server certificate which live only in memory.

use Mojo::Base -base, -signatures;

use IO::Socket::SSL;
use IO::Socket::SSL::Utils qw(CERT_create KEY_create_ec PEM_cert2string);

has names => sub { [] };
has 'ca_pem';
has 'context';

sub new ($class, @args) {
    my $self = $class->SUPER::new(@args);

    my $from = time - 86_400;
    my @ca   = CERT_create(
        CA         => 1,
        key        => KEY_create_ec('prime256v1'),
        not_before => $from,
        subject    => { commonName => 'Sandbox test CA' },
    );

    # DNS:127.0.0.1 is unusual, but nginx compares only with DNS names.
    my %seen;
    my @dns = grep { !$seen{$_}++ } 'localhost', '127.0.0.1', @{ $self->names };
    my @server = CERT_create(
        key             => KEY_create_ec('prime256v1'),
        issuer          => \@ca,
        not_before      => $from,
        purpose         => 'server',
        subject         => { commonName => 'localhost' },
        subjectAltNames => [(map { [DNS => $_] } @dns), [IP => '127.0.0.1']],
    );

    my $context = IO::Socket::SSL::SSL_Context->new(
        SSL_server => 1,
        SSL_cert   => [$server[0]],
        SSL_key    => $server[1],
        SSL_verify_mode => IO::Socket::SSL::SSL_VERIFY_NONE(),
    ) or die "no TLS context: $IO::Socket::SSL::SSL_ERROR\n";

    return $self->ca_pem(PEM_cert2string($ca[0]))->context($context);
}

# The HTTP server only knows certificates in files. This hook of
# IO::Socket::SSL hands our context to listening sockets instead, so that no
# private key ever reaches a disk.
sub install ($self) {
    my $context = $self->context;
    IO::Socket::SSL::set_args_filter_hack(
        sub ($is_server, $args) {
            return unless $is_server;
            delete @$args{qw(SSL_cert_file SSL_key_file)};
            $args->{SSL_reuse_ctx} = $context;
        }
    );
    return $self;
}

1;
