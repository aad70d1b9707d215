# Lua reads, changes or throws away the body before the webhook is checked;
# whichever module is loaded first.

use lib 't/lib';
use VeriffTest;
use VeriffWebhook;
use Test::More;

load_modules(qw(ndk lua veriff));
start_app();

my $small = '{"verification":{"id":"abc-1","status":"approved"}}';
my $large = '{"a":"' . join('', 1 .. 10_000) . '"}';

sub good_and_forged {
    for my $body ($small, $large) {
        (my $changed = $body) =~ s/..$/ $&/;
        my $n = length $body;

        check_accepted("$n bytes", body => $body);
        check_accepted("$n bytes, chunked", body => $body, chunked => 1000);
        check_refused("$n bytes, forged", 401, body => $body, secret => 'x');
        check_refused("$n bytes, changed", 401, body => $changed,
                      signature => hmac(shared_secret(), $body));
        check_refused("$n bytes, the HMAC of nothing", 401, body => $body,
                      signature => hmac(shared_secret(), ''));
    }
}

sub none_pass {
    for my $body ($small, $large) {
        my $n = length $body;

        check_refused("$n bytes", 401, body => $body);
        check_refused("$n bytes, forged", 401, body => $body, secret => 'x');

        my $answer = exchange(webhook(body => $body,
                                signature => hmac(shared_secret(), '')));
        isnt(status_of($answer), 200, "$n bytes, the HMAC of nothing");
        is(scalar(app_seen()), 0, 'the app sees nothing');
    }
}

on_block($_ => \&good_and_forged) for 1 .. 4;
on_block($_ => \&none_pass) for 5 .. 8;

on_block(9 => sub {
    check_refused('a good one, changed by Lua', 401, body => $small);

    my $answer = exchange(webhook(body => 'anything',
                            signature => hmac(shared_secret(), '{"a":1}')));
    is(status_of($answer), 200, 'what counts is what the app gets');
    is((app_seen())[0]{body}, '{"a":1}', 'and that is what was checked');
});

on_block(10 => sub {
    my $answer = exchange("GET /capture HTTP/1.1\r\nHost: localhost\r\n"
        . 'X-AUTH-CLIENT: ' . api_key() . "\r\nX-HMAC-SIGNATURE: "
        . hmac(shared_secret(), '{"a":1}') . "\r\nConnection: close\r\n\r\n");

    like(content_of($answer), qr/^403\b/m, 'no webhook by subrequest');
    is(scalar(app_seen()), 0, 'the app sees nothing');
});

on_block(11 => sub {
    for my $header ('If-None-Match: "1"', 'If-Match: "2"') {
        my $answer = exchange(webhook(headers => [$header]));
        is(status_of($answer), 200, "$header: answered 200");
        like(content_of($answer), qr/lua/, "$header: with its body");
    }
});

run_tests();

__DATA__

=== TEST 1: Lua has read the body
--- http_config
$TEST_NGINX_INTEGRATION
--- config
    $TEST_NGINX_READY
    location = /hook {
        access_by_lua_block {
            ngx.req.read_body()
        }
        veriff_webhook kyc;
        proxy_pass $TEST_NGINX_APP;
    }
--- request
    GET /ready
--- response_body
ready



=== TEST 2: Lua has read the body into a file
--- http_config
$TEST_NGINX_INTEGRATION
--- config
    $TEST_NGINX_READY
    location = /hook {
        client_body_buffer_size 1k;
        access_by_lua_block {
            ngx.req.read_body()
        }
        veriff_webhook kyc;
        proxy_pass $TEST_NGINX_APP;
    }
--- request
    GET /ready
--- response_body
ready



=== TEST 3: Lua has read the body, and is loaded after
--- load_modules: veriff ndk lua
--- http_config
$TEST_NGINX_INTEGRATION
--- config
    $TEST_NGINX_READY
    location = /hook {
        client_body_in_file_only clean;
        access_by_lua_block {
            ngx.req.read_body()
        }
        veriff_webhook kyc;
        proxy_pass $TEST_NGINX_APP;
    }
--- request
    GET /ready
--- response_body
ready



=== TEST 4: Lua has set the body that it read
--- http_config
$TEST_NGINX_INTEGRATION
--- config
    $TEST_NGINX_READY
    location = /hook {
        client_body_buffer_size 100k;
        access_by_lua_block {
            ngx.req.read_body()
            local body = ngx.req.get_body_data()
            if body then
                ngx.req.set_body_data(body)
            end
        }
        veriff_webhook kyc;
        proxy_pass $TEST_NGINX_APP;
    }
--- request
    GET /ready
--- response_body
ready



=== TEST 5: Lua has thrown the body away
--- http_config
$TEST_NGINX_INTEGRATION
--- config
    $TEST_NGINX_READY
    location = /hook {
        access_by_lua_block {
            ngx.req.discard_body()
        }
        veriff_webhook kyc;
        proxy_pass $TEST_NGINX_APP;
    }
--- request
    GET /ready
--- response_body
ready



=== TEST 6: Lua has taken the connection
--- http_config
$TEST_NGINX_INTEGRATION
--- config
    $TEST_NGINX_READY
    location = /hook {
        access_by_lua_block {
            ngx.req.socket()
        }
        veriff_webhook kyc;
        proxy_pass $TEST_NGINX_APP;
    }
--- request
    GET /ready
--- response_body
ready



=== TEST 7: Lua has read from the connection
--- http_config
$TEST_NGINX_INTEGRATION
--- config
    $TEST_NGINX_READY
    location = /hook {
        access_by_lua_block {
            local socket = ngx.req.socket()
            if socket then
                socket:receive(10)
            end
        }
        veriff_webhook kyc;
        proxy_pass $TEST_NGINX_APP;
    }
--- request
    GET /ready
--- response_body
ready



=== TEST 8: Lua has taken the connection, and is loaded after
--- load_modules: veriff ndk lua
--- http_config
$TEST_NGINX_INTEGRATION
--- config
    $TEST_NGINX_READY
    location = /hook {
        access_by_lua_block {
            ngx.req.socket()
        }
        veriff_webhook kyc;
        proxy_pass $TEST_NGINX_APP;
    }
--- request
    GET /ready
--- response_body
ready



=== TEST 9: Lua has changed the body
--- http_config
$TEST_NGINX_INTEGRATION
--- config
    $TEST_NGINX_READY
    location = /hook {
        access_by_lua_block {
            ngx.req.read_body()
            ngx.req.set_body_data('{"a":1}')
        }
        veriff_webhook kyc;
        proxy_pass $TEST_NGINX_APP;
    }
--- request
    GET /ready
--- response_body
ready



=== TEST 10: a subrequest of Lua
--- http_config
$TEST_NGINX_INTEGRATION
--- config
    $TEST_NGINX_READY
    location = /hook {
        veriff_webhook kyc;
        proxy_pass $TEST_NGINX_APP;
    }
    location = /capture {
        content_by_lua_block {
            local answer = ngx.location.capture("/hook", {
                method = ngx.HTTP_POST, body = '{"a":1}'
            })
            ngx.say(answer.status)
        }
    }
--- request
    GET /ready
--- response_body
ready



=== TEST 11: conditions, where Lua is the application
--- http_config
$TEST_NGINX_INTEGRATION
--- config
    $TEST_NGINX_READY
    location = /hook {
        veriff_webhook kyc;
        content_by_lua_block {
            ngx.header["ETag"] = '"1"'
            ngx.say("lua")
        }
    }
--- request
    GET /ready
--- response_body
ready
