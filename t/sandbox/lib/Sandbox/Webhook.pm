package Sandbox::Webhook;

# Webhooks: signing, first delivery, retries until an answer of exactly 200.

use Mojo::Base -base, -signatures;

use Mojo::Promise;
use Mojo::UserAgent;
use Sandbox::Json    qw(json_bytes);
use Sandbox::Notice  qw(notice_body);
use Sandbox::Payload qw(decision_body event_body);
use Sandbox::Sign    qw(sign);

use constant DEADLINE     => 5;
use constant GIVE_UP      => 7 * 86_400;
use constant KEEP         => 5000;
use constant SHOWN_ANSWER => 200;

has [qw(store settings faults)];
has deliveries => sub { [] };
has seq        => 0;
has ua         => sub ($self) { return $self->new_agent(DEADLINE) };

# No redirects, no cookies, a new connection for each call.
sub new_agent ($self, $timeout) {
    my $ua = Mojo::UserAgent->new(
        max_redirects      => 0,
        max_connections    => 0,
        connect_timeout    => $timeout,
        request_timeout    => $timeout,
        inactivity_timeout => $timeout,
        insecure           => $self->settings->{webhook_insecure} ? 1 : 0,
    );
    $ua->cookie_jar->ignore(sub { return 1 });
    $ua->transactor->name('sandbox')->compressed(0);
    return $ua;
}

sub decision ($self, $session) {
    my $delay = $session->decision->{status} eq 'resubmission_requested'
        ? $self->settings->{resubmission_delay}
        : 0;
    my $body = json_bytes(decision_body($session));
    $self->_enqueue('decision', $self->settings->{webhook_url}, $session->id, $body, $delay);
}

sub event ($self, $session, $action) {
    my $body = json_bytes(event_body($session, $action));
    $self->_enqueue('event', $self->settings->{event_url}, $session->id, $body, 0);
}

sub notice ($self, $session, $type, $wish) {
    my $body = json_bytes(notice_body($session, $type, $wish));
    $self->_enqueue($type, $self->settings->{webhook_url}, $session->id, $body, 0);
}

# The headers of a signed webhook, as [name, value] pairs.
sub headers ($self, $body, %with) {
    my $settings  = $self->settings;
    my $client    = $with{api_key}   // $settings->{webhook_key}    // $settings->{api_key};
    my $secret    = $with{secret}    // $settings->{webhook_secret} // $settings->{secrets}[0];
    my $signature = $with{signature} // sign($body, $secret);
    my $integration = $settings->{integration_id};
    return [
        ['Content-Type', 'application/json'],
        ['x-auth-client', $client],
        ['x-hmac-signature', $signature],
        defined $integration ? ['vrf-integration-id', $integration] : (),
    ];
}

