package Sandbox::Validate;

# The rules for the body of POST /v1/sessions and their error codes.

use Mojo::Base -strict, -signatures;

use Exporter      qw(import);
use Mojo::URL;
use Sandbox::Json qw(is_boolean is_string);
use Time::Local   qw(timegm_modern);

our @EXPORT_OK =
    qw(check_registry check_session_id check_verification is_https_url parse_time);

use constant LONGEST_VENDOR_DATA     => 1000;
use constant LONGEST_DOCUMENT_NUMBER => 50;

my $UUID    = qr/\A[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\z/;
my $UUID_V4 = qr/\A[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\z/i;

# Each member of "verification" with its check; a check returns nothing or
# (code, message). Unknown members are let through.
my @MEMBERS = (
    [callback       => \&_callback],
    [person         => \&_person],
    [document       => \&_document],
    [address        => \&_address],
    [proofOfAddress => \&_proof_of_address],
    [vendorData     => \&_vendor_data],
    [endUserId      => \&_end_user_id],
    [consents       => \&_consents],
    [lang           => \&_string],
    [features       => \&_features],
    [timestamp      => \&_timestamp],
);

sub check_session_id ($id) {
    my $length = length $id;
    return ('1001', 'Id must be 20 to 40 characters long') if $length < 20 || $length > 40;
    return ('1002', 'Id must be a UUID v4') unless $id =~ $UUID_V4;
    return;
}

sub check_verification ($body, $now) {
    return ('1101', 'Request body must be a JSON object') unless ref $body eq 'HASH';
    return ('1102', 'verification is missing')            unless exists $body->{verification};

    my $verification = $body->{verification};
    return ('1104', 'verification must be an object') unless ref $verification eq 'HASH';

    for my $member (@MEMBERS) {
        my ($name, $check) = @$member;
        next unless exists $verification->{$name};
        my @error = $check->($verification->{$name}, "verification.$name", $now);
        return @error if @error;
    }
    return;
}

# Registry validation: an id number, a name, and a birth date or an address.
sub check_registry ($body, $now) {
    my @error = check_verification($body, $now);
    return @error if @error;

    my ($person, $address) = @{ $body->{verification} }{qw(person address)};
    my $has = sub ($object, @members) {
        return @members == grep { length($object->{$_} // '') } @members;
    };
    return ('1102', 'verification.person is missing') unless $person;
    return ('1308', 'Id number is missing')           unless $has->($person, 'idNumber');
    return ('1102', 'A name is missing')
        unless $has->($person, 'fullName') || $has->($person, qw(firstName lastName));
    return if $has->($person, 'dateOfBirth');
    return if $has->($address, 'fullAddress') || $has->($address, qw(street houseNumber postcode));
    return ('1102', 'A date of birth or an address is missing');
}

sub is_https_url ($text) {
    return 0 unless is_string($text) && $text =~ m{\Ahttps://[^\s/?#]+[^\s]*\z}i;
    my $host = Mojo::URL->new($text)->host;
    return defined $host && length $host ? 1 : 0;
}

# Seconds since 1970 of an ISO 8601 time stamp, or nothing.
sub parse_time ($text) {
    return unless is_string($text);
    return unless $text =~ m{
        \A (\d{4})-(\d\d)-(\d\d) T (\d\d):(\d\d) (?: :(\d\d)(\.\d+)? )?
        (?: Z | ([+-])(\d\d):?(\d\d) ) \z
    }x;
    my ($fraction, $sign, $hours, $minutes) = ($7 // 0, $8, $9, $10);
    my $time = eval { timegm_modern($6 // 0, $5, $4, $3, $2 - 1, $1) };
    return unless defined $time;
    $time -= ($sign eq '-' ? -1 : 1) * ($hours * 3600 + $minutes * 60) if $sign;
    return $time + $fraction;
}

sub _is_date ($text) {
    return 0 unless is_string($text) && $text =~ /\A(\d{4})-(\d\d)-(\d\d)\z/;
    return defined eval { timegm_modern(0, 0, 0, $3, $2 - 1, $1) } ? 1 : 0;
}

sub _string ($value, $name, @) {
    return is_string($value) ? () : ('1104', "$name must be a string");
}

sub _strings ($object, $name, @members) {
    return ('1104', "$name must be an object") unless ref $object eq 'HASH';
    for my $member (grep { exists $object->{$_} } @members) {
        my @error = _string($object->{$member}, "$name.$member");
        return @error if @error;
    }
    return;
}

sub _one_of ($object, $member, $name, $code, @allowed) {
    return unless exists $object->{$member};
    my $value = $object->{$member};
    return if is_string($value) && grep { $_ eq $value } @allowed;
    return ($code, "$name.$member must be one of " . join ', ', @allowed);
}

sub _callback ($value, @) {
    return ('1104', 'verification.callback must be a string') unless is_string($value);
    return is_https_url($value) ? () : ('1302', 'Return URL must be https');
}

sub _person ($person, $name, @) {
    my @error = _strings(
        $person, $name,
        qw(firstName lastName idNumber phoneNumber email occupation fullName)
    );
    return @error if @error;

    if (exists $person->{dateOfBirth} && !_is_date($person->{dateOfBirth})) {
        return ('2003', 'Date of birth must be written YYYY-MM-DD');
    }
    if (exists $person->{isDeceased} && !is_boolean($person->{isDeceased})) {
        return ('1104', "$name.isDeceased must be a boolean");
    }
    @error = _one_of($person, 'gender', $name, '1104', qw(M MALE F FEMALE));
    return @error if @error;
    return _one_of($person, 'maritalStatus', $name, '1104', qw(single married divorced widowed));
}

sub _document ($document, $name, @) {
    return ('1104', "$name must be an object") unless ref $document eq 'HASH';

    if (exists $document->{number}) {
        my @error = _document_number($document->{number}, $name);
        return @error if @error;
    }
    my @error = _one_of(
        $document, 'type', $name, '2103',
        qw(ID_CARD PASSPORT DRIVERS_LICENSE RESIDENCE_PERMIT)
    );
    return @error if @error;

    my $country = $document->{country};
    if (exists $document->{country} && !(is_string($country) && $country =~ /\A[A-Z]{2}\z/)) {
        return ('2104', 'Document country must be two capital letters (ISO 3166-1)');
    }
    if (exists $document->{firstIssue} && !_is_date($document->{firstIssue})) {
        return ('1203', 'Date of first issue is not a valid ISO date');
    }
    my $card = $document->{idCardType};
    if (exists $document->{idCardType} && !(is_string($card) && $card =~ /\A[A-Za-z]+\z/)) {
        return ('1104', "$name.idCardType must be letters");
    }
    return unless exists $document->{documentNumberIdentifiers};
    return _strings(
        $document->{documentNumberIdentifiers},
        "$name.documentNumberIdentifiers", qw(mxIne mxIfe)
    );
}

sub _document_number ($number, $name) {
    return ('1104', "$name.number must be a string") unless is_string($number);
    if (!length $number || length $number > LONGEST_DOCUMENT_NUMBER) {
        return ('2101', 'Document number has a wrong length');
    }
    return $number =~ /\A[A-Za-z0-9]+\z/
        ? ()
        : ('2102', 'Document number may have letters and digits only');
}

sub _address ($address, $name, @) {
    return _strings($address, $name, qw(fullAddress street houseNumber postcode));
}

sub _proof_of_address ($proof, $name, @) {
    return ('1104', "$name must be an object") unless ref $proof eq 'HASH';
    return unless exists $proof->{acceptableTypes};
    my $types = $proof->{acceptableTypes};
    return ('1104', "$name.acceptableTypes must be an array") unless ref $types eq 'ARRAY';
    for my $type (@$types) {
        return ('1104', "$name.acceptableTypes holds objects") unless ref $type eq 'HASH';
        return ('1102', "$name.acceptableTypes[].name is missing") unless exists $type->{name};
        my @error = _string($type->{name}, "$name.acceptableTypes[].name");
        return @error if @error;
    }
    return;
}

sub _vendor_data ($value, @) {
    return ('1501', 'vendorData must be a string') unless is_string($value);
    return ('1500', 'vendorData is longer than 1000 characters')
        if length $value > LONGEST_VENDOR_DATA;
    return;
}

sub _end_user_id ($value, $name, @) {
    return if is_string($value) && $value =~ $UUID;
    return ('1104', "$name must be a UUID in lower case");
}

sub _consents ($consents, $name, @) {
    return ('1104', "$name must be an array") unless ref $consents eq 'ARRAY';
    for my $consent (@$consents) {
        return ('1104', "$name holds objects")       unless ref $consent eq 'HASH';
        return ('1102', "$name\[].type is missing")  unless exists $consent->{type};
        my @error = _one_of($consent, 'type', "$name\[]", '1104', qw(ine bipa aadhaar));
        return @error if @error;
        return ('1104', "$name\[].approved must be a boolean")
            unless is_boolean($consent->{approved});
        return ('1104', "$name\[].approved must be true for ine")
            if $consent->{type} eq 'ine' && !$consent->{approved};
    }
    return;
}

sub _features ($features, $name, @) {
    return ('1104', "$name must be an array") unless ref $features eq 'ARRAY';
    for my $feature (@$features) {
        return ('1301', 'Unsupported feature') unless is_string($feature) && $feature eq 'selfid';
    }
    return;
}

sub _timestamp ($value, $name, $now) {
    my $time = parse_time($value);
    return ('1202', 'timestamp must be an ISO 8601 time')   unless defined $time;
    return ('1201', 'timestamp is more than one hour old') if $time < $now - 3600;
    return;
}

1;
