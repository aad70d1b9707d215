package Sandbox::Page;

# The hosted page to which verification.url leads. Where the provider takes
# pictures of a face and a document, this one has a button for each outcome.

use Mojo::Base 'Mojolicious::Controller', -signatures;

use Mojo::Util qw(encode xml_escape);

my %VERDICT = (
    approve  => 'approved',
    decline  => 'declined',
    resubmit => 'resubmission_requested',
);

my @BUTTONS = (
    [approve  => 'Approve',         'Send my data; it will be approved'],
    [decline  => 'Decline',         'Send my data; it will be declined'],
    [resubmit => 'Ask to resubmit', 'Send my data; I will be asked to try again'],
    [leave    => 'Leave',           'Go back without sending anything'],
);

sub show ($self) {
    my $session = $self->_session // return $self->_unknown;
    return $self->_closed(200) unless $session->is_open;

    # Only the first visit of an attempt counts as starting it.
    $self->app->store->open($session) unless $session->status eq 'started';
    return $self->_page(200, 'Verify your identity', _form($session));
}

sub act ($self) {
    my $session = $self->_session // return $self->_unknown;
    my $action  = $self->param('action') // '';
    return $self->_back($session) if $action eq 'leave';
    return $self->_closed(409) unless $session->is_open;

    my $verdict = $VERDICT{$action}
        // return $self->_page(400, 'Not understood', '<p>There is no such button.</p>');
    $self->app->store->submit($session);
    $self->app->store->decide($session, $verdict);
    return $self->_back($session);
}

sub _session ($self) { return $self->app->store->by_token($self->stash('token')) }

sub _back ($self, $session) {
    my $callback = $session->callback;
    return $self->_page(200, 'You can close this page', '<p>Nothing more is needed here.</p>')
        unless defined $callback;

    $self->_harden->res->headers->location($callback);
    return $self->rendered(303);
}

sub _unknown ($self) {
    return $self->_page(404, 'Nothing to do', '<p>There is no such verification.</p>');
}

sub _closed ($self, $status) {
    return $self->_page(
        $status, 'Nothing to do',
        '<p>This verification is over or being checked. There is nothing to do here.</p>'
    );
}

sub _form ($session) {
    my $html = "<p>This is the sandbox: choose how your verification shall end.</p>\n";
    if (defined $session->callback) {
        my $target = xml_escape $session->callback;
        $html .= qq(<p>Afterwards you return to <code>$target</code>.</p>\n);
    }
    $html .= qq(<form method="post">\n);
    for my $button (@BUTTONS) {
        my ($id, $label, $hint) = @$button;
        $html .= qq(<p><button type="submit" id="$id" name="action" value="$id")
            . qq( aria-describedby="$id-hint">$label</button>\n)
            . qq(<span id="$id-hint">$hint</span></p>\n);
    }
    return "$html</form>\n";
}

# The URL is a bearer secret: no copy in caches, no referrer.
sub _harden ($self) {
    my $headers = $self->res->headers;
    $headers->cache_control('no-store');
    $headers->header('Referrer-Policy'         => 'no-referrer');
    $headers->header('X-Content-Type-Options'  => 'nosniff');
    $headers->header('Content-Security-Policy' =>
            "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'");
    return $self;
}

sub _page ($self, $status, $title, $content) {
    my $html = <<"END";
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title - sandbox</title>
<link rel="icon" href="data:,">
<style>
body { font: 1rem/1.5 sans-serif; max-width: 40rem; margin: 2rem auto; padding: 0 1rem;
       color: #1a1a1a; background: #fff; }
button { font: inherit; min-width: 11rem; padding: .5rem 1rem; margin-right: 1rem;
         color: #fff; background: #0b4a6f; border: 0; border-radius: .25rem; cursor: pointer; }
button:focus-visible { outline: 3px solid #e08a00; outline-offset: 2px; }
code { overflow-wrap: anywhere; }
</style>
</head>
<body>
<main>
<h1>$title</h1>
$content
</main>
</body>
</html>
END
    $self->_harden->res->headers->content_type('text/html; charset=utf-8');
    return $self->render(data => encode('UTF-8', $html), status => $status);
}

1;
