package Sandbox::Request;

# A request which remembers what really came over the wire: Mojolicious
# normalises the target and sorts the headers, tests of a proxy need neither.

use Mojo::Base 'Mojo::Message::Request', -signatures;

use constant LONGEST_LINE => 131_072;

has raw_target    => '';
has max_line_size => LONGEST_LINE;

sub new ($class, @args) {
    my $self = $class->SUPER::new(@args);
    $self->content->headers(Sandbox::Request::Headers->new(max_line_size => LONGEST_LINE));

    # Form uploads would be taken apart; bodies are wanted as raw bytes.
    $self->content->auto_upgrade(0);
    return $self;
}

sub extract_start_line ($self, $buffer) {
    $self->raw_target($1) if $$buffer =~ /\A\s*\S+\s+(\S+)\s+HTTP/;
    return $self->SUPER::extract_start_line($buffer);
}

sub raw_headers ($self) { return $self->headers->received }

package Sandbox::Request::Headers;
use Mojo::Base 'Mojo::Headers', -signatures;

has received => sub { [] };

sub add ($self, $name, @values) {
    push @{ $self->received }, map { [$name, $_] } @values;
    return $self->SUPER::add($name, @values);
}

1;
