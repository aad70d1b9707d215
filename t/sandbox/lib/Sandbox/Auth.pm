package Sandbox::Auth;

# Who may call: the checks of X-AUTH-CLIENT and X-HMAC-SIGNATURE, or of the
# same with VRF for X, and of vrf-integration-id.

use Mojo::Base -strict, -signatures;

use Exporter      qw(import);
use Sandbox::Sign qw(matches well_formed);

our @EXPORT_OK = qw(check_integration check_key check_signature);

my $UUID = qr/\A[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\z/;

# They return nothing when all is well, or (code, message).
# A header sent twice arrives joined by a comma and so is never well formed.
sub check_key ($headers, $settings, $family = 'X') {
    my $key = $headers->header("$family-AUTH-CLIENT");
    return ('1801', "$family-AUTH-CLIENT header is missing") unless defined $key;
    return ('1802', 'API key must be a UUID')          unless $key =~ $UUID;
    return ('1803', 'Integration not found')           unless lc $key eq lc $settings->{api_key};
    return;
}

# Returns (the integration that is named, or undef), and an error as above.
sub check_integration ($headers, $settings) {
    my $named = $headers->header('vrf-integration-id');
    return undef unless defined $named && @{ $settings->{integrations} };
    return $named if grep { $_ eq $named } @{ $settings->{integrations} };
    return (undef, '1803', 'Integration not found');
}

# $kind is "id", "body", "path" (with or without a body) or "optional body"
# (session creation).
sub check_signature ($headers, $settings, $kind, $message, $family = 'X') {
    my $signature = $headers->header("$family-HMAC-SIGNATURE");
    if (!defined $signature) {
        return if $kind eq 'optional body' && !$settings->{strict};
        return ('1815', "Request could not be authenticated: $family-HMAC-SIGNATURE is missing");
    }

    return ('1812', "$family-HMAC-SIGNATURE is not a valid SHA-256 hex")
        unless well_formed($signature);
    return if matches($signature, $message, @{ $settings->{secrets} });
    return ('1818', "HMAC does not match the $kind") if $kind =~ /\A(?:id|path)\z/;
    return ('1819', 'HMAC does not match the body');
}

1;
