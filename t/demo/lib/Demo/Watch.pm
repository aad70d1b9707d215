package Demo::Watch;

# Tells the person at the terminal what happens: what the provider is asked and
# sends, and what nginx has to say.

use Mojo::Base -base, -signatures;

use Digest::SHA  qw(hmac_sha256_hex);
use MIME::Base64 qw(decode_base64);
use Mojo::JSON   qw(decode_json from_json);
use Mojo::UserAgent;
use POSIX        qw(strftime);

has [qw(provider secret error_log)];
has ua        => sub { Mojo::UserAgent->new(max_connections => 0, request_timeout => 5) };
has seen      => 0;
has told      => sub { {} };
has read_upto => 0;

sub say ($self, $who, $text) {
    local $| = 1;
    printf "%s  %-8s  %s\n", strftime('%H:%M:%S', localtime), $who, $text;
}

sub look ($self) {
    $self->_requests;
    $self->_webhooks;
    $self->_log;
}

sub _requests ($self) {
    for my $request (@{ $self->_control('requests') }) {
        next if $request->{seq} <= $self->seen;
        $self->seen($request->{seq});
        my %header    = map { lc $_->[0] => $_->[1] } @{ $request->{headers} };
        my $signature = $header{'x-hmac-signature'};
        my $signed    = !defined $signature ? 'not signed'
            : $signature eq hmac_sha256_hex(decode_base64($request->{body_base64} // ''),
            $self->secret) ? 'signed by nginx'
            : 'signed';
        $self->say(provider => "was asked $request->{method} $request->{path} ($signed), answered "
                . ($request->{status} // 'nothing'));
    }
}

sub _webhooks ($self) {
    for my $webhook (@{ $self->_control('webhooks') }) {
        my @attempts = @{ $webhook->{attempts} };
        my $told     = $self->told->{ $webhook->{id} } // 0;
        $self->told->{ $webhook->{id} } = @attempts;

        my $body = eval { from_json($webhook->{body}) } // {};
        my $what = $body->{action} // ($body->{verification} // {})->{status} // '';
        for my $attempt (@attempts[$told .. $#attempts]) {
            $self->say(provider => "sent the $webhook->{type} webhook \"$what\", was answered "
                    . ($attempt->{status} // $attempt->{error}));
        }
    }
}

# The error log's own words, from "warn" on.
sub _log ($self) {
    open my $in, '<', $self->error_log or return;
    seek $in, $self->read_upto, 0;
    while (my $line = <$in>) {
        last unless $line =~ s/\n\z//;
        $self->read_upto(tell $in);
        $self->say(nginx => "$1: $2")
            if $line =~ /\[(warn|error|crit|alert|emerg)\] \d+#\d+: (?:\*\d+ )?(.*)/;
    }
}

sub _control ($self, $what) {
    my $answer = eval { $self->ua->get($self->provider . "/_sandbox/$what")->result };
    return $answer && $answer->is_success ? decode_json($answer->body) : [];
}

1;
