package Sandbox::Api;

# The provider's API under /v1/.

use Mojo::Base 'Mojolicious::Controller', -signatures;

use POSIX             qw(ceil);
use Sandbox::Answer   qw(failure_body forced_answer send_answer);
use Sandbox::Auth     qw(check_key check_signature);
use Sandbox::Json     qw(json_parse object);
use Sandbox::Media    qw(describe_media list_media read_upload);
use Sandbox::Payload  qw(decision_body);
use Sandbox::Validate qw(check_session_id check_verification);

# Runs before every action: writes the request down and checks who calls.
sub admit ($self) {
    my $app  = $self->app;
    my $req  = $self->req;
    my $path = $req->raw_target;

    my $entry = $app->record->add($req, $app->store->now);
    my $fault = $app->faults->take_for_answer($req->method, $path);
    $entry->{fault} = $fault->{number} if $fault;
    $self->stash(entry => $entry, fault => $fault);

    if (my $forced = forced_answer($fault)) {
        send_answer($self, $forced);
        return 0;
    }
    if (my $error = $req->error) {
        my $status = $req->is_limit_exceeded ? 413 : 400;
        $self->_fail($status, '1101', $error->{message}, unsigned => 1);
        return 0;
    }

    # Without a known key there is no secret to sign the answer with.
    my @error = check_key($req->headers, $app->settings);
    $self->_fail(401, @error, unsigned => 1) if @error;
    return !@error;
}

sub nowhere ($self) { return $self->_fail(404, '1101', 'Not found') }

sub create ($self) {
    my ($store, $settings) = ($self->app->store, $self->app->settings);

    return unless $self->_signed('optional body', $self->req->body);
    my $body = $self->_json // return;

    my @error = check_verification($body, $store->now);
    return $self->_fail(400, @error) if @error;

    if (my $wait = $store->creation_wait($settings->{rate})) {
        return $self->_fail(
            429, '1004', 'Too many requests',
            headers => [['Retry-After', ceil($wait)]]
        );
    }

    my $session = $store->create($body->{verification}, $settings->{public_url});
    return $self->_success(
        [verification => $session->verification],
        status  => 201,
        session => $session
    );
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
    return $self->_fail(404, '1101', 'Attempt not found') unless $session;
    return send_answer($self, { status => 200, json => list_media($attempt) });
}

sub media ($self) {
    my $id = $self->stash('id');
    $self->_identified($id) or return;

    my $media = $self->app->store->media($id)
        // return $self->_fail(404, '1101', 'Media not found');
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

# The session named in the path, when the request may see it.
sub _session ($self, $kind) {
    my $id = $self->stash('id');
    return undef unless $self->_signed($kind, $kind eq 'id' ? $id : $self->req->body);
    return undef unless $self->_well_formed($id);

    my $session = $self->app->store->find($id);
    $self->_fail(404, '1101', 'Session not found') unless $session;
    return $session;
}

sub _identified ($self, $id) {
    return $self->_signed('id', $id) && $self->_well_formed($id);
}

sub _signed ($self, $kind, $message) {
    my @error = check_signature($self->req->headers, $self->app->settings, $kind, $message);
    $self->_fail(401, @error) if @error;
    return !@error;
}

sub _well_formed ($self, $id) {
    my @error = check_session_id($id);
    $self->_fail(400, @error) if @error;
    return !@error;
}

sub _json ($self) {
    my $type = $self->req->headers->content_type // '';
    if ($type !~ m{\Aapplication/json\s*(?:;|\z)}i) {
        $self->_fail(400, '1101', 'Content-Type must be application/json');
        return undef;
    }
    my ($body, $error) = json_parse($self->req->body);
    $self->_fail(400, '1101', "Request body is not valid JSON: $error") if defined $error;

    # A body of "null" is JSON, but undef here means that it was answered.
    return defined $error ? undef : $body // [];
}

sub _success ($self, $members, %answer) {
    return send_answer(
        $self,
        { status => 200, json => object(status => 'success', @$members), %answer }
    );
}

sub _fail ($self, $status, $code, $message, %answer) {
    return send_answer(
        $self, { status => $status, json => failure_body($code, $message), %answer }
    );
}

1;
