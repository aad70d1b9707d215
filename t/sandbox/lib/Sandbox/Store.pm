package Sandbox::Store;

# Sessions and time. Emits "event" (session, action) and "decision" (session)
# when something happens which webhooks tell.

use Mojo::Base 'Mojo::EventEmitter', -signatures;

use Digest::SHA   qw(hmac_sha256);
use MIME::Base64  qw(encode_base64url);
use Mojo::JSON    qw(encode_json);
use POSIX         qw(floor strftime);
use Sandbox::Session;
use Time::HiRes   ();

use constant LIFETIME           => 7 * 86_400;
use constant MOST_RESUBMISSIONS => 9;
use constant LIMIT_REASON       => 539;

has offset    => 0;
has token_key => sub { join '', map { chr int rand 256 } 1 .. 32 };

my %CODE = (
    approved               => 9001,
    declined               => 9102,
    resubmission_requested => 9103,
    expired                => 9104,
    abandoned              => 9104,
    review                 => 9121,
);

my %REASON = (
    declined               => ['Physical document not used', 102],
    resubmission_requested => ['Document not fully visible', 204],
);

sub verdicts ($class) { return sort keys %CODE }

sub now ($self) { return Time::HiRes::time() + $self->offset }

sub advance ($self, $seconds) {
    $self->offset($self->offset + $seconds);
    $self->expire;
    return $self;
}

sub reset ($self) {
    delete @$self{qw(sessions order tokens attempts media creations deletions reports)};
    return $self->offset(0);
}

sub uuid ($class) {
    my @words = map { int rand 65_536 } 1 .. 8;
    $words[3] = $words[3] & 0x0fff | 0x4000;
    $words[4] = $words[4] & 0x3fff | 0x8000;
    return sprintf '%04x%04x-%04x-%04x-%04x-%04x%04x%04x', @words;
}

sub timestamp ($class, $time) {
    my $whole = floor($time);
    return strftime('%Y-%m-%dT%H:%M:%S', gmtime $whole)
        . sprintf '.%06dZ', floor(($time - $whole) * 1_000_000);
}

sub sessions ($self)  { return map { $self->{sessions}{$_} // () } @{ $self->{order} // [] } }
sub find ($self, $id) { return $self->{sessions}{$id} }

sub by_token ($self, $token) {
    my $id = $self->{tokens}{$token} // return undef;
    return $self->{sessions}{$id};
}

sub by_attempt ($self, $id) {
    my $owner = $self->{attempts}{$id} // return;
    my $session = $self->{sessions}{$owner} // return;
    my ($attempt) = grep { $_->{id} eq $id } @{ $session->attempts };
    return ($session, $attempt);
}

sub media ($self, $id) { return $self->{media}{$id} }

# Seconds to wait when the cap of $rate calls per minute is reached, else 0.
sub creation_wait ($self, $rate) {
    my $times = $self->{creations} //= [];
    my $now   = $self->now;
    shift @$times while @$times && $times->[0] <= $now - 60;
    return 0 if @$times < $rate;
    return $rate > 0 ? $times->[-$rate] + 60 - $now : 60;
}

# The same for deletions: 5 per hour and 10 per 24 hours.
sub deletion_wait ($self) {
    my $times = $self->{deletions} //= [];
    my $now   = $self->now;
    for my $limit ([5, 3600], [10, 86_400]) {
        my ($count, $span) = @$limit;
        next if @$times < $count;
        my $wait = $times->[-$count] + $span - $now;
        return $wait if $wait > 0;
    }
    return 0;
}

sub create ($self, $input, $host) {
    my $id  = $self->uuid;
    my $now = $self->now;
    push @{ $self->{creations} }, $now;

    my $token = join '.', map { encode_base64url($_) }
        encode_json({ alg => 'HS256', typ => 'JWT' }),
        encode_json({ session_id => $id, iat => floor($now) });
    $token .= '.' . encode_base64url(hmac_sha256($token, $self->token_key));

    my $session = Sandbox::Session->new(
        id          => $id,
        token       => $token,
        host        => $host,
        url         => "$host/v/$token",
        callback    => $input->{callback},
        vendor_data => $input->{vendorData},
        end_user_id => $input->{endUserId},
        created     => $now,
        input       => $input,
    );

    $self->{sessions}{$id} = $session;
    $self->{tokens}{$token} = $id;
    push @{ $self->{order} }, $id;
    $self->_new_attempt($session);
    return $session;
}

# A second token for the same session (fault "url_length").
sub alias ($self, $session, $token) {
    $self->{tokens}{$token} = $session->id;
    return $self;
}

# Each of the following takes a session through one step. The first two always
# tell it, so that tests can send events out of order; the state moves only
# where it may.
sub open ($self, $session) {
    $self->_new_attempt($session) if $session->status eq 'resubmission_requested';
    $session->status('started')   if $session->is_open;
    $self->emit(event => $session, 'started');
}

sub submit ($self, $session) {
    $self->_new_attempt($session) if $session->status eq 'resubmission_requested';
    $session->status('submitted') if $session->is_open;
    $self->emit(event => $session, 'submitted');
}

# %with: decisionTime, reason, reasonCode override what is usual.
sub decide ($self, $session, $verdict, %with) {
    my ($reason, $reason_code) = @{ $REASON{$verdict} // [] };

    if ($verdict eq 'resubmission_requested') {
        if ($session->resubmissions >= MOST_RESUBMISSIONS) {
            $verdict = 'declined';
            ($reason, $reason_code) = ('Maximum number of resubmissions exceeded', LIMIT_REASON);
        }
        else {
            $session->resubmissions($session->resubmissions + 1);
        }
    }

    my $silent = $verdict =~ /\A(?:expired|abandoned)\z/;
    $session->status($verdict)->decision({
        status       => $verdict,
        code         => $CODE{$verdict},
        attemptId    => $session->attempt->{id},
        reason       => $reason,
        reasonCode   => $reason_code,
        decisionTime => $silent ? undef : $self->timestamp($self->now),
        %with,
    });
    $self->emit(decision => $session);
}

sub expire ($self) {
    my $limit = $self->now - LIFETIME;

    # They are kept in the order of creation, and this is called often.
    for my $id (@{ $self->{order} // [] }) {
        my $session = $self->{sessions}{$id};
        last if $session->created > $limit;
        $self->_lapse($session);
    }
}

sub remove ($self, $session) {
    push @{ $self->{deletions} }, $self->now;
    $self->_lapse($session);
    delete $self->{sessions}{ $session->id };
    delete $self->{media}{ $_->{id} } for map { @{ $_->{media} } } @{ $session->attempts };
    @{ $self->{order} } = grep { $_ ne $session->id } @{ $self->{order} };
}

sub add_media ($self, $session, $media) {
    $self->{media}{ $media->{id} } = $media;
    push @{ $session->attempt->{media} }, $media;
    return $media;
}

# Reports of fraud, one per session: the newest.
sub report ($self, $report) { $self->{reports}{ $report->{sessionId} } = $report }

sub reported ($self, $id) { return $self->{reports}{$id} }

sub _lapse ($self, $session) {
    return unless $session->is_open;
    $self->decide($session, $session->status eq 'created' ? 'expired' : 'abandoned');
}

sub _new_attempt ($self, $session) {
    my $id = $self->uuid;
    push @{ $session->attempts }, { id => $id, media => [], created => $self->now };
    $self->{attempts}{$id} = $session->id;
}

1;
