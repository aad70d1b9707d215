package Demo::Files;

# The run directory of the demo: keys, a certificate, passwords, and a copy of
# conf-examples/ with the edits that an operator makes.

use Mojo::Base -base, -signatures;

use Fcntl          qw(O_CREAT O_TRUNC O_WRONLY);
use File::Basename qw(basename);
use File::Temp     qw(tempdir);
use Mojo::File     qw(path);

# Readable by all: nginx's workers may run as another user.
has dir => sub {
    my $dir = tempdir('veriff-demo-XXXXXX', TMPDIR => 1);
    chmod 0711, $dir or die "$dir: $!\n";
    return $dir;
};

sub remove ($self) { path($self->{dir})->remove_tree if defined $self->{dir} }

sub file ($self, $name) { return $self->dir . "/$name" }

sub write ($self, $name, $content, $mode = 0600) {
    my $file = $self->file($name);
    path($file)->dirname->make_path({ mode => 0711 });
    sysopen my $out, $file, O_WRONLY | O_CREAT | O_TRUNC, 0600 or die "$file: $!\n";
    binmode $out;
    print {$out} $content or die "$file: $!\n";
    close $out            or die "$file: $!\n";
    chmod $mode, $file    or die "$file: $!\n";
    return $file;
}

# A certificate for this machine, which vouches for itself.
sub make_certificate ($self) {
    my ($cert, $key, $out) = map { $self->file($_) } qw(etc/site.crt etc/site.key openssl.out);
    $self->write('etc/site.key', '');
    my @command = (
        qw(openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30),
        -subj   => '/CN=localhost',
        -addext => 'subjectAltName=DNS:localhost,IP:127.0.0.1',
        -keyout => $key,
        -out    => $cert,
    );
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        open STDOUT, '>', $out;
        open STDERR, '>', $out;
        exec @command or exit 127;
    }
    waitpid $pid, 0;
    die 'openssl failed: ', path($out)->slurp, "\n" if $?;
    return $cert;
}

# Copies every file; edits are ['file', 'what', qr/pattern/, 'replacement' or
# sub], and all of them must find something to change.
sub copy_examples ($self, $from, @edits) {
    my @files = grep {-f} glob "$from/*";
    die "there is nothing in $from\n" unless @files;

    my %text = map { basename($_) => path($_)->slurp } @files;
    for my $edit (@edits) {
        my ($name, $what, $pattern, $replacement) = @$edit;
        die "$from has no $name\n" unless defined $text{$name};
        my $make = ref $replacement ? $replacement : sub {$replacement};
        $text{$name} =~ s/$pattern/$make->()/ge
            or die "$from/$name: $what was not found, the demo must be adapted\n";
    }
    $self->write("etc/$_", $text{$_}, 0644) for keys %text;
}

1;
