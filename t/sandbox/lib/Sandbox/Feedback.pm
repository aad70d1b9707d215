package Sandbox::Feedback;

# The feedback API: reports of fraud. Its requests are signed over their path,
# a line feed and their body, and have headers of their own (VRF).

use Mojo::Base 'Sandbox::Action', -signatures;

use Sandbox::Json qw(is_string object);

use constant MOST_SESSIONS   => 10;
use constant LONGEST_COMMENT => 500;

my @CATEGORIES = qw(ACCOUNT_TAKEOVER DOCUMENT_FRAUD IDENTITY_THEFT MONEY_MULE OTHER);

sub categories ($self) {
    my $path = $self->req->url->path->to_string;
    $self->_signed('path', $path) or return;
    return $self->_success([categories => [@CATEGORIES]]);
}

sub report ($self) {
    my $body = $self->_read // return;

    my $reports = ref $body eq 'HASH' ? $body->{reports} : undef;
    return $self->_fail(400, '1102', 'reports is missing')
        unless ref $reports eq 'ARRAY' && @$reports;
    for my $report (@$reports) {
        my @error = _check_report($report);
        return $self->_fail(400, @error) if @error;
    }

    my @results;
    for my $report (@$reports) {
        my $id    = $report->{sessionId};
        my $known = $self->_owns($self->app->store->find($id));
        $self->app->store->report($report) if $known;
        push @results, object(sessionId => $id, status => $known ? 'reported' : 'error');
    }
    return $self->_success([reports => \@results]);
}

sub retrieve ($self) {
    my $body = $self->_read // return;

    my $ids = ref $body eq 'HASH' ? $body->{sessionIds} : undef;
    return $self->_fail(400, '1102', 'sessionIds is missing')
        unless ref $ids eq 'ARRAY' && @$ids;
    return $self->_fail(400, '1104', 'sessionIds holds 1 to 10 ids')
        if @$ids > MOST_SESSIONS || grep { !is_string($_) } @$ids;

    my @reports = map {
        my $found = $self->app->store->reported($_);
        object(
            sessionId => $_,
            status    => $found ? 'FOUND' : 'NOT_FOUND',
            $found ? (categories => $found->{categories}, comment => $found->{comment}) : (),
        )
    } @$ids;
    return $self->_success([reports => \@reports]);
}

sub _read ($self) {
    my $path = $self->req->url->path->to_string;
    $self->_signed('path and body', "$path\n" . $self->req->body) or return undef;
    return $self->_json;
}

sub _check_report ($report) {
    return ('1104', 'reports holds objects') unless ref $report eq 'HASH';
    return ('1102', 'sessionId is missing')  unless is_string($report->{sessionId});

    my $categories = $report->{categories};
    return ('1102', 'categories is missing') unless ref $categories eq 'ARRAY' && @$categories;
    for my $category (@$categories) {
        return ('1104', 'category is unknown') unless grep { $_ eq ($category // '') } @CATEGORIES;
    }
    return ('1104', 'comment is a string of at most 500 characters')
        if exists $report->{comment}
        && !(is_string($report->{comment}) && length $report->{comment} <= LONGEST_COMMENT);
    return;
}

1;
