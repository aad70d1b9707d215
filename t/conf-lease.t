# How long a user waits for whoever creates a session is a matter of the
# signed location's timeouts: nginx -t warns when it is too long.

use lib 't/lib';
use VeriffTest;
use VeriffConf;

sub server {
    my ($more, $host) = @_;

    $host //= '127.0.0.1:1';

    return <<"END";
>>> server.conf
location /veriff-api/ {
    internal;
    veriff_sign  kyc;
    include      \$TEST_NGINX_KEYS/tls.conf;
    $more
    rewrite      ^/veriff-api/(.*)\$ /\$1 break;
    proxy_pass   https://$host;
}
location = /start {
    veriff_session  kyc;
    include         \$TEST_NGINX_KEYS/basic.conf;
}
END
}

sub too_long {
    my ($seconds) = @_;

    return ::warning(qq{"veriff_sign kyc" may keep a user waiting for $seconds}
                     . ' seconds for a session, set shorter'
                     . ' "proxy_connect_timeout", "proxy_send_timeout" and'
                     . ' "proxy_read_timeout"', 'server.conf:3');
}

run_tests();

__DATA__

=== TEST 1: nginx's own timeouts
--- user_files eval
main::server('')
--- no_error_log
[warn]



=== TEST 2: five minutes
--- user_files eval
main::server('proxy_read_timeout 110s;')
--- no_error_log
[warn]



=== TEST 3: and a second
--- user_files eval
main::server('proxy_read_timeout 111s;')
--- error_log eval: main::too_long(301)



=== TEST 4: several servers are tried
--- user_files eval
main::server('proxy_next_upstream_tries 3;')
--- error_log eval: main::too_long(490)



=== TEST 5: none but one is tried
--- user_files eval
main::server('proxy_next_upstream off; proxy_next_upstream_tries 3;')
--- no_error_log
[warn]



=== TEST 6: a host that is looked up first
--- user_files eval
main::server('proxy_read_timeout 110s; resolver 127.0.0.1;
    resolver_timeout 2s; set $host_name example.com;', '$host_name')
--- error_log eval: main::too_long(302)



=== TEST 7: settings of the server
--- user_files eval
main::server('') . 'proxy_connect_timeout 200s;'
--- error_log eval: main::too_long(530)
