package Sandbox::Otp;

# One-time passwords for an Aadhaar check. The right one is always 123456.

use Mojo::Base 'Sandbox::Action', -signatures;

use Sandbox::Json qw(is_string object);

use constant RIGHT_CODE       => '123456';
use constant UNKNOWN_NUMBER   => '999999999999';
use constant NUMBER_NO_PHONE  => '999999999998';
use constant SPACING          => 60;
use constant MOST_GENERATIONS => 3;
use constant MOST_SUBMISSIONS => 3;

sub generate ($self) {
    my ($session, $body) = $self->_asked or return;
    my $otp        = $session->otp // {};
    my $identifier = $body->{identifier};
    my $now        = $self->app->store->now;

    return $self->_refuse(400, 'MFA_ALREADY_COMPLETED') if $otp->{done};
    return $self->_refuse(400, 'INVALID_INPUT_AADHAR')
        unless is_string($identifier) && $identifier =~ /\A\d{12}\z/;
    return $self->_refuse(400, 'INVALID_AADHAR')       if $identifier eq UNKNOWN_NUMBER;
    return $self->_refuse(400, 'INVALID_PHONE_NUMBER') if $identifier eq NUMBER_NO_PHONE;
    return $self->_refuse(400, 'INVALID_RESEND_ATTEMPT')
        if defined $otp->{identifier} && $otp->{identifier} ne $identifier;
    return $self->_refuse(429, 'OTP_GENERATION_LIMIT_REACHED')
        if ($otp->{generated} // 0) >= MOST_GENERATIONS;
    return $self->_refuse(429, 'OTP_REQUEST_TOO_SOON')
        if defined $otp->{time} && $now < $otp->{time} + SPACING;

    $session->otp({
        identifier => $identifier,
        generated  => ($otp->{generated} // 0) + 1,
        submitted  => 0,
        time       => $now,
    });
    return $self->_success([], family => 'both');
}

sub verify ($self) {
    my ($session, $body) = $self->_asked or return;
    my $otp  = $session->otp;
    my $code = $body->{code};

    return $self->_refuse(400, 'OTP_NOT_GENERATED')     unless $otp;
    return $self->_refuse(400, 'MFA_ALREADY_COMPLETED') if $otp->{done};
    return $self->_refuse(400, 'INVALID_INPUT_OTP')
        unless is_string($code) && $code =~ /\A\d{6}\z/;
    return $self->_refuse(429, 'OTP_SUBMISSION_LIMIT_REACHED')
        if $otp->{submitted}++ >= MOST_SUBMISSIONS;
    return $self->_refuse(400, 'INVALID_OTP') if $code ne RIGHT_CODE;

    $otp->{done} = 1;
    return $self->_success([], family => 'both');
}

# (session, body), or nothing when that was answered.
sub _asked ($self) {
    my $session = $self->_session('body') // return;
    my $body    = $self->_json            // return;

    my $known = ref $body eq 'HASH' && ($body->{type} // '') eq 'aadhaar';
    if (!$known) {
        $self->_fail(400, '1104', 'type must be aadhaar', family => 'both');
        return;
    }
    if (!$session->is_open) {
        $self->_refuse(400, 'INVALID_SESSION_DETAILS');
        return;
    }
    return ($session, $body);
}

sub _refuse ($self, $status, $reason) {
    return $self->_fail($status, $status == 429 ? '1004' : '1101', $reason, family => 'both');
}

1;
