package Demo::Children;

# The processes of the demo: started in process groups of their own, so that
# Ctrl-C reaches only the one that stops them in order; watched; stopped each
# by its own process id, and with the demo should that be killed.

use Mojo::Base -base, -signatures;

use IO::Select;
use IO::Socket::INET;
use POSIX       qw(WNOHANG);
use Time::HiRes qw(sleep time);

use constant PATIENCE => 5;

# Called with the child's name and each line that it prints.
has on_line => sub { sub { } };

has _select   => sub { IO::Select->new };
has _children => sub { [] };

sub start ($self, $name, $env, @command) {
    my @leash = grep { -x } map {"$_/setpriv"} split /:/, $ENV{PATH};
    unshift @command, $leash[0], '--pdeathsig', 'TERM', '--' if @leash;

    pipe my $out, my $in or die "pipe: $!\n";
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        setpgrp;
        $SIG{$_} = 'DEFAULT' for qw(HUP INT TERM);
        @ENV{ keys %$env } = values %$env;
        open STDIN,  '<',  '/dev/null';
        open STDOUT, '>&', $in;
        open STDERR, '>&', $in;
        exec {$command[0]} @command or POSIX::_exit(127);
    }
    close $in;
    $out->blocking(0);
    push @{ $self->_children }, { name => $name, pid => $pid, out => $out, text => '' };
    $self->_select->add($out);
    return $pid;
}

# Passes on what the children print, for so many seconds; dies if one ended.
sub pump ($self, $seconds) {
    my $end = time + $seconds;
    while (1) {
        my $left = $end - time;
        my @ready = $self->_select->can_read($left > 0 ? $left : 0);
        my %ready = map { $_ => 1 } @ready;
        $self->_read($_) for grep { $ready{ $_->{out} } } @{ $self->_children };
        last if $end <= time;
    }
    for my $child (@{ $self->_children }) {
        next unless waitpid($child->{pid}, WNOHANG) == $child->{pid};
        my $status = $?;
        $self->_read($child);
        $child->{gone} = 1;
        my $how = $status & 127 ? 'was ended by signal ' . ($status & 127)
            :                     'ended with status ' . ($status >> 8);
        die "$child->{name} $how\n";
    }
}

# Waits until the test is true.
sub wait_for ($self, $what, $seconds, $test) {
    my $end = time + $seconds;
    while (1) {
        my $result = $test->();
        return $result if $result;
        die "$what: not within $seconds seconds\n" if time > $end;
        $self->pump(0.05);
    }
}

# Last started, first stopped.
sub stop ($self) {
    while (my $child = pop @{ $self->_children }) {
        next if $child->{gone};
        kill TERM => $child->{pid};
        my $end = time + PATIENCE;
        while (waitpid($child->{pid}, WNOHANG) == 0) {
            kill KILL => $child->{pid} if time > $end;
            sleep 0.02;
        }
        $self->_read($child);
    }
}

sub _read ($self, $child) {
    while (1) {
        my $count = sysread $child->{out}, $child->{text}, 65_536, length $child->{text};
        $self->on_line->($child->{name}, $1) while $child->{text} =~ s/\A([^\n]*)\n//;
        next if $count;
        $self->_select->remove($child->{out}) if defined $count;
        return;
    }
}

# The port itself if it is free. Without one that was asked for in so many
# words, another one.
sub free_port ($asked, $default) {
    my $port = $asked // $default;
    my $socket = _listen($port);
    die "port $port of 127.0.0.1 is in use\n" if !$socket && defined $asked;
    $socket //= _listen(0) // die "no free port: $!\n";
    return $socket->sockport;
}

sub _listen ($port) {
    return IO::Socket::INET->new(
        LocalAddr => '127.0.0.1',
        LocalPort => $port,
        Listen    => 1,
        ReuseAddr => 1,
    );
}

1;
