package VeriffConf;

# For the suites on what "nginx -t" says of a configuration.  Their blocks
# make the files that are read, so that the lines in messages are known:
#
#     === TEST 1: what is wrong
#     --- user_files
#     >>> http.conf
#     veriff_integration kyc {
#         api_key_file missing;
#     }
#     --- must_die
#     --- error_log eval: ::emerg('"*/missing" is ...', 'http.conf:2')
#
# http.conf is included in http, server.conf in its server; without an
# http.conf of its own, a block has the integration "kyc" of kyc.conf.  A
# block that need not die is one whose nginx answers.
#
# In $TEST_NGINX_KEYS, besides the keys:
#   pair.conf   api_key_file and shared_secret_file
#   kyc.conf    veriff_key_file and the integration "kyc"
#   tls.conf    what a signed location needs, but proxy_pass and "internal"
#   api.conf    the signed location of "kyc"
#   basic.conf  auth_basic with its user file

use strict;
use warnings;

use VeriffTest;

my $dir = $ENV{TEST_NGINX_KEYS};

sub _message {
    my ($level, $text, $place) = @_;

    my $pattern = join '\S*', map { quotemeta } split /\*/, $text, -1;
    $pattern .= ' in \S*/' . quotemeta $place if defined $place;

    return qr/\[$level\] \d+#\d+: $pattern$/;
}

# A whole line of the error log; "*" is anything without a space.
sub main::emerg { _message('emerg', @_) }
sub main::warning { _message('warn', @_) }

sub _complete {
    my ($block) = @_;

    my $files = $block->user_files // '';

    my $http = $files =~ /^>>> http\.conf$/m ? '../html/http.conf'
                                             : "$dir/kyc.conf";
    my $server = $files =~ /^>>> server\.conf$/m
                 ? "include ../html/server.conf;" : '';

    $block->set_value(http_config => "include $http;\n");
    $block->set_value(config => "$server\nlocation = /t { return 204; }\n");

    # warnings are in the error log, too
    $block->set_value(suppress_stderr => '');

    return if defined $block->must_die || defined $block->request;

    $block->set_value(request => 'GET /t');
    $block->set_value(error_code => 204);
}

sub _certificate {
    my @options = qw(-x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes
                     -subj /CN=localhost -days 2);

    system("openssl req @options -keyout $dir/cert.key -out $dir/cert.pem"
           . ' 2>/dev/null') == 0 or die "openssl req: $?";
}

_certificate();
key_file('htpasswd', "alice:{PLAIN}alice\n", 0644);

key_file('pair.conf', <<"END");
api_key_file        $dir/api_key;
shared_secret_file  $dir/shared_secret;
END

key_file('kyc.conf', <<"END");
veriff_key_file  $dir/key;
veriff_integration kyc {
    include  $dir/pair.conf;
    user     \$remote_user;
}
END

key_file('tls.conf', <<"END");
proxy_ssl_verify               on;
proxy_ssl_server_name          on;
proxy_ssl_trusted_certificate  $dir/cert.pem;
proxy_ignore_client_abort      on;
END

key_file('api.conf', <<"END");
location /veriff-api/ {
    internal;
    veriff_sign  kyc;
    rewrite      ^/veriff-api/(.*)\$ /\$1 break;
    proxy_pass   https://127.0.0.1:1;
    include      $dir/tls.conf;
}
END

key_file('basic.conf', <<"END");
auth_basic            "app";
auth_basic_user_file  $dir/htpasswd;
END

add_block_preprocessor(\&_complete);

1;
