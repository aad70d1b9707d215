package VeriffSession;

# For the suites about sessions.  A block that says nothing else has an
# integration "kyc", whose user is the header X-User, and these locations:
#
#   /start, /redirect, /json, /api    sessions, one of each format
#   /veriff-api/                      the signed location, to the sandbox
#   /seen                             what the sandbox has seen, as text
#
# The sandbox is reset before every block; --- init calls fault() for what it
# is to do wrong:
#
#     --- init
#     main::fault(signature => 'wrong');
#
# For blocks with a configuration of their own:
#   integration(text)   the http_config, with text inside of the integration
#   api(text)           the signed location, with text inside of it
#   sessions()          the four locations

use strict;
use warnings;

use Digest::SHA ();
use Exporter qw(import);
use JSON::PP ();
use MIME::Base64 ();
use Test::Nginx::Socket ();
use VeriffTest ();

our @EXPORT = qw(fault integration api sessions seen);


sub fault { VeriffTest::sandbox(POST => '/_sandbox/faults', { @_ }) }

sub integration {
    my ($more) = @_;

    $more //= '';
    $more = "user \$http_x_user trusted;\n    $more"
        if $more !~ /^\s*user\s/m;
    $more = "callback https://app.example.com/done;\n    $more"
        if $more !~ /\bcallback\b/;

    return <<"EOF_CONFIG";
veriff_key_file \$TEST_NGINX_KEYS/key;

veriff_integration kyc {
    api_key_file \$TEST_NGINX_KEYS/api_key;
    shared_secret_file \$TEST_NGINX_KEYS/shared_secret;
    url_hosts .veriff.com .veriff.me 127.0.0.1;
    $more
}
EOF_CONFIG
}

sub api {
    my ($more, $name) = @_;

    $more //= '';
    $name //= 'kyc';

    return <<"EOF_CONFIG";
location /veriff-api/ {
    internal;
    veriff_sign $name insecure_tls;
    rewrite ^/veriff-api/(.*)\$ /\$1 break;
    proxy_pass http://127.0.0.1:\$TEST_NGINX_SANDBOX_HTTP_PORT;
    proxy_ignore_client_abort on;
    proxy_ignore_headers X-Accel-Redirect X-Accel-Expires X-Accel-Limit-Rate
                         X-Accel-Buffering X-Accel-Charset;
    proxy_buffer_size 32k;
    proxy_buffers 8 32k;
    $more
}
EOF_CONFIG
}

sub sessions {
    return <<'EOF_CONFIG';
location = /start { veriff_session kyc; }
location = /redirect { veriff_session kyc format=redirect; }
location = /json { veriff_session kyc format=json; }
location = /api { veriff_session kyc format=api; }

location = /seen {
    proxy_pass http://127.0.0.1:$TEST_NGINX_SANDBOX_HTTP_PORT/_sandbox/requests;
}
EOF_CONFIG
}


# ---- what the sandbox has seen ---------------------------------------------

sub _header {
    my ($name, $value, $request) = @_;

    my $body = $request->{body};

    my %right = (
        'x-auth-client'    => VeriffTest::api_key(),
        'x-hmac-signature' => VeriffTest::hmac(VeriffTest::shared_secret(),
                                               $body),
        'content-length'   => length $body,
    );

    if (exists $right{$name}) {
        $value = $value eq $right{$name} ? 'right' : 'wrong';
    }

    $value =~ s/^127\.0\.0\.1:\d+$/the sandbox/ if $name eq 'host';

    return "$name: $value\n";
}

# Test::Nginx puts it between the answer and what is expected of it: a list
# of requests becomes text, everything else stays as it is.  "Connection" is
# a matter of nginx's version.
sub seen {
    my ($content) = @_;

    my $requests = $content =~ /^\[/
                   && eval { local $SIG{__DIE__};
                             JSON::PP::decode_json($content) };

    return $content if !$requests;

    my $text = '';

    for my $request (@$requests) {
        $request->{body} = MIME::Base64::decode_base64($request->{body_base64});

        my @headers = map { [lc $_->[0], $_->[1]] } @{ $request->{headers} };

        $text .= "$request->{method} $request->{path}\n";
        $text .= join '', map { _header(@$_, $request) }
                          sort { $a->[0] cmp $b->[0] }
                          grep { $_->[0] ne 'connection' } @headers;
        $text .= "\n$request->{body}\n" if $request->{body} ne '';
    }

    return $text eq '' ? "nothing\n" : $text;
}

sub _before_block {
    my ($block) = @_;

    VeriffTest::sandbox(POST => '/_sandbox/reset');

    $block->set_value('http_config', integration())
        if !defined $block->http_config;
    $block->set_value('config', api() . sessions())
        if !defined $block->config;
    $block->set_value('response_body_filters', \&seen)
        if !defined $block->response_body_filters;
}

# a block of several requests looks for its message in all of the log
Test::Nginx::Util::check_accum_error_log();

Test::Nginx::Util::add_block_preprocessor(\&_before_block);

1;
