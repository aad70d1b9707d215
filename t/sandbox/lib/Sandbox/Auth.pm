package Sandbox::Auth;

# Who may call: the checks of X-AUTH-CLIENT and X-HMAC-SIGNATURE.

use Mojo::Base -strict, -signatures;

use Exporter      qw(import);
use Sandbox::Sign qw(matches well_formed);

our @EXPORT_OK = qw(check_key check_signature);

my $UUID = qr/\A[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\z/;

# Both return nothing when all is well, or (code, message).
# A header sent twice arrives joined by a comma and so is never well formed.
sub check_key ($headers, $settings) {
    my $key = $headers->header('X-AUTH-CLIENT');
    return ('1801', 'X-AUTH-CLIENT header is missing') unless defined $key;
    return ('1802', 'API key must be a UUID')          unless $key =~ $UUID;
    return ('1803', 'Integration not found')           unless lc $key eq lc $settings->{api_key};
    return;
}

# $kind is "id", "body" or "optional body" (session creation).
sub check_signature ($headers, $settings, $kind, $message) {
    my $signature = $headers->header('X-HMAC-SIGNATURE');
    if (!defined $signature) {
        return if $kind eq 'optional body';
        return ('1815', 'Request could not be authenticated: X-HMAC-SIGNATURE is missing');
    }

    return ('1812', 'X-HMAC-SIGNATURE is not a valid SHA-256 hex') unless well_formed($signature);
    return if matches($signature, $message, @{ $settings->{secrets} });
    return ('1818', 'HMAC does not match the id') if $kind eq 'id';
    return ('1819', 'HMAC does not match the body');
}

1;
