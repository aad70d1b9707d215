package Sandbox;

# The sandbox: a stand-in for the provider, in one process and in memory.
# This file puts its parts together and says which address leads where.

use Mojo::Base 'Mojolicious', -signatures;

use Mojo::IOLoop;
use Sandbox::Fault;
use Sandbox::Record;
use Sandbox::Request;
use Sandbox::Store;
use Sandbox::Webhook;

use constant TICK             => 0.1;
use constant LARGEST_REQUEST  => 40 * 1024 * 1024;

# How it was started, and how it is now (the control API changes some of it).
has initial_settings => sub { {} };
has settings         => sub { {} };

has record => sub { Sandbox::Record->new };
has faults => sub { Sandbox::Fault->new };
has store  => sub { Sandbox::Store->new };
has webhook => sub ($self) {
    return Sandbox::Webhook->new(
        store    => $self->store,
        faults   => $self->faults,
        settings => $self->settings,
    );
};

sub startup ($self) {
    $self->mode('production');
    _quiet_log($self->log->level('error'));
    $self->secrets([rand]);
    $self->max_request_size(LARGEST_REQUEST);

    # Compression would part the bytes from their signature.
    $self->renderer->compress(0);

    $self->hook(
        before_dispatch => sub ($c) {
            $c->res->headers->server('sandbox');
            return unless $c->req->error && !length $c->req->raw_target;
            $c->render(text => "This is not HTTP.\n", status => 400);
        }
    );
    $self->hook(
        after_build_tx => sub ($tx, $app) {
            $tx->req(Sandbox::Request->new(max_message_size => LARGEST_REQUEST));
        }
    );

    my $webhook = $self->webhook;
    $self->store->on(event    => sub ($store, @what) { $webhook->event(@what) });
    $self->store->on(decision => sub ($store, @what) { $webhook->decision(@what) });
    Mojo::IOLoop->recurring(
        TICK,
        sub {
            $self->store->expire;
            $webhook->tick;
        }
    );

    my $routes = $self->routes->namespaces(['Sandbox']);
    _api_routes($routes->under('/v1')->to('api#admit'));
    $routes->get('/v/#token')->to('page#show');
    $routes->post('/v/#token')->to('page#act');
    _control_routes($routes->any('/_sandbox'));
    $routes->any('/*rest' => { rest => '' })
        ->to(cb => sub ($c) { $c->render(text => "Nothing here.\n", status => 404) });
}

# Connections which break are this program's daily bread, not errors of it.
sub _quiet_log ($log) {
    $log->unsubscribe('message')->on(
        message => sub ($self, $level, @lines) {
            return if "@lines" =~ /\A(?:Broken pipe|Connection reset by peer)\z/;
            print STDERR "sandbox: @lines\n";
        }
    );
}

sub use_settings ($self, $settings) {
    $self->initial_settings({%$settings});
    return $self->restore_settings;
}

# The hash itself stays: others hold it.
sub restore_settings ($self) {
    %{ $self->settings } = %{ $self->initial_settings };
    return $self;
}

sub _api_routes ($v1) {
    $v1->post('/sessions')->to('api#create');
    $v1->patch('/sessions/#id')->to('api#patch');
    $v1->delete('/sessions/#id')->to('api#remove');
    $v1->get('/sessions/#id/decision')->to('api#decision');
    $v1->get('/sessions/#id/media')->to('api#session_media');
    $v1->post('/sessions/#id/media')->to('api#upload');
    $v1->get('/attempts/#id/media')->to('api#attempt_media');
    $v1->get('/media/#id')->to('api#media');
    $v1->post('/validate-registry')->to('api#validate_registry');
    $v1->post('/sessions/validate-registry')->to('api#validate_registry');

    $v1->post('/sessions/#id/collected-data')->to('data#collect');
    $v1->get('/sessions/#id/attempts')->to('data#attempts');
    $v1->get('/sessions/#id/person')->to('data#person');
    $v1->get('/sessions/#id/watchlist-screening')->to('data#watchlist');
    $v1->patch('/sessions/#id/watchlist-screening')->to('data#change_watchlist');
    $v1->get("/sessions/#id/decision/$_-registry")->to('data#registry', registry => $_)
        for qw(ine curp combined-ine-curp);

    $v1->post('/sessions/#id/mfa/generate')->to('otp#generate');
    $v1->post('/sessions/#id/mfa/verify')->to('otp#verify');

    $v1->get('/feedback/fraud-categories')->to('feedback#categories');
    $v1->post('/feedback/fraud-reports')->to('feedback#report');
    $v1->post('/feedback/fraud-reports/retrieve')->to('feedback#retrieve');

    $v1->any('/')->to('api#nowhere');
    $v1->any('/*rest')->to('api#nowhere');
}

sub _control_routes ($control) {
    $control->get('/requests')->to('control#requests');
    $control->delete('/requests')->to('control#clear_requests');
    $control->get('/sessions')->to('control#sessions');
    $control->get('/sessions/#id')->to('control#session');
    $control->post('/sessions/#id/decide')->to('control#decide');
    $control->post('/sessions/#id/event')->to('control#event');
    $control->post('/sessions/#id/webhook')->to('control#notice');
    $control->post('/time')->to('control#time');
    $control->get('/faults')->to('control#faults');
    $control->post('/faults')->to('control#add_fault');
    $control->delete('/faults')->to('control#clear_faults');
    $control->get('/webhooks')->to('control#webhooks');
    $control->delete('/webhooks')->to('control#clear_webhooks');
    $control->post('/webhooks/retry')->to('control#retry');
    $control->post('/webhooks/send')->to('control#send');
    $control->get('/config')->to('control#config');
    $control->post('/config')->to('control#change_config');
    $control->post('/reset')->to('control#reset');
    $control->any('/*rest')->to('control#nowhere');
}

1;
