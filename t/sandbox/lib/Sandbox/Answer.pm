package Sandbox::Answer;

# The last step of every answer under /v1/: bend it as a fault asks, sign the
# bytes, put them on the wire.

use Mojo::Base -strict, -signatures;

use Exporter          qw(import);
use Digest::SHA       qw(sha256_hex);
use IO::Compress::Gzip ();
use Mojo::IOLoop;
use Mojo::Util        qw(encode);
use Sandbox::Json     qw(json_bytes object);
use Sandbox::Sign     qw(sign spoil);

our @EXPORT_OK = qw(failure_body forced_answer send_answer);

my %USUAL_CODE = (401 => '1803', 429 => '1004');

my %REASON = (
    200 => 'OK',           201 => 'Created',      302 => 'Found',
    400 => 'Bad Request',  401 => 'Unauthorized', 403 => 'Forbidden',
    404 => 'Not Found',    409 => 'Conflict',     413 => 'Payload Too Large',
    429 => 'Too Many Requests',
    500 => 'Internal Server Error', 502 => 'Bad Gateway',
    503 => 'Service Unavailable',   504 => 'Gateway Timeout',
);

sub failure_body ($code, $message) {
    return object(status => 'fail', code => "$code", message => $message);
}

# The answer which a fault gives without asking the service, or nothing.
sub forced_answer ($fault) {
    return unless $fault && ($fault->{status} // 0) >= 300;

    my $status = $fault->{status};
    my @headers;
    push @headers, ['Retry-After', $fault->{retry_after} // 60] if $status == 429;
    push @headers, ['Retry-After', $fault->{retry_after}]
        if $status == 503 && defined $fault->{retry_after};
    push @headers, ['Location', $fault->{location} // 'https://elsewhere.invalid/']
        if $status == 302;
    return {
        status => $status,
        json   => failure_body(
            $fault->{code}    // $USUAL_CODE{$status} // '1101',
            $fault->{message} // "$REASON{$status} (on request)",
        ),
        headers => \@headers,
    };
}

# $answer: status, json or bytes, type, headers, unsigned, session, family (of
# the signature's headers: x, vrf or both).
sub send_answer ($c, $answer) {
    my $fault = $c->stash('fault') // {};
    $c->render_later;

    _bend($c, $answer, $fault) if $answer->{status} < 300;
    my $bytes = _bytes($answer, $fault);
    my $type  = $fault->{content_type} // $answer->{type} // 'application/json';

    # Signed before compression: the signature is over the identity bytes.
    my @headers = (
        ['Content-Type', $fault->{non_json} ? 'text/html' : $type],
        @{ $answer->{headers} // [] },
        $answer->{unsigned} ? () : _signature_headers($c, $answer, $bytes, $fault),
    );
    my $more = $fault->{headers} // {};
    for my $name (sort keys %$more) {
        my $values = $more->{$name};
        push @headers, map { [$name, $_] } ref $values ? @$values : $values;
    }
    if ($fault->{gzip}) {
        IO::Compress::Gzip::gzip(\$bytes => \my $packed);
        $bytes = $packed;
        push @headers, ['Content-Encoding', 'gzip'];
    }

    my $deliver = sub { _deliver($c, $answer->{status}, \@headers, $bytes, $fault) };
    return $deliver->() unless $fault->{delay};

    # The transaction must outlive the wait; the client may be gone by then.
    my $tx = $c->tx;
    Mojo::IOLoop->timer($fault->{delay} => sub { $deliver->() if $tx && $c->tx });
}

sub _bend ($c, $answer, $fault) {
    $answer->{status} = $fault->{status} if $fault->{status};

    my $json = $answer->{json} // return;
    my $verification = $json->get('verification');
    if (ref $verification eq 'Sandbox::Json::Object') {
        _lengthen($c, $answer->{session}, $verification, $fault->{url_length})
            if $fault->{url_length} && $answer->{session};
        $verification->set(url => $fault->{url})                if exists $fault->{url};
        $verification->set(id => $fault->{id})                  if exists $fault->{id};
        $verification->set(vendorData => $fault->{vendor_data}) if exists $fault->{vendor_data};
    }

    if ($fault->{extra}) {
        for my $part ($json, ref $verification eq 'Sandbox::Json::Object' ? $verification : ()) {
            $part->set(
                newMember => object(list => [1, 2, object(deep => undef)], text => "\x{fc}nknown")
            )->turn_around;
        }
    }
}

# The padded token stays a working one: it leads to the same session.
sub _lengthen ($c, $session, $verification, $length) {
    my $missing = $length - length $verification->get('url');
    return if $missing <= 0;
    my $token = $verification->get('sessionToken') . 'x' x $missing;
    $c->app->store->alias($session, $token);
    $verification->set(sessionToken => $token)->set(url => $session->host . "/v/$token");
}

sub _bytes ($answer, $fault) {
    if (exists $fault->{body}) {
        my $body = $fault->{body};
        return ref $body ? json_bytes($body) : encode 'UTF-8', $body // '';
    }
    return "<!DOCTYPE html>\n<title>Error</title>\n<h1>This is not JSON</h1>\n"
        if $fault->{non_json};
    return $answer->{bytes} unless $answer->{json};

    my $json = $answer->{json};
    if (my $size = $fault->{oversized}) {
        $json->set(padding => '');
        my $missing = $size - length json_bytes($json);
        $json->set(padding => 'x' x $missing) if $missing > 0;
    }
    return json_bytes($json);
}

sub _signature_headers ($c, $answer, $bytes, $fault) {
    my $settings = $c->app->settings;
    my $family = $answer->{family} // $c->stash('family') // 'x';
    my $how    = $fault->{signature} // '';
    my $client = $fault->{auth_client} // $settings->{api_key};
    my ($first, $second) = @{ $settings->{secrets} };
    my $right  = sign($bytes, $how eq 'second' ? $second // $first : $first);
    my $wrong  = spoil($right);

    my $pair = sub ($name, $value) {
        return map { ["$_-auth-client", $client], ["$_-hmac-signature", $value] }
            $name eq 'both' ? qw(x vrf) : $name;
    };
    return ()                          if $how eq 'none';
    return $pair->($family, $wrong)    if $how eq 'wrong';
    return $pair->($family, uc $right) if $how eq 'upper';
    return $pair->($how, $right)       if $how =~ /\A(?:vrf|both)\z/;
    return ($pair->('x', $right), $pair->('vrf', $wrong)) if $how eq 'conflict';
    return $pair->($family, $right);
}

sub _deliver ($c, $status, $headers, $bytes, $fault) {
    my $tx    = $c->tx // return;
    my $entry = $c->stash('entry');
    $entry->{answer_sha256} = sha256_hex($bytes);

    if (my $cut = $fault->{cut}) {
        $entry->{status} = $cut eq 'before' ? undef : $status;
        return _cut($tx, $cut, $status, $headers, $bytes, $fault);
    }

    $entry->{status} = $status;
    my $res = $tx->res->code($status);
    $res->headers->add(@$_) for @$headers;

    if (!$fault->{chunked}) {
        $res->body($bytes);
        return $c->rendered;
    }

    return _write_parts($c, _parts($bytes));
}

sub _write_parts ($c, @parts) {
    return $c->finish unless @parts;
    my $part = shift @parts;
    return $c->write_chunk($part => sub ($next, @) { _write_parts($next, @parts) });
}

# Below the HTTP server: what a failing network or proxy leaves behind.
sub _cut ($tx, $where, $status, $headers, $bytes, $fault) {
    my $stream = Mojo::IOLoop->stream($tx->connection) // return;
    return $stream->close if $where eq 'before';

    my $framing = $fault->{chunked}
        ? 'Transfer-Encoding: chunked'
        : 'Content-Length: ' . length $bytes;
    my $head = join "\r\n", "HTTP/1.1 $status " . ($REASON{$status} // 'Status'),
        (map {"$_->[0]: $_->[1]"} @$headers), $framing, '', '';
    if ($where eq 'header') {
        return $stream->write(substr($head, 0, int(length($head) / 2)) => sub ($s) { $s->close });
    }

    my $half = substr $bytes, 0, int(length($bytes) / 2);
    $half = sprintf("%x\r\n%s\r\n", length $half, $half) if $fault->{chunked};
    $stream->write($head . $half => sub ($s) { $s->close });
}

# Small first chunks, so that a reader meets chunk boundaries within values.
sub _parts ($bytes) {
    my @parts;
    for my $size (1, 7, 50) {
        push @parts, substr $bytes, 0, $size, '' if length $bytes > $size;
    }
    push @parts, $bytes if length $bytes;
    return @parts;
}

1;
