package Sandbox::Payload;

# The JSON of decisions and events, for webhooks and GET .../decision.

use Mojo::Base -strict, -signatures;

use Exporter       qw(import);
use Sandbox::Json  qw(object);
use Sandbox::Store;

our @EXPORT_OK = qw(decision_body event_body);

my %EVENT_CODE = (started => 7001, submitted => 7002);

sub event_body ($session, $action) {
    return object(
        id         => $session->id,
        attemptId  => $session->attempt->{id},
        feature    => 'selfid',
        code       => $EVENT_CODE{$action},
        action     => $action,
        vendorData => $session->vendor_data,
        endUserId  => $session->end_user_id,
    );
}

sub decision_body ($session) {
    return object(
        status        => 'success',
        verification  => _verification($session),
        technicalData => object(ip => $session->decision ? '192.0.2.7' : undef),
    );
}

sub _verification ($session) {
    my $decision = $session->decision // return undef;

    # Nobody was seen when the session ran out.
    my $seen = $decision->{code} != 9104;
    return object(
        id                     => $session->id,
        attemptId              => $decision->{attemptId},
        vendorData             => $session->vendor_data,
        endUserId              => $session->end_user_id,
        status                 => $decision->{status},
        code                   => $decision->{code},
        reason                 => $decision->{reason},
        reasonCode             => $decision->{reasonCode},
        decisionTime           => $decision->{decisionTime},
        acceptanceTime         => Sandbox::Store->timestamp($session->created),
        person                 => _person($session->input->{person} // {}, $seen),
        document               => _document($session->input->{document} // {}, $seen),
        additionalVerifiedData => object(),
        riskLabels             => [],
        biometricAuthentication => undef,
        comments               => [],
    );
}

sub _person ($given, $seen) {
    my $first = $given->{firstName} // ($seen ? 'Maria'    : undef);
    my $last  = $given->{lastName}  // ($seen ? "M\x{e4}nd" : undef);
    my $born  = $given->{dateOfBirth} // ($seen ? '1990-05-17' : undef);
    my %gender = (MALE => 'M', FEMALE => 'F');
    my $gender = $given->{gender} // ($seen ? 'F' : undef);

    return object(
        firstName        => $first,
        lastName         => $last,
        fullName         => defined $first && defined $last ? "$first $last" : undef,
        dateOfBirth      => $born,
        gender           => defined $gender ? $gender{$gender} // $gender : undef,
        nationality      => $seen ? 'EE' : undef,
        citizenship      => undef,
        idNumber         => $given->{idNumber} // ($seen ? '49005170014' : undef),
        yearOfBirth      => defined $born ? substr($born, 0, 4) : undef,
        placeOfBirth     => undef,
        addresses        => $seen ? [_address()] : [],
        occupation       => $given->{occupation},
        employer         => undef,
        foreignerStatus  => undef,
        extraNames       => undef,
        title            => undef,
        pepSanctionMatch => undef,
    );
}

sub _address () {
    return object(
        fullAddress   => 'Telliskivi 60, 10412 Tallinn, Estonia',
        parsedAddress => object(
            city        => 'Tallinn',
            unit        => undef,
            state       => undef,
            street      => 'Telliskivi',
            country     => 'EE',
            postcode    => '10412',
            houseNumber => '60',
        ),
    );
}

sub _document ($given, $seen) {
    return object(
        type                => $given->{type}    // ($seen ? 'PASSPORT' : undef),
        number              => $given->{number}  // ($seen ? 'KE1234567' : undef),
        country             => $given->{country} // ($seen ? 'EE'       : undef),
        state               => undef,
        validFrom           => $seen ? '2021-03-01' : undef,
        validUntil          => $seen ? '2031-03-01' : undef,
        placeOfIssue        => undef,
        firstIssue          => $given->{firstIssue},
        issueNumber         => undef,
        issuedBy            => undef,
        remarks             => undef,
        nfcValidated        => undef,
        residencePermitType => undef,
        portraitIsVisible   => undef,
        signatureIsVisible  => undef,
        specimen            => undef,
    );
}

1;
