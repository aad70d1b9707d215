package Sandbox::Server;

# The process: listening, telling others where, and ending.

use Mojo::Base -base, -signatures;

use Mojo::IOLoop;
use Mojo::Server::Daemon;
use Sandbox;
use Sandbox::Json qw(json_bytes object);

use constant PARENT_CHECK => 0.5;

# Long enough for slow clients and for the delays which tests ask for.
use constant INACTIVITY => 600;
use constant KEEP_ALIVE => 75;

has 'options';

sub run ($self) {
    my $option = $self->options;
    my $parent = getppid;

    my $app = Sandbox->new;
    my $tls;
    my @listen = ("http://127.0.0.1:$option->{port}");
    if (defined $option->{tls_port}) {
        require Sandbox::TLS;
        $tls = Sandbox::TLS->new(names => $option->{tls_names})->install;
        _write($option->{ca_file}, $tls->ca_pem) if defined $option->{ca_file};
        push @listen, "https://127.0.0.1:$option->{tls_port}";
    }

    my $daemon = Mojo::Server::Daemon->new(
        app                => $app,
        listen             => \@listen,
        silent             => 1,
        inactivity_timeout => INACTIVITY,
        keep_alive_timeout => KEEP_ALIVE,
        max_requests       => 1_000_000,
    )->start;
    my ($port, $tls_port) = @{ $daemon->ports };
    my $http  = "http://127.0.0.1:$port";
    my $https = defined $tls_port ? "https://127.0.0.1:$tls_port" : undef;

    $app->use_settings({ %$option, public_url => $option->{public_url} // $https // $http });

    # Before anyone can learn from the ready file whom to stop.
    local $SIG{INT} = local $SIG{TERM} = sub { Mojo::IOLoop->stop };
    _watch_parent($parent) if $option->{with_parent};

    # And while there is a loop to stop: before, a signal would be lost.
    Mojo::IOLoop->next_tick(sub { $self->_announce($http, $https) });
    Mojo::IOLoop->start;
    unlink $option->{ready_file} if defined $option->{ready_file};
}

sub _announce ($self, $http, $https) {
    my $option = $self->options;
    if (defined $option->{ready_file}) {
        _write(
            $option->{ready_file},
            json_bytes(object(
                http    => $http,
                https   => $https,
                pid     => $$,
                api_key => $option->{api_key},
                secret  => $option->{secrets}[0],
                ca_file => $option->{ca_file},
            ))
        );
    }
    return if $option->{quiet};

    local $| = 1;
    print 'The sandbox listens at ', join(' and ', grep {defined} $http, $https), "\n";
}

sub _watch_parent ($parent) {
    Mojo::IOLoop->recurring(
        PARENT_CHECK,
        sub { Mojo::IOLoop->stop if getppid != $parent }
    );
}

# Readers see the whole file or none.
sub _write ($name, $content) {
    my $temporary = "$name.$$.new";
    open my $file, '>:raw', $temporary or die "cannot write $temporary: $!\n";
    print {$file} $content;
    close $file or die "cannot write $temporary: $!\n";
    rename $temporary, $name or die "cannot write $name: $!\n";
}

1;
