package Sandbox::Session;

# One verification session: data and what the outside may see of it.
# Transitions are the store's, since they tell others.

use Mojo::Base -base, -signatures;

use Sandbox::Json qw(object);

has [qw(id token url host callback vendor_data end_user_id created input decision)];
has [qw(integration collected otp)];
has screening     => sub { {} };
has monitor_status => 'enabled';
has status        => 'created';
has attempts      => sub { [] };
has resubmissions => 0;

my %DEAD = map { $_ => 1 } qw(approved declined expired abandoned);

sub attempt ($self) { return $self->attempts->[-1] }

# A conclusive verdict: the URL has nothing more to offer.
sub is_final ($self) { return $DEAD{ $self->status } ? 1 : 0 }

# The person may work with the page.
sub is_open ($self) {
    return $self->status =~ /\A(?:created|started|resubmission_requested)\z/ ? 1 : 0;
}

sub accepts_media ($self) { return $self->is_open }

sub accepts_data ($self) { return $self->status =~ /\A(?:created|started)\z/ ? 1 : 0 }

# As POST and PATCH /v1/sessions answer it.
sub verification ($self) {
    return object(
        id           => $self->id,
        url          => $self->url,
        vendorData   => $self->vendor_data,
        endUserId    => $self->end_user_id,
        host         => $self->host,
        status       => $self->status,
        sessionToken => $self->token,
    );
}

# As the control API shows it.
sub summary ($self) {
    return {
        id            => $self->id,
        url           => $self->url,
        status        => $self->status,
        vendorData    => $self->vendor_data,
        endUserId     => $self->end_user_id,
        callback      => $self->callback,
        created       => $self->created,
        resubmissions => $self->resubmissions,
        attemptId     => $self->attempt->{id},
        attempts      => [
            map { +{ id => $_->{id}, media => [map { $_->{id} } @{ $_->{media} }] } }
                @{ $self->attempts }
        ],
        decision    => $self->decision,
        integration => $self->integration,
        collected   => $self->collected,
        input       => $self->input,
    };
}

1;
