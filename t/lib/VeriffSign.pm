package VeriffSign;

# What the suites about signed locations share, besides VeriffTest: defaults
# of their blocks.
#
# http_config (prepended to a block's own): the integrations "kyc" and "lax"
# (response_signature optional, with an integration_id), and a server on
# $TEST_NGINX_RAND_PORT_1 that answers with what it saw, see seen().
#
# config, if the block has none: signed locations
#   /veriff-api/    to the sandbox, paths as the examples have them
#   /_sandbox/      not signed: the sandbox's control API
#   /v1/            to the sandbox, the URI as it came
#   /seen/          to the server that answers with what it saw
#   /raw/           to $TEST_NGINX_RAND_PORT_2, for tcp_listen

use strict;
use warnings;

use Exporter qw(import);
use Test::Nginx::Socket ();
use VeriffTest ();

BEGIN {
    *api_key = \&VeriffTest::api_key;
    *shared_secret = \&VeriffTest::shared_secret;
    *hmac = \&VeriffTest::hmac;
    *key_file = \&VeriffTest::key_file;
    *canary = \&VeriffTest::canary;
}

our @EXPORT = qw(
    seen json_answer raw_answer fault uuid big how_much
    api_key shared_secret hmac key_file canary
);

# "eval" sections are run there
{
    no strict 'refs';
    *{"Test::Base::Filter::$_"} = \&$_ for @EXPORT;
}

my $uuid = 'aea9ba6d-1b47-47fc-a4fc-f72b6d3584a7';

# The id that the blocks use; the sandbox has no such session.
sub uuid { $uuid }

# What the server says that saw "METHOD /path" with that signature.
sub seen {
    my ($line, $signature, %more) = @_;

    return "$line\n"
           . 'x ' . ($more{vrf} ? '' : api_key) . ' '
           . ($more{vrf} ? '' : $signature) . "\n"
           . 'vrf ' . ($more{vrf} ? api_key : '') . ' '
           . ($more{vrf} ? $signature : '') . "\n"
           . 'id ' . ($more{id} // '') . "\n"
           . 'client ' . ($more{client} // '') . "\n";
}

# An answer of the provider: its body, its header lines for the body.
sub json_answer {
    my ($body, %more) = @_;

    my $signature = $more{signature} // hmac(shared_secret, $body);

    return raw_answer(
        $more{status} // '200 OK',
        'Content-Type: ' . ($more{type} // 'application/json') . "\r\n"
        . ($more{length} // 'Content-Length: ' . length($body)) . "\r\n"
        . ($more{key} // 'X-Auth-Client: ' . api_key) . "\r\n"
        . ($signature eq '' ? '' : "X-HMAC-Signature: $signature\r\n")
        . ($more{headers} // ''),
        $body
    );
}

sub raw_answer {
    my ($status, $headers, $body) = @_;

    $headers =~ s/(?:\r\n)+/\r\n/g;
    $headers =~ s/^\r\n//;

    return "HTTP/1.1 $status\r\nConnection: close\r\n$headers\r\n$body";
}

# A request that makes the sandbox's next answers faulty.
sub fault {
    my ($json) = @_;

    return "POST /_sandbox/faults\n$json";
}

# Bytes of which no two parts are the same.
sub big {
    my ($size) = @_;

    my $n = 0;
    my $bytes = '';

    $bytes .= join '', map { sprintf '%08x', $n++ } 1 .. 10000
        while length $bytes < $size;

    return substr $bytes, 0, $size;
}

# Whether a body is big($size), its beginning, or something else.
sub how_much {
    my ($body, $size) = @_;

    my $whole = big($size);

    return 'intact' if $body eq $whole;
    return 'cut' if length $body < $size
                    && $body eq substr $whole, 0, length $body;
    return 'something else, ' . length($body) . ' bytes';
}

my $http_config = <<'END';
    veriff_integration kyc {
        api_key_file        $TEST_NGINX_KEYS/api_key;
        shared_secret_file  $TEST_NGINX_KEYS/shared_secret;
    }

    veriff_integration lax {
        api_key_file        $TEST_NGINX_KEYS/api_key;
        shared_secret_file  $TEST_NGINX_KEYS/shared_secret;
        api_uri             /lax;
        integration_id      2e4f7a10-3c52-4d8b-9f61-52a0c7d1e9b3;
        response_signature  optional;
    }

    veriff_integration seen {
        api_key_file        $TEST_NGINX_KEYS/api_key;
        shared_secret_file  $TEST_NGINX_KEYS/shared_secret;
        api_uri             /seen;
        response_signature  optional;
    }

    client_max_body_size 40m;
    proxy_ignore_client_abort on;

    map "$http_cookie$http_authorization$http_accept_encoding$http_range$http_if_none_match$http_if_modified_since$http_upgrade$http_x_signature$http_x_veriff_state" $client {
        volatile;
        default $http_cookie$http_authorization$http_accept_encoding$http_range$http_if_none_match$http_if_modified_since$http_upgrade$http_x_signature$http_x_veriff_state;
    }

    server {
        listen $TEST_NGINX_RAND_PORT_1;
        underscores_in_headers on;

        location / {
            default_type text/plain;
            return 200 "$request_method $request_uri\nx $http_x_auth_client $http_x_hmac_signature\nvrf $http_vrf_auth_client $http_vrf_hmac_signature\nid $http_vrf_integration_id\nclient $client\n";
        }

        location /app/ {
            default_type text/plain;
            return 200 "key $http_x_auth_client sig $http_x_hmac_signature cookie $http_cookie auth $http_authorization\n";
        }
    }
END

my $config = <<'END';
    location /veriff-api/ {
        veriff_sign  kyc insecure_tls;
        rewrite      ^/veriff-api/(.*)$ /$1 break;
        proxy_pass   http://127.0.0.1:$TEST_NGINX_SANDBOX_HTTP_PORT;
    }

    location /_sandbox/ {
        proxy_pass   http://127.0.0.1:$TEST_NGINX_SANDBOX_HTTP_PORT;
    }

    location /v1/ {
        veriff_sign  kyc insecure_tls;
        proxy_pass   http://127.0.0.1:$TEST_NGINX_SANDBOX_HTTP_PORT;
    }

    location /seen/ {
        veriff_sign  seen insecure_tls;
        rewrite      ^/seen/(.*)$ /$1 break;
        proxy_pass   http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }

    location /raw/ {
        veriff_sign  kyc insecure_tls;
        rewrite      ^/raw/(.*)$ /$1 break;
        proxy_pass   http://127.0.0.1:$TEST_NGINX_RAND_PORT_2;
    }
END

Test::Nginx::Socket::add_block_preprocessor(sub {
    my ($block) = @_;

    return if defined $block->must_die;

    $block->set_value(http_config => $http_config
                                     . ($block->http_config // ''));
    $block->set_value(config => $config) if !defined $block->config;
});

1;
