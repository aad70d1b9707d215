package Sandbox::Action;

# What the actions under /v1/ share: who may call, what a request names, and
# how it is answered.

use Mojo::Base 'Mojolicious::Controller', -signatures;

use Sandbox::Answer   qw(failure_body forced_answer send_answer);
use Sandbox::Auth     qw(check_integration check_key check_signature);
use Sandbox::Json     qw(json_parse object);
use Sandbox::Validate qw(check_session_id);

# Runs before every action: writes the request down and checks who calls.
sub admit ($self) {
    my $app  = $self->app;
    my $req  = $self->req;
    my $path = $req->raw_target;

    my $entry = $app->record->add($req, $app->store->now);
    my $fault = $app->faults->take_for_answer($req->method, $path);
    $entry->{fault} = $fault->{number} if $fault;
    $self->stash(entry => $entry, fault => $fault, family => lc $self->_family);

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
    my @error = check_key($req->headers, $app->settings, $self->_family);
    if (@error) {
        $self->_fail(401, @error, unsigned => 1);
        return 0;
    }

    # One key pair may belong to several integrations.
    (my $integration, @error) = check_integration($req->headers, $app->settings);
    $self->stash(integration => $integration);
    $self->_fail(401, @error) if @error;
    return !@error;
}

sub nowhere ($self) { return $self->_fail(404, '1101', 'Not found') }

# The session named in the path, when the request may see it.
sub _session ($self, $kind) {
    my $id = $self->stash('id');
    return undef unless $self->_signed($kind, $kind eq 'id' ? $id : $self->req->body);
    return undef unless $self->_well_formed($id);

    my $session = $self->_owns($self->app->store->find($id));
    $self->_fail(404, '1101', 'Session not found') unless $session;
    return $session;
}

# The session, unless the request names an integration that is not its own.
sub _owns ($self, $session) {
    my $integration = $self->stash('integration');
    return $session unless $session && defined $integration;
    return $integration eq ($session->integration // '') ? $session : undef;
}

sub _identified ($self, $id) {
    return $self->_signed('id', $id) && $self->_well_formed($id);
}

sub _signed ($self, $kind, $message) {
    my @error = check_signature(
        $self->req->headers, $self->app->settings, $kind, $message, $self->_family
    );
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

# The feedback API says 401 without "status".
sub _fail ($self, $status, $code, $message, %answer) {
    my $json = $status == 401 && $self->_family eq 'VRF'
        ? object(code => $code, message => $message)
        : failure_body($code, $message);
    return send_answer($self, { status => $status, json => $json, %answer });
}

# How the names of the authentication headers begin.
sub _family ($self) { return $self->req->raw_target =~ m{\A/v1/feedback/} ? 'VRF' : 'X' }

1;
