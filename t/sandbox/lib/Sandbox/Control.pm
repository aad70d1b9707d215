package Sandbox::Control;

# /_sandbox/: how tests look into the sandbox and steer it.

use Mojo::Base 'Mojolicious::Controller', -signatures;

use Mojo::JSON qw(true);
use Sandbox::Client;
use Sandbox::Json     qw(json_bytes json_parse);
use Sandbox::Notice   qw(notice_types);
use Sandbox::Settings qw(change_settings shown_settings);

sub requests ($self) { return $self->_reply($self->app->record->entries) }

sub clear_requests ($self) {
    $self->app->record->clear;
    return $self->_done;
}

sub sessions ($self) {
    return $self->_reply([map { $_->summary } $self->app->store->sessions]);
}

sub session ($self) {
    my $session = $self->_session // return;
    return $self->_reply($session->summary);
}

sub decide ($self) {
    my $session = $self->_session // return;
    my $wish    = $self->_wish(qw(status decisionTime reason reasonCode wait)) // return;

    my $store   = $self->app->store;
    my $verdict = delete $wish->{status} // '';
    my @allowed = $store->verdicts;
    return $self->_refuse('"status" must be one of ' . join ', ', @allowed)
        unless grep { $_ eq $verdict } @allowed;

    my $wait = delete $wish->{wait};
    $store->decide($session, $verdict, %$wish);
    return $self->_after_webhooks($wait, sub { $self->_reply($session->summary) });
}

sub event ($self) {
    my $session = $self->_session // return;
    my $wish    = $self->_wish(qw(action wait)) // return;

    my %step   = (started => 'open', submitted => 'submit');
    my $method = $step{ $wish->{action} // '' }
        // return $self->_refuse('"action" must be started or submitted');
    $self->app->store->$method($session);
    return $self->_after_webhooks($wish->{wait}, sub { $self->_reply($session->summary) });
}

sub notice ($self) {
    my $session = $self->_session // return;
    my $wish    = $self->_wish(qw(type status time check wrapped extra wait)) // return;

    my $type = delete $wish->{type} // '';
    return $self->_refuse('"type" must be one of ' . join ', ', notice_types())
        unless grep { $_ eq $type } notice_types();
    return $self->_refuse('"check" must be initial_result or updated_result')
        unless ($wish->{check} // 'initial_result') =~ /\A(?:initial|updated)_result\z/;

    my $store = $self->app->store;
    $wish->{time} = $store->timestamp($store->now) unless exists $wish->{time};
    $session->screening({%$wish}) if $type eq 'watchlist';
    $self->app->webhook->notice($session, $type, $wish);
    return $self->_after_webhooks($wish->{wait}, sub { $self->_reply($session->summary) });
}

sub time ($self) {
    my $wish    = $self->_wish(qw(advance wait)) // return;
    my $seconds = $wish->{advance} // '';
    return $self->_refuse('"advance" must be a number of seconds')
        unless $seconds =~ /\A-?\d+(?:\.\d+)?\z/;

    my ($store, $webhook) = ($self->app->store, $self->app->webhook);
    $store->advance($seconds);
    $webhook->tick;
    return $self->_after_webhooks(
        $wish->{wait},
        sub { $self->_reply({ now => $store->now, time => $store->timestamp($store->now) }) }
    );
}

sub faults ($self) { return $self->_reply($self->app->faults->list) }

# One fault, or a list of them to be used one after the other.
sub add_fault ($self) {
    my ($wish, $error) = json_parse($self->req->body);
    return $self->_refuse("not JSON: $error") if defined $error;
    for my $fault (ref $wish eq 'ARRAY' ? @$wish : $wish) {
        $error = $self->app->faults->add($fault);
        return $self->_refuse($error) if defined $error;
    }
    return $self->faults;
}

sub clear_faults ($self) {
    $self->app->faults->clear;
    return $self->_done;
}

sub webhooks ($self) { return $self->_reply([_shown(@{ $self->app->webhook->deliveries })]) }

sub clear_webhooks ($self) {
    $self->app->webhook->clear;
    return $self->_done;
}

sub retry ($self) {
    $self->render_later;
    my $tx = $self->tx;
    return $self->app->webhook->retry_now->then(
        sub ($retried) { $self->_reply([_shown(@$retried)]) if $tx }
    );
}

sub send ($self) {
    my $wish = $self->_wish(Sandbox::Client->members) // return;
    my $client = Sandbox::Client->new(webhook => $self->app->webhook);

    $self->render_later;
    my $tx = $self->tx;
    return $client->send($wish)->then(sub ($answer) { $self->_reply($answer) if $tx })
        ->catch(sub ($error) { $self->_refuse("$error") if $tx });
}

sub config ($self) { return $self->_reply(shown_settings($self->app->settings)) }

sub change_config ($self) {
    my $wish  = $self->_wish // return;
    my $error = change_settings($self->app->settings, $wish);
    return $self->_refuse($error) if defined $error;
    $self->app->webhook->tick;
    return $self->config;
}

sub reset ($self) {
    my $app = $self->app;
    $app->webhook->clear;
    $app->faults->clear;
    $app->record->clear;
    $app->store->reset;
    $app->restore_settings;
    return $self->_done;
}

sub nowhere ($self) {
    return $self->_reply({ error => 'there is no such control call' }, 404);
}

sub _session ($self) {
    my $session = $self->app->store->find($self->stash('id'));
    $self->_reply({ error => 'there is no such session' }, 404) unless $session;
    return $session;
}

# The body: a JSON object, empty when there is none, with known members only.
sub _wish ($self, @known) {
    my $body = $self->req->body;
    my ($wish, $error) = length $body ? json_parse($body) : ({}, undef);
    if (defined $error || ref $wish ne 'HASH') {
        $self->_refuse('the body must be a JSON object');
        return undef;
    }
    my %known = map { $_ => 1 } @known;
    if (my ($unknown) = grep { @known && !$known{$_} } sort keys %$wish) {
        $self->_refuse("\"$unknown\" is not known here; there are: " . join ', ', @known);
        return undef;
    }
    return $wish;
}

# With "wait" the answer comes after the webhooks which this call caused.
sub _after_webhooks ($self, $wait, $reply) {
    return $reply->() unless $wait;
    $self->render_later;
    my $tx = $self->tx;
    return $self->app->webhook->settled->then(sub { $reply->() if $tx });
}

sub _shown (@deliveries) {
    return map {
        my %shown = %$_;
        delete @shown{qw(last_attempt not_before)};
        utf8::decode($shown{body});
        \%shown;
    } @deliveries;
}

sub _done ($self) { return $self->_reply({ done => true }) }

sub _refuse ($self, $error) { return $self->_reply({ error => $error =~ s/\s+\z//r }, 400) }

sub _reply ($self, $data, $status = 200) {
    $self->res->headers->content_type('application/json');
    return $self->render(data => json_bytes($data), status => $status);
}

1;
