package Sandbox::Client;

# A webhook client for tests: any body, any headers, any signature, sent once
# and answered with what the receiver said.

use Mojo::Base -base, -signatures;

use MIME::Base64  qw(decode_base64 encode_base64);
use Mojo::Promise;
use Mojo::Util    qw(encode);
use Sandbox::Json qw(json_bytes);
use Sandbox::Sign qw(spoil);

use constant TIMEOUT => 60;

has 'webhook';

sub members ($class) {
    return qw(api_key body body_base64 chunked headers method secret sign timeout url);
}

# Promises {status, body, headers, error}.
sub send ($self, $wish) {
    my $url = $wish->{url} // $self->webhook->settings->{webhook_url}
        // return Mojo::Promise->reject('"url" is missing and no webhook_url is set');

    my $body = defined $wish->{body_base64} ? decode_base64($wish->{body_base64})
        : ref $wish->{body}                 ? json_bytes($wish->{body})
        :                                     encode 'UTF-8', $wish->{body} // '';

    my $ua = $self->webhook->new_agent($wish->{timeout} // TIMEOUT);
    my $tx = $ua->build_tx($wish->{method} // 'POST' => $url);
    $self->_set_headers($tx->req->headers, $wish, $body);

    if ($wish->{chunked}) {
        my $half = int(length($body) / 2);
        my @parts = (substr($body, 0, $half), substr($body, $half));
        _write_parts($tx->req->content, grep {length} @parts);
    }
    else {
        $tx->req->body($body);
    }

    # The agent is kept alive by the promise's own callbacks.
    return $ua->start_p($tx)->then(sub ($done) { undef $ua; return _answer($done->res) })
        ->catch(
            sub ($error) {
                undef $ua;
                return { status => undef, error => "$error", body => undef, headers => [] };
            }
        );
}

sub _set_headers ($self, $headers, $wish, $body) {
    my %with = map { defined $wish->{$_} ? ($_ => $wish->{$_}) : () } qw(api_key secret);
    my $how  = $wish->{sign} // 1;

    for my $pair (@{ $self->webhook->headers($body, %with) }) {
        my ($name, $value) = @$pair;
        if ($name eq 'x-hmac-signature') {
            next unless $how;
            $value = spoil($value) if $how eq 'wrong';
        }
        $headers->header($name => $value);
    }

    # null takes a header away, a list sends it several times.
    my $more = $wish->{headers} // {};
    for my $name (sort keys %$more) {
        $headers->remove($name);
        my $value = $more->{$name} // next;
        $headers->add($name => $_) for ref $value ? @$value : $value;
    }
}

sub _write_parts ($content, @parts) {
    return $content->write_chunk('') unless @parts;
    my $part = shift @parts;
    return $content->write_chunk($part => sub ($next, @) { _write_parts($next, @parts) });
}

sub _answer ($res) {
    my $bytes   = $res->body;
    my $text    = $bytes;
    my $is_text = utf8::decode($text);
    my @headers;
    for my $name (@{ $res->headers->names }) {
        push @headers, map { [$name, $_] } @{ $res->headers->every_header($name) };
    }
    return {
        status  => $res->code,
        error   => undef,
        headers => \@headers,
        body    => $is_text ? $text : undef,
        body_base64 => encode_base64($bytes, ''),
    };
}

1;
