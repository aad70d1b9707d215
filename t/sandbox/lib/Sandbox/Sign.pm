package Sandbox::Sign;

# The provider's signature: HMAC-SHA256, keyed with the printed text of the
# shared secret, in lower-case hex. Nothing else: no prefix, time or nonce.

use Mojo::Base -strict, -signatures;

use Digest::SHA qw(hmac_sha256_hex);
use Exporter    qw(import);
use Mojo::Util  qw(secure_compare);

our @EXPORT_OK = qw(matches spoil sign well_formed);

sub sign ($message, $secret) { return hmac_sha256_hex($message, $secret) }

sub well_formed ($signature) { return $signature =~ /\A[0-9a-fA-F]{64}\z/ ? 1 : 0 }

# Upper case is accepted, as the provider's own demo does. Every secret is
# tried, so that rotation works while several are in use.
sub matches ($signature, $message, @secrets) {
    my $given = lc $signature;
    my $found = 0;
    for my $secret (@secrets) {
        $found |= secure_compare($given, sign($message, $secret)) ? 1 : 0;
    }
    return $found;
}

# A signature that looks right and is not: one digit differs.
sub spoil ($signature) {
    substr($signature, 31, 1) =~ tr/0-9a-f/1-9a-f0/;
    return $signature;
}

1;