# Called often: sends what has become due.
sub tick ($self) {
    my $now      = $self->store->now;
    my $interval = $self->settings->{retry_interval};
    for my $delivery (values %{ $self->{open} // {} }) {
        my $due = $delivery->{state} eq 'waiting' ? $delivery->{not_before}
            : $delivery->{state} eq 'failed'      ? $delivery->{last_attempt} + $interval
            :                                       next;
        $self->_in_flight($self->_attempt($delivery)) if $due <= $now;
    }
}

# Sends all that failed or is held back, now. Promises their list.
sub retry_now ($self) {
    my @failed = sort { $a->{id} <=> $b->{id} }
        grep { $_->{state} =~ /\A(?:failed|held)\z/ } values %{ $self->{open} // {} };
    $self->{held} = [];
    my $chain = Mojo::Promise->resolve;
    for my $delivery (@failed) {
        $chain = $chain->then(sub { return $self->_attempt($delivery) });
    }
    return $self->_in_flight($chain)->then(sub { return \@failed });
}

# A promise for the end of all first attempts and retries under way.
sub settled ($self) {
    my @promises = values %{ $self->{in_flight} // {} };
    return Mojo::Promise->resolve unless @promises;
    return Mojo::Promise->all(@promises)->then(sub { return $self->settled });
}

# Forgets everything; attempts under way end without a trace.
sub clear ($self) {
    $_->{state} = 'dropped' for values %{ $self->{open} // {} };
    delete @$self{qw(open held lanes)};
    return $self->deliveries([]);
}

sub _enqueue ($self, $type, $url, $lane, $body, $delay) {
    return unless defined $url && length $url;

    my $fault = $self->faults->take_for_webhook // {};
    $delay += $fault->{webhook_delay} // 0;

    for (1 .. $fault->{duplicate} // 1) {
        my $delivery = $self->_new_delivery($type, $url, $lane, $body);
        if ($fault->{reorder}) {
            $delivery->{state} = 'held';
            push @{ $self->{held} }, $delivery;
        }
        elsif ($delay > 0) {
            @$delivery{qw(state not_before)} = ('waiting', $self->store->now + $delay);
        }
        else {
            $self->_send_in_order($delivery);
        }
    }
}

sub _new_delivery ($self, $type, $url, $lane, $body) {
    $self->seq($self->seq + 1);
    my $delivery = {
        id       => $self->seq,
        type     => $type,
        url      => $url,
        session  => $lane,
        body     => $body,
        headers  => $self->headers($body),
        created  => $self->store->now,
        attempts => [],
        state    => 'queued',
    };
    push @{ $self->deliveries }, $delivery;
    shift @{ $self->deliveries } if @{ $self->deliveries } > KEEP;
    $self->{open}{ $delivery->{id} } = $delivery;
    return $delivery;
}

# The webhooks of one session are first sent one after the other; those which
# were held back follow the next one.
sub _send_in_order ($self, $delivery) {
    my @held = @{ delete $self->{held} // [] };
    my $name = $delivery->{session};
    my $lane = $self->{lanes}{$name} // Mojo::Promise->resolve;
    for my $next ($delivery, @held) {
        $lane = $lane->then(sub { return $self->_attempt($next) });
    }
    $self->{lanes}{$name} = $lane;
    $self->_in_flight($lane)->then(
        sub {
            my $current = $self->{lanes}{$name};
            delete $self->{lanes}{$name} if $current && $current == $lane;
        }
    );
}

sub _in_flight ($self, $promise) {
    my $number = ++$self->{flights};
    $self->{in_flight}{$number} = $promise;
    return $promise->finally(sub { delete $self->{in_flight}{$number} });
}

sub _attempt ($self, $delivery) {
    return Mojo::Promise->resolve if $delivery->{state} =~ /\A(?:dropped|delivered|sending)\z/;
    @$delivery{qw(state last_attempt)} = ('sending', $self->store->now);

    my $tx = $self->ua->build_tx(POST => $delivery->{url});
    $tx->req->headers->header(@$_) for @{ $delivery->{headers} };
    $tx->req->body($delivery->{body});

    return $self->ua->start_p($tx)->then(
        sub ($done) {
            my $res = $done->res;
            $self->_note($delivery, $res->code, undef, substr $res->body, 0, SHOWN_ANSWER);
        }
    )->catch(sub ($error) { $self->_note($delivery, undef, "$error", undef) });
}

sub _note ($self, $delivery, $status, $error, $answer) {
    return if $delivery->{state} eq 'dropped';

    push @{ $delivery->{attempts} }, {
        time   => $delivery->{last_attempt},
        status => $status,
        error  => $error,
        answer => $answer,
    };
    if (defined $status && $status == 200) {
        $delivery->{state} = 'delivered';
    }
    elsif ($self->store->now - $delivery->{created} >= GIVE_UP) {
        $delivery->{state} = 'given up';
    }
    else {
        $delivery->{state} = 'failed';
        return;
    }
    delete $self->{open}{ $delivery->{id} };
}

1;
