package Sandbox::Fault;

# Faults on request: which there are, and which one meets the next answer or
# webhook. The first fault that fits is used, so several in a row make a script.

use Mojo::Base -base, -signatures;

has list => sub { [] };
has seq  => 0;

my $FLAG   = sub ($value) { return ref $value eq 'JSON::PP::Boolean' };
my $TEXT   = sub ($value) { return defined $value && !ref $value };
my $ANY    = sub ($value) { return 1 };
my $NUMBER = sub ($value) { return $TEXT->($value) && $value =~ /\A\d+(?:\.\d+)?\z/ };
my $COUNT  = sub ($value) { return $TEXT->($value) && $value =~ /\A(?:-1|[1-9]\d*)\z/ };

sub _choice (@allowed) {
    my %allowed = map { $_ => 1 } @allowed;
    return sub ($value) { return $TEXT->($value) && $allowed{$value} };
}

my %STATUS = map { $_ => 1 } 200, 201, 302, 400, 401, 403, 404, 409, 429, 500, 502, 503, 504;

my %MATCH = (
    count  => $COUNT,
    path   => $TEXT,
    method => $TEXT,
);

my %ANSWER = (
    auth_client  => $TEXT,
    body         => $ANY,
    chunked      => $FLAG,
    code         => $TEXT,
    content_type => $TEXT,
    cut          => _choice(qw(before header body)),
    delay        => $NUMBER,
    extra        => $FLAG,
    gzip         => $FLAG,
    headers      => sub ($value) { return ref $value eq 'HASH' },
    id           => $ANY,
    location     => $TEXT,
    message      => $TEXT,
    non_json     => $FLAG,
    oversized    => $COUNT,
    retry_after  => $TEXT,
    signature    => _choice(qw(wrong none vrf both conflict upper second)),
    status       => sub ($value) { return $TEXT->($value) && $STATUS{$value} },
    url          => $ANY,
    url_length   => $COUNT,
    vendor_data  => $ANY,
);

my %WEBHOOK = (
    duplicate     => $COUNT,
    reorder       => $FLAG,
    webhook_delay => $NUMBER,
);

# Returns an error text or nothing.
sub add ($self, $fault) {
    return 'a fault is a JSON object' unless ref $fault eq 'HASH';

    my ($answer, $webhook) = (0, 0);
    for my $name (sort keys %$fault) {
        my $check = $MATCH{$name} // $ANSWER{$name} // $WEBHOOK{$name};
        return "\"$name\" is not a fault; there are: "
            . join ', ', sort(keys %ANSWER), sort(keys %WEBHOOK), sort(keys %MATCH)
            unless $check;
        return "\"$name\" has a wrong value" unless $check->($fault->{$name});
        $answer++  if $ANSWER{$name};
        $webhook++ if $WEBHOOK{$name};
    }
    return 'a fault needs at least one effect' unless $answer || $webhook;
    return 'faults of answers and of webhooks are separate objects' if $answer && $webhook;

    $self->seq($self->seq + 1);
    push @{ $self->list }, {
        count => 1,
        %$fault,
        number => $self->seq,
        of     => $webhook ? 'webhook' : 'answer',
        used   => 0,
    };
    return;
}

sub clear ($self) { $self->list([]); return $self }

sub take_for_answer ($self, $method, $path) {
    return $self->_take(
        sub ($fault) {
            return 0 if $fault->{of} ne 'answer';
            return 0 if exists $fault->{method} && uc $fault->{method} ne $method;
            return 0 if exists $fault->{path}   && index($path, $fault->{path}) != 0;
            return 1;
        }
    );
}

sub take_for_webhook ($self) {
    return $self->_take(sub ($fault) { return $fault->{of} eq 'webhook' });
}

# A fault that is used up leaves the list.
sub _take ($self, $fits) {
    for my $fault (@{ $self->list }) {
        next unless $fits->($fault);
        $fault->{used}++;
        $fault->{count}-- if $fault->{count} > 0;
        @{ $self->list } = grep { $_->{count} != 0 } @{ $self->list } if $fault->{count} == 0;
        return $fault;
    }
    return undef;
}

1;
