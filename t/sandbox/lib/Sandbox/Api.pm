package Sandbox::Api;

# Sessions, decisions and media under /v1/.

use Mojo::Base 'Sandbox::Action', -signatures;

use POSIX             qw(ceil);
use Sandbox::Answer   qw(send_answer);
use Sandbox::Json     qw(object);
use Sandbox::Media    qw(describe_media list_media read_upload);
use Sandbox::Payload  qw(decision_body);
use Sandbox::Validate qw(check_registry check_verification);

sub create ($self) {
    my $session = $self->_created(\&check_verification) // return;
    return $self->_success(
        [verification => $session->verification],
        status  => 201,
        session => $session
    );
}

# Makes a session and submits it, without a person at a page. The synchronous
# host needs one more key, and answers with the result.
sub validate_registry ($self) {
    my $sync = ($self->req->url->to_abs->host // '') =~ /\Async-api\./;
    return $self->_fail(401, '1801', 'x-api-key header is missing')
        if $sync && !defined $self->req->headers->header('x-api-key');

    my $session = $self->_created(\&check_registry) // return;
    my $store   = $self->app->store;
    $store->submit($session);
    $store->decide($session, 'approved') if $sync;
    return $self->_success(
        [verification => $session->verification],
        status  => $sync ? 200 : 201,
        session => $session
    );
}

# A new session, when the request may make one.
sub _created ($self, $check) {
    my ($store, $settings) = ($self->app->store, $self->app->settings);

    return undef unless $self->_signed('optional body', $self->req->body);
    my $body = $self->_json // return undef;

    my $integration = $self->stash('integration');
    my @error = @{ $settings->{integrations} } > 1 && !defined $integration
        ? ('1102', 'vrf-integration-id header is missing')
        : $check->($body, $store->now);
    if (@error) {
        $self->_fail(400, @error);
        return undef;
    }

    if (my $wait = $store->creation_wait($settings->{rate})) {
        $self->_fail(
            429, '1004', 'Too many requests',
            headers => [['Retry-After', ceil($wait)]]
        );
        return undef;
    }

    my $session = $store->create($body->{verification}, $settings->{public_url});
    return $session->integration($integration);
}

sub patch ($self) {
    my $session = $self->_session('body') // return;
    my $body    = $self->_json            // return;

    my $wanted = ref $body eq 'HASH' ? $body->{verification} : undef;
    return $self->_fail(400, '1102', 'verification.status is missing')
        unless ref $wanted eq 'HASH' && exists $wanted->{status};
    return $self->_fail(400, '1303', 'Status is not valid')
        unless defined $wanted->{status} && $wanted->{status} eq 'submitted';
    return $self->_fail(400, '1304', 'Status transition is not possible')
        unless $session->status =~ /\A(?:created|started)\z/;

    $self->app->store->submit($session);
    return $self->_success([verification => $session->verification], session => $session);
}

sub remove ($self) {
    my $session = $self->_session('id') // return;
    my $store   = $self->app->store;

    # These two carry their status as a number.
    my $refuse = sub ($code, $message) {
        return send_answer($self, {
            status => 400,
            json   => object(status => 400, code => $code, message => $message),
        });
    };
    return $refuse->('1306', 'Session is in progress') if $session->status eq 'submitted';
    return $refuse->('1305', 'Session is not in a completed status')
        if $session->status eq 'review';

    if (my $wait = $store->deletion_wait) {
        return $self->_fail(
            429, '1004', 'Too many requests',
            headers => [['Retry-After', ceil($wait)]]
        );
    }
    $store->remove($session);
    return $self->_success([verification => object(id => $session->id)]);
}

sub decision ($self) {
    my $session = $self->_session('id') // return;
    return send_answer($self, { status => 200, json => decision_body($session) });
}

sub session_media ($self) {
    my $session = $self->_session('id') // return;
    return send_answer($self, { status => 200, json => list_media($session->attempt) });
}

sub attempt_media ($self) {
    my $id = $self->stash('id');
    $self->_identified($id) or return;

    my ($session, $attempt) = $self->app->store->by_attempt($id);
    return $self->_fail(404, '1101', 'Attempt not found') unless $self->_owns($session);
    return send_answer($self, { status => 200, json => list_media($attempt) });
}

sub media ($self) {
    my $id = $self->stash('id');
    $self->_identified($id) or return;

    my $store = $self->app->store;
    my $media = $store->media($id);
    return $self->_fail(404, '1101', 'Media not found')
        unless $media && $self->_owns($store->find($media->{session_id}));
    return send_answer(
        $self, { status => 200, bytes => $media->{bytes}, type => $media->{mimetype} }
    );
}

sub upload ($self) {
    my $app     = $self->app;
    my $session = $self->_session('body') // return;
    return $self->_fail(409, '1101', 'Session is already submitted')
        unless $session->accepts_media;
    my $body = $self->_json // return;

    my ($media, $code, $message, $status) = read_upload($body);
    return $self->_fail($status // 400, $code, $message) unless $media;

    my $id = $app->store->uuid;
    @$media{qw(id session_id url)} =
        ($id, $session->id, $app->settings->{public_url} . "/v1/media/$id");
    $app->store->add_media($session, $media);
    return $self->_success([image => describe_media($media)]);
}


1;
