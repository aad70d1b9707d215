package Demo::Check;

# Walks the whole path with curl, as a person would with a browser, and looks
# from all sides: the site, the provider, the app, nginx's log.

use Mojo::Base -base, -signatures;

use Digest::SHA  qw(hmac_sha256_hex);
use MIME::Base64 qw(decode_base64 encode_base64);
use Mojo::File   qw(path);
use Mojo::JSON   qw(decode_json encode_json);
use Mojo::Util   qw(encode);

use constant {
    PATIENCE => 15,
    ASKED    => '/account',    # the page that the user wants to see
};

has 'demo';    # what this looks at
has steps => 0;

# Dies at the first step that fails.
sub run ($self) {
    my $demo = $self->demo;

    $self->_login;
    $self->_gate;
    my $page = $self->_start;
    $self->_provider_saw;
    my $callback = $self->_approve($page);
    my $webhook  = $self->_webhook;
    $self->_back($callback);
    $self->_verified;
    $self->_forged($webhook);
    $self->_log($page);

    # what the app has printed meanwhile
    $demo->children->pump(0.1);
    say $self->steps, ' steps, all passed';
}

sub _login ($self) {
    my $user = $self->demo->user;
    $self->_is('GET /account without a login', $self->_site(ASKED)->{status}, 401);

    my $answer = $self->_site(ASKED, '-u', "$user:wrong");
    $self->_is('GET /account with a wrong password', $answer->{status}, 401);
}

# Not verified: a program is refused, a person is led on.
sub _gate ($self) {
    my $answer = $self->_site(ASKED, $self->_login_option);
    $self->_is('GET /account with it, by a program', $answer->{status}, 403);
    $self->_is('Content-Type', $answer->{headers}{'content-type'}, 'application/problem+json');
    $self->_is('the state in it', decode_json($answer->{body})->{state}, 'UNVERIFIED');

    $answer = $self->_site(ASKED, $self->_login_option, -d => 'amount=100');
    $self->_is('POST /account', $answer->{status}, 403);

    $answer = $self->_site(ASKED, $self->_browser);
    $self->_is('GET /account with it, by a browser', $answer->{status}, 302);
    $self->_is('it leads to', $answer->{headers}{location}, '/veriff/start?return=%2Faccount');
    $self->_is('the provider was asked', scalar $self->_created, 0);
}

