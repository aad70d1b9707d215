package Sandbox::Notice;

# The JSON of the webhooks besides decisions and events; what there is a GET
# for is answered with the same.

use Mojo::Base -strict, -signatures;

use Exporter       qw(import);
use Sandbox::Json  qw(object);
use Sandbox::Store;

our @EXPORT_OK = qw(notice_body notice_types registry_body screening);

my %BODY = (
    watchlist   => sub ($session, $wish) { return screening($session) },
    user_status => \&_user_status,
    full_auto   => \&_full_auto,
    ine         => sub ($session, $wish) { return registry_body($session, 'ine', $wish) },
    curp        => sub ($session, $wish) { return registry_body($session, 'curp', $wish) },
    ine_curp    =>
        sub ($session, $wish) { return registry_body($session, 'combined-ine-curp', $wish) },
    address     => \&_address,
    unknown     => \&_unknown,
);

sub notice_types () { return sort keys %BODY }

# The wish: status and time in the place where the type has them, check (of a
# watchlist), wrapped (the decision in an object), extra (unknown members, and
# the order turned round).
sub notice_body ($session, $type, $wish) {
    my $body = $BODY{$type}->($session, $wish);
    return $body unless $wish->{extra};

    for my $part ($body, grep { ref eq 'Sandbox::Json::Object' } map { $_->[1] } $body->pairs) {
        $part->set(newMember => object(list => [1, object(deep => undef)], text => "\x{fc}nknown"))
            ->turn_around;
    }
    return $body;
}

sub screening ($session) {
    my $given  = $session->input->{person} // {};
    my $result = $session->screening;
    my $found  = ($result->{status} // 'no_match') ne 'no_match';

    return object(
        checkType     => $result->{check} // 'initial_result',
        attemptId     => $session->attempt->{id},
        sessionId     => $session->id,
        vendorData    => $session->vendor_data,
        endUserId     => $session->end_user_id,
        matchStatus   => $result->{status} // 'no_match',
        monitorStatus => $session->monitor_status,
        searchTerm    => object(
            name => join(' ', grep { defined } @$given{qw(firstName lastName)}),
            year => substr($given->{dateOfBirth} // '', 0, 4) || undef,
        ),
        totalHits => $found ? 1 : 0,
        createdAt => exists $result->{time} ? $result->{time}
            : Sandbox::Store->timestamp($session->created),
        hits      => $found ? [_hit()] : [],
    );
}

sub _hit () {
    return object(
        matchedName  => 'Maria Sample',
        countries    => ['EE'],
        dateOfBirth  => '1990',
        dateOfDeath  => undef,
        matchTypes   => ['name_exact'],
        aka          => [],
        associates   => [],
        listingsRelatedToMatch => object(
            warnings     => [],
            sanctions    => [object(sourceName => 'A list', sourceUrl => 'https://list.example', date => undef)],
            fitnessProbity => [],
            pep          => [],
            adverseMedia => [],
        ),
    );
}

# Each of the three names things differently.
sub registry_body ($session, $registry, $wish = {}) {
    my @users = (vendorData => $session->vendor_data, endUserId => $session->end_user_id);
    my $curp  = object(statusCurp => 'AN', curp => 'MAAR900517MDFRRS09');
    my $ine   = object(active => \1, documentState => 'vigente');
    my @found = (status => $wish->{status} // 'found', code => 200);

    if ($registry eq 'curp') {
        return object(
            type => 'curp_registry', id => $session->id, @users, version => '1.0.0',
            data => object(
                attemptId => $session->attempt->{id},
                name      => 'curp_registry', @found, details => $curp,
            ),
        );
    }

    my $both = $registry eq 'combined-ine-curp';
    return object(
        eventType => $both ? 'combined-ine-curp-registry' : 'ine_registry',
        _ids($session),
        version => '1.0.0',
        time    => $wish->{time} // ($session->decision // {})->{decisionTime},
        data    => object(
            @found,
            details => $both ? object(ine => $ine->set(ineIdentifier => '123456789'), curp => $curp)
                : $ine,
        ),
    );
}

# The inner id is the attempt's.
sub _user_status ($session, $wish) {
    return object(
        data => object(
            verification => object(
                id              => $session->attempt->{id},
                userDefinedData => object(
                    status     => $wish->{status} // 'In progress',
                    statusCode => '20001',
                    reason     => 'Looked at by hand',
                    reasonCode => undef,
                    createdAt  => $wish->{time},
                ),
            ),
        ),
        time      => $wish->{time},
        eventType => 'user-status.created',
        _ids($session),
    );
}

# No reason, no code.
sub _full_auto ($session, $wish) {
    my $decision = $wish->{status} // 'approved';
    my $value    = sub ($text) {
        return object(value => $text, confidenceCategory => 'high', sources => ['VIZ', 'MRZ']);
    };

    return object(
        eventType => 'fullauto',
        _ids($session),
        version        => '1.0.0',
        acceptanceTime => Sandbox::Store->timestamp($session->created),
        time           => $wish->{time},
        data           => object(
            verification => object(
                decision      => $wish->{wrapped} ? object(value => $decision) : $decision,
                decisionScore => 0.97,
                person        => object(
                    firstName => $value->('Maria'), lastName => $value->("M\x{e4}nd"),
                    dateOfBirth => $value->('1990-05-17'),
                ),
                document => object(number => $value->('KE1234567'), country => $value->('EE')),
                insights => [
                    object(label => 'documentAccepted', result => 'yes', category => 'document'),
                ],
            ),
        ),
    );
}

sub _address ($session, $wish) {
    return object(
        id         => $session->id,
        attemptId  => $session->attempt->{id},
        feature    => 'selfid',
        code       => 7005,
        action     => $wish->{status} // 'address_submitted',
        addressId  => 'address-1',
        vendorData => $session->vendor_data,
    );
}

# Of a type that does not exist yet, and that looks like a verdict.
sub _unknown ($session, $wish) {
    return object(
        eventType => 'something.new',
        _ids($session),
        status       => $wish->{status} // 'approved',
        decisionTime => $wish->{time},
        time         => $wish->{time},
        data         => object(verification => object(status => 'approved', decision => 'approved')),
    );
}

sub _ids ($session) {
    return (
        sessionId  => $session->id,
        attemptId  => $session->attempt->{id},
        vendorData => $session->vendor_data,
        endUserId  => $session->end_user_id,
    );
}

1;
