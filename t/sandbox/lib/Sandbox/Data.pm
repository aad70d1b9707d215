package Sandbox::Data;

# What belongs to a session besides decision and media: data that were
# collected, attempts, the person, registries, watch lists.

use Mojo::Base 'Sandbox::Action', -signatures;

use Sandbox::Answer  qw(send_answer);
use Sandbox::Json    qw(is_string object);
use Sandbox::Notice  qw(registry_body screening);
use Sandbox::Payload qw(decision_body);

use constant LONGEST_TEXT   => 255;
use constant LARGEST_OFFSET => 1440;

my %ADDRESS = (
    addressV4 => qr/\A(?:\d{1,3}\.){3}\d{1,3}\z/,
    addressV6 => qr/\A[0-9a-fA-F:.]*:[0-9a-fA-F:.]*\z/,
);

sub collect ($self) {
    my $session = $self->_session('body') // return;
    my $body    = $self->_json            // return;

    return $self->_fail(400, '1304', 'Session does not take data any more')
        unless $session->accepts_data;
    my @error = _check_collected($body);
    return $self->_fail(400, @error) if @error;

    $session->collected($body);
    return $self->_success([
        sessionId => $session->id,
        attemptId => $session->attempt->{id},
    ]);
}

sub attempts ($self) {
    my $session = $self->_session('id') // return;
    my $store   = $self->app->store;
    my $last    = $session->attempt;

    my @list = map {
        object(
            id              => $_->{id},
            status          => $_ == $last ? $session->status : 'resubmission_requested',
            createdTime     => $store->timestamp($_->{created}),
            userDefinedData => [],
        )
    } @{ $session->attempts };
    return $self->_success([verifications => \@list]);
}

sub person ($self) {
    my $session = $self->_session('id')                    // return;
    my $decided = decision_body($session)->get('verification')
        // return $self->_success([person => undef]);

    # The id number has another name here.
    my $person = $decided->get('person');
    return $self->_success([
        person => object(
            id => $session->attempt->{id},
            (map { $_ => $person->get($_) } qw(firstName lastName)),
            idCode => $person->get('idNumber'),
            (map { $_ => $person->get($_) } qw(dateOfBirth gender nationality placeOfBirth)),
            citizenships       => [],
            pepSanctionMatches => [],
        )
    ]);
}

sub watchlist ($self) {
    my $session = $self->_session('id') // return;
    return $self->_success([data => screening($session)]);
}

sub change_watchlist ($self) {
    my $session = $self->_session('body') // return;
    my $body    = $self->_json            // return;

    return $self->_fail(400, '1102', 'monitorStatus is missing')
        unless ref $body eq 'HASH' && exists $body->{monitorStatus};
    return $self->_fail(400, '1104', 'monitorStatus must be disabled')
        unless ($body->{monitorStatus} // '') eq 'disabled';

    $session->monitor_status('disabled');
    return $self->_success([data => screening($session)]);
}

sub registry ($self) {
    my $session  = $self->_session('id') // return;
    my $registry = $self->stash('registry');

    if ($registry eq 'curp') {
        my $version = $self->req->url->query->param('version')
            // return $self->_fail(400, '1102', 'version is missing');
        return $self->_fail(400, '1104', 'version is not supported') if $version ne '1.0.0';
    }
    return $self->_fail(404, '1101', 'There is no registry result yet')
        unless $session->decision;
    return send_answer(
        $self, { status => 200, json => registry_body($session, $registry) }
    );
}

# Returns nothing, or (code, message).
sub _check_collected ($body) {
    return ('1101', 'Request body must be a JSON object') unless ref $body eq 'HASH';

    my @error = _without_empty($body, 'body');
    return @error if @error;

    for my $part (qw(person network device browser)) {
        return ('1104', "$part must be an object")
            if exists $body->{$part} && ref $body->{$part} ne 'HASH';
    }
    my ($network, $device, $browser) = map { $body->{$_} // {} } qw(network device browser);
    my $ip = $network->{ip} // {};
    return ('1104', 'network.ip must be an object') unless ref $ip eq 'HASH';

    return ('1102', 'providerName is missing')       unless exists $body->{providerName};
    return ('1102', 'network.ip has no address')     unless grep { exists $ip->{$_} } keys %ADDRESS;
    return ('1102', 'device.fingerprint is missing') unless exists $device->{fingerprint};

    for my $text ($body->{providerName}, $device->{fingerprint}, $browser->{userAgent} // 'none') {
        return ('1104', 'a text must be a string of at most 255 characters')
            unless is_string($text) && length $text <= LONGEST_TEXT;
    }
    for my $name (grep { exists $ip->{$_} } sort keys %ADDRESS) {
        return ('1104', "network.ip.$name is not an address")
            unless is_string($ip->{$name}) && $ip->{$name} =~ $ADDRESS{$name};
    }
    my $offset = $browser->{utcOffset} // 0;
    return ('1104', 'browser.utcOffset must be from -1440 to 1440')
        unless $offset =~ /\A-?\d+\z/ && abs $offset <= LARGEST_OFFSET;
    return;
}

sub _without_empty ($value, $name) {
    return ('1104', "$name is empty") if !defined $value || !ref $value && !length $value;
    return unless ref $value eq 'HASH';
    for my $member (sort keys %$value) {
        my @error = _without_empty($value->{$member}, $member);
        return @error if @error;
    }
    return;
}

1;
