package Sandbox::Record;

# What was asked of /v1/, for tests to look at.

use Mojo::Base -base, -signatures;

use Digest::SHA qw(sha256_hex);
use Mojo::Util  qw(b64_encode);

use constant KEEP         => 5000;
use constant LONGEST_BODY => 256 * 1024;
use constant ALL_BODIES   => 64 * 1024 * 1024;

has entries => sub { [] };
has seq     => 0;
has kept    => 0;

sub add ($self, $req, $now) {
    my $body = $req->body;
    my $seq  = $self->seq + 1;
    $self->seq($seq);

    my $entry = {
        seq           => $seq,
        time          => $now,
        scheme        => $req->is_secure ? 'https' : 'http',
        method        => $req->method,
        path          => $req->raw_target,
        http_version  => $req->version,
        headers       => [@{ $req->raw_headers }],
        body_length   => length $body,
        body_sha256   => sha256_hex($body),
        body_base64   => length $body < LONGEST_BODY ? b64_encode($body, '') : undef,
        status        => undef,
        answer_sha256 => undef,
        fault         => undef,
    };

    push @{ $self->entries }, $entry;
    $self->kept($self->kept + length($entry->{body_base64} // ''));
    $self->_forget_oldest while @{ $self->entries } > KEEP || $self->kept > ALL_BODIES;
    return $entry;
}

sub clear ($self) { return $self->entries([])->kept(0) }

sub _forget_oldest ($self) {
    my $entry = shift @{ $self->entries };
    $self->kept($self->kept - length($entry->{body_base64} // ''));
}

1;