sub _start ($self) {
    $self->_is('GET /veriff/start without a login', $self->_site('/veriff/start')->{status}, 401);
    $self->_is('the provider was asked', scalar $self->_created, 0);

    my $answer = $self->_site(
        '/veriff/start?return=%2Faccount', $self->_browser,
        -H => 'X-Veriff-User: mallory',
    );
    $self->_is('GET /veriff/start with it', $answer->{status}, 303);
    $self->_is('Cache-Control', $answer->{headers}{'cache-control'}, 'no-store');

    my $page = $answer->{headers}{location} // '';
    my $base = $self->demo->provider;
    $self->_ok('it leads to the provider\'s page', $page =~ m{\A\Q$base\E/v/[\w.-]+\z}, $page);

    $answer = $self->_site('/veriff/start', $self->_browser);
    $self->_ok('GET /veriff/start once more leads to the same page',
        ($answer->{headers}{location} // '') eq $page, $answer);
    return $page;
}

sub _provider_saw ($self) {
    my $demo    = $self->demo;
    my @created = $self->_created;
    $self->_is('POST /v1/sessions that the provider saw', scalar @created, 1);

    my ($post) = @created;
    my %header = map { lc $_->[0] => $_->[1] } @{ $post->{headers} };
    my $body   = decode_base64($post->{body_base64});

    $self->_is('it came over', $post->{scheme}, 'https');
    $self->_is('X-AUTH-CLIENT', $header{'x-auth-client'}, $demo->api_key);
    $self->_ok('X-HMAC-SIGNATURE is the HMAC of its body',
        $header{'x-hmac-signature'} eq hmac_sha256_hex($body, $demo->secret), $post);

    my @foreign = grep { exists $header{$_} } qw(authorization cookie x-veriff-user);
    $self->_ok('nothing of the client\'s came along: no Authorization, no Cookie',
        !@foreign, "@foreign");
    $self->_ok('nor did the name of the user', index($body, $demo->user) < 0, $body);
}

sub _approve ($self, $page) {
    my $answer = $self->_curl($page);
    $self->_is('GET the provider\'s page', $answer->{status}, 200);
    $self->_ok('it has a button Approve', $answer->{body} =~ /value="approve"/, $answer->{body});

    $answer = $self->_curl($page, -d => 'action=approve');
    $self->_is('POST Approve', $answer->{status}, 303);

    my $callback = $answer->{headers}{location} // '';
    $self->_is('it leads back to', $callback, $self->demo->callback);
    return $callback;
}

# The callback says nothing: who comes without the cookie is told nothing, and
# who comes with it gets where the user was when the webhook has come.
sub _back ($self, $callback) {
    my $answer = $self->_curl($callback);
    $self->_is('GET the callback, in another browser', $answer->{status}, 200);
    $self->_ok('it says nothing of the user',
        $answer->{body} !~ /verified|declined/i, $answer->{body});

    $answer = $self->_curl($callback, $self->_jar);
    $self->_is('GET the callback', $answer->{status}, 303);
    $self->_is('it leads to the page first asked for', $answer->{headers}{location}, ASKED);
}

sub _verified ($self) {
    my $user   = $self->demo->user;
    my $answer = $self->_site(ASKED, $self->_login_option);
    $self->_is('GET /account', $answer->{status}, 200);
    $self->_ok('the account page shows who is logged in',
        $answer->{body} =~ m{<strong id="user">\Q$user\E</strong>}, $answer->{body});

    $answer = $self->_site('/notifications', $self->_login_option);
    $self->_ok('the notifications page shows the webhook',
        $answer->{body} =~ /veriff: approved/, $answer->{body});

    my $other = $self->demo->users->[1];
    $answer = $self->_site(ASKED, -u => join ':', $other, $self->demo->password);
    $self->_is("GET /account as $other", $answer->{status}, 403);
}

# Returns the decision's webhook as the provider knows it.
sub _webhook ($self) {
    my $sent = $self->demo->children->wait_for(
        'the answer to the decision webhook',
        PATIENCE,
        sub {
            my ($decision) = grep { $_->{type} eq 'decision' } @{ $self->_control('webhooks') };
            return $decision && @{ $decision->{attempts} } && $decision;
        }
    );
    $self->_is('the answer to the decision webhook', $sent->{attempts}[0]{status}, 200);

    my @got = $self->_notifications;
    my ($got) = grep { $_->{body} eq $sent->{body} } @got;
    $self->_ok('the app has it, unchanged', $got, \@got);
    $self->_is('X-Veriff-Webhook', $got->{headers}{'x-veriff-webhook'}, 'ok');
    $self->_is('X-Veriff-User',    $got->{headers}{'x-veriff-user'},    $self->demo->user);
    return $sent;
}

# The webhook once more, with one byte changed.
sub _forged ($self, $webhook) {
    my $count = () = $self->_notifications;

    my $body = encode('UTF-8', $webhook->{body});
    $body =~ s/"approved"/"Approved"/;
    my @webhook = map { (-H => "$_->[0]: $_->[1]") } @{ $webhook->{headers} };
    my @claim   = (-H => 'X-Veriff-Webhook: ok', -H => 'X-Veriff-User: mallory');

    my $answer = $self->_curl($webhook->{url}, @webhook, '--data-binary' => $body);
    $self->_is('the same webhook with one byte changed', $answer->{status}, 401);

    $answer = $self->_curl($webhook->{url}, @webhook, @claim, '--data-binary' => $body);
    $self->_is('and if it says itself that it is ok', $answer->{status}, 401);

    $answer = $self->_curl($webhook->{url}, '--data-binary' => $webhook->{body});
    $self->_is('and without key and signature', $answer->{status}, 401);

    my $after = () = $self->_notifications;
    $self->_is('notifications that the app has more', $after - $count, 0);
}

sub _log ($self, $page) {
    my $demo = $self->demo;
    my ($token) = $page =~ m{([^/]+)\z};
    my %secret = (
        'the shared secret' => $demo->secret,
        'the password'      => encode_base64($demo->user . ':' . $demo->password, ''),
        'the session URL'   => $token,
    );
    my @logs = grep {-f} glob $demo->files->file('log/*');
    $self->_ok('nginx has an error log', scalar(grep {/error\.log\z/} @logs), "@logs");

    for my $log (@logs) {
        my $text  = path($log)->slurp;
        my @found = grep { index($text, $secret{$_}) >= 0 } sort keys %secret;
        my $name  = path($log)->basename;
        $self->_ok("no secret in nginx's $name", !@found, "@found");

        my @lines = grep {/\[(?:alert|crit|emerg)\]/} split /\n/, $text;
        $self->_ok("no alert in nginx's $name", !@lines, join "\n", @lines);
    }
}

# ---- looking ----

sub _created ($self) {
    return grep { $_->{method} eq 'POST' && $_->{path} eq '/v1/sessions' }
        @{ $self->_control('requests') };
}

sub _control ($self, $what) {
    return decode_json($self->_curl($self->demo->provider . "/_sandbox/$what")->{body});
}

# The app is asked itself, not through nginx.
sub _notifications ($self) {
    return @{ decode_json($self->_curl($self->demo->app . '/notifications.json')->{body}) };
}

sub _site ($self, $path, @options) { return $self->_curl($self->demo->site . $path, @options) }

sub _login_option ($self) { return ('-u', join ':', $self->demo->user, $self->demo->password) }

sub _jar ($self) {
    my $jar = $self->demo->files->file('curl.jar');
    return (-b => $jar, -c => $jar);
}

# What a browser sends when a person opens a page.
sub _browser ($self) {
    return (
        $self->_login_option, $self->_jar,
        -H => 'Accept: text/html',
        -H => 'Sec-Fetch-Mode: navigate',
        -H => 'Sec-Fetch-Dest: document',
    );
}

# {status, headers (the last of each name), body}
sub _curl ($self, $url, @options) {
    my $files = $self->demo->files;
    my ($head, $body) = map { $files->file("curl.$_") } qw(head body);
    my @command = (
        qw(curl --silent --show-error --noproxy * --max-time 20 --http1.1),
        '--cacert' => $files->file('etc/site.crt'),
        '-D'       => $head,
        '-o'       => $body,
        @options, $url,
    );
    path($_)->remove for $head, $body;

    open my $out, '-|', @command or die "curl: $!\n";
    my $said = do { local $/; <$out> };
    close $out or die "curl $url failed\n";

    my ($first, @lines) = split /\r?\n/, path($head)->slurp;
    return {
        status  => $first =~ m{\AHTTP/\S+ (\d+)} ? $1 : 0,
        headers => { map { /\A([^:]+):\s*(.*)\z/ ? (lc $1 => $2) : () } @lines },
        body    => -e $body ? path($body)->slurp : '',
    };
}

# ---- saying ----

sub _is ($self, $what, $got, $expected) {
    $got //= '(none)';
    return $self->_ok("$what: $expected", $got eq $expected, $got);
}

sub _ok ($self, $what, $ok, $got) {
    $self->steps($self->steps + 1);
    if ($ok) {
        say "ok    $what";
        return;
    }
    say "FAIL  $what";
    $got = encode_json($got) if ref $got;
    die "there was: $got\n";
}

1;
