# Where nothing in the configuration asks what a webhook says, Lua still may:
# variables that it looks up by name are read then, of a valid webhook, from
# the bytes that were signed and no others.

use lib 't/lib';
use VeriffTest;
use VeriffWebhook;
use Test::More;

load_modules(qw(ndk lua veriff));
start_app();

my $small = '{"verification":{"id":"abc-1","status":"approved",'
            . '"vendorData":"vd-1"}}';
(my $large = $small) =~ s/}}/'},"a":"' . join('', 1 .. 10_000) . '"}'/e;

my $told = 'decision,abc-1,approved,vd-1,';

sub says_of {
    my (%o) = @_;

    my $answer = exchange(webhook(%o));
    my $says = header_of($answer, 'X-Says') // 'none';

    return status_of($answer) . " $says";
}

sub says {
    my ($other) = @_;

    for my $body ($small, $large) {
        my $n = length $body;

        is(says_of(body => $body), "200 $told", "$n bytes");
        is(says_of(body => $body, chunked => 900), "200 $told",
           "$n bytes, chunked");
        is(join(' ', map { $_->{body} eq $body } app_seen()), '1 1',
           "$n bytes: byte for byte");

        my %refused = (forged => [401, secret => 'x'], key => [401, key => 'x'],
                       method => [405, method => 'PUT']);

        for my $what (sort keys %refused) {
            my ($status, @o) = @{ $refused{$what} };

            is(says_of(body => $body, @o), "$status ,,,,", "$n bytes, $what");
        }

        is(scalar(app_seen()), 0, "$n bytes, refused: not seen");
    }

    for my $body ('', '[]', '{"sessionId":"1","sessionId":"2"}', "{}\0") {
        is(says_of(body => $body), '200 unknown,,,,', "no JSON: $body");
        is((app_seen())[0]{body}, $body, "no JSON, passed on: $body");
    }
}

on_block($_ => \&says) for 1, 2, 3;

on_block(4 => sub {
    is(says_of(body => $small), '200 unknown,,,,', 'nothing of the other one');
    is(says_of(body => $small, headers => ['X-First: 1']), "200 $told",
       'read before');
});

on_block(5 => sub {
    is(says_of(body => $small), '200 ,,,,', 'nothing');
    is((app_seen())[0]{body}, $small, 'the app sees it');
});

on_block(6 => sub {
    exchange(webhook(body => $_)) for $small, $large, '[]';
    exchange(webhook(body => $small, secret => 'x'));
});

on_block(7 => sub {
    is(says_of(body => $small, secret => 'x'), '200 ,,,,', 'a forged one');
    is(says_of(body => $small), "200 $told", 'a valid one');
});

$ENV{TEST_NGINX_PLAIN} = <<"END_OF_TEXT";
    veriff_integration kyc {
        api_key_file        $ENV{TEST_NGINX_KEYS}/api_key;
        shared_secret_file  $ENV{TEST_NGINX_KEYS}/shared_secret;
    }
    init_by_lua_block {
        function says()
            local v, text = ngx.var, ""
            for _, name in ipairs({"type", "session_id", "status",
                                   "vendor_data", "user"})
            do
                text = text .. (v["veriff_webhook_" .. name] or "") .. ","
            end
            return text:sub(1, -2)
        end
    }
END_OF_TEXT

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value('http_config', '$TEST_NGINX_PLAIN');
    $block->set_value('request', 'GET /ready');
    $block->set_value('response_body', "ready\n");
});

run_tests();

__DATA__

=== TEST 1: when the app has answered
--- config
    $TEST_NGINX_READY
    location = /hook {
        veriff_webhook kyc;
        proxy_pass $TEST_NGINX_APP;
        header_filter_by_lua_block {
            ngx.header["X-Says"] = says()
        }
    }



=== TEST 2: in files, the app unbuffered
--- config
    $TEST_NGINX_READY
    location = /hook {
        client_body_in_file_only clean;
        proxy_request_buffering off;
        veriff_webhook kyc;
        proxy_pass $TEST_NGINX_APP;
        header_filter_by_lua_block {
            ngx.header["X-Says"] = says()
        }
    }



=== TEST 3: after Lua has read the body into a file
--- config
    $TEST_NGINX_READY
    location = /hook {
        client_body_buffer_size 1k;
        access_by_lua_block {
            ngx.req.read_body()
        }
        veriff_webhook kyc;
        proxy_pass $TEST_NGINX_APP;
        header_filter_by_lua_block {
            ngx.header["X-Says"] = says()
        }
    }



=== TEST 4: Lua has set another body since
--- config
    $TEST_NGINX_READY
    location = /hook {
        veriff_webhook kyc;
        content_by_lua_block {
            if ngx.var.http_x_first then
                says()
            end
            local other = '{"verification":{"id":"evil"'
            other = other .. (" "):rep(#ngx.req.get_body_data() - #other - 2)
            ngx.req.set_body_data(other .. "}}")
            ngx.header["X-Says"] = says()
            ngx.say("lua")
        }
    }



=== TEST 5: asked before it was checked
--- config
    $TEST_NGINX_READY
    location = /hook {
        veriff_webhook kyc;
        access_by_lua_block {
            ngx.ctx.says = says()
        }
        proxy_pass $TEST_NGINX_APP;
        header_filter_by_lua_block {
            ngx.header["X-Says"] = ngx.ctx.says
        }
    }



=== TEST 6: in the log phase
--- config
    $TEST_NGINX_READY
    location = /hook {
        veriff_webhook kyc;
        proxy_pass $TEST_NGINX_APP;
        log_by_lua_block {
            ngx.log(ngx.WARN, "says [", ngx.var.veriff_webhook, ",",
                    says(), "]")
        }
    }
--- grep_error_log eval
qr/says \[.*?\]/
--- grep_error_log_out
says [ok,decision,abc-1,approved,vd-1,]
says [ok,decision,abc-1,approved,vd-1,]
says [ok,unknown,,,,]
says [bad_signature,,,,,]



=== TEST 7: report mode
--- config
    $TEST_NGINX_READY
    location = /hook {
        veriff_webhook kyc report;
        proxy_pass $TEST_NGINX_APP;
        header_filter_by_lua_block {
            ngx.header["X-Says"] = says()
        }
    }
