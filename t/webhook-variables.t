# The variables of a webhook, for every type, in access_log, map and
# proxy_set_header.

use lib 't/lib';
use VeriffTest;
use VeriffWebhook;
use Test::More;

start_app();

my $common = '"attemptId":"at-1","vendorData":"vd-1","endUserId":null';

# type, session id, status, vendorData, body
my @types = (
    ['decision', 's-1', 'approved', 'vd-1', qq({"status":"success",
     "verification":{"id":"s-1",$common,"status":"approved","code":9001}})],
    ['event', 's-1', 'started', 'vd-1',
     qq({"id":"s-1",$common,"feature":"selfid","code":7001,)
     . '"action":"started"}'],
    ['watchlist', 's-1', 'possible_match', 'vd-1',
     qq({"checkType":"initial_result","sessionId":"s-1",$common,)
     . '"matchStatus":"possible_match"}'],
    ['user_status', 's-1', 'VIP', 'vd-1', qq({"eventType":
     "user-status.created","sessionId":"s-1",$common,"data":{"verification":
     {"id":"at-1","userDefinedData":{"status":"VIP"}}}})],
    ['full_auto', 's-1', 'approved', 'vd-1', qq({"eventType":"fullauto",
     "sessionId":"s-1",$common,"data":{"verification":{"decision":
     "approved"}}})],
    ['full_auto', 's-1', 'declined', 'vd-1', qq({"eventType":"fullauto",
     "sessionId":"s-1",$common,"data":{"verification":{"decision":
     {"value":"declined"}}}})],
    ['ine', 's-1', 'found', 'vd-1', qq({"eventType":"ine_registry",
     "sessionId":"s-1",$common,"data":{"status":"found","code":200}})],
    ['curp', 's-1', 'found', 'vd-1', qq({"type":"curp_registry","id":"s-1",
     "vendorData":"vd-1","data":{"attemptId":"at-1","status":"found"}})],
    ['ine_curp', 's-1', 'found', 'vd-1', qq({"eventType":
     "combined-ine-curp-registry","sessionId":"s-1",$common,
     "data":{"status":"found"}})],
    ['address', 's-1', '', 'vd-1',
     qq({"id":"s-1",$common,"addressId":"ad-1","code":7005})],
    ['unknown', 's-1', '', 'vd-1', qq({"sessionId":"s-1",$common})],
    ['unknown', '', '', '', '{}'],
    ['decision', '', '', '', '{"verification":null}'],
    ['decision', '', 'approved', '',
     '{"verification":{"id":"../1","status":"approved","vendorData":7}}'],
    ['decision', 's-1', 'approved', "\xc3\xa4 b",
     '{"verification":{"id":"s-1","status":"approved","vendorData":'
     . '"\u00e4 b"}}'],
    ['decision', 's-1', '', '', '{"verification":{"id":"s-1","status":"a\u007f'
     . 'b","vendorData":"a\r\nX-Evil: 1"}}'],
);

sub vars_of {
    my ($head) = @_;

    return join '|', map {
        $head =~ /^X-V-$_: (.*?)\r$/m ? $1 : ''
    } qw(Reason Type Session Status Vendor User);
}

on_block(1 => sub {
    for my $type (@types) {
        my ($name, $session, $status, $vendor, $body) = @$type;

        my $seen = check_accepted($name, body => $body);

        is(vars_of($seen->{head}), "ok|$name|$session|$status|$vendor|",
           "$name: variables");
        is($seen->{head} =~ /^X-V-Map: (.*?)\r$/m ? $1 : '',
           $status eq 'approved' ? 'yes' : 'no', "$name: in a map");
        unlike($seen->{head}, qr/^X-Evil/m, "$name: one header each");
    }
});

on_block(2 => sub {
    exchange(webhook(body => $types[0][4]));
    exchange(webhook(body => $types[0][4], secret => 'x'));
    exchange(webhook(body => '[]'));
    exchange(webhook(body => $types[1][4], headers => ['X-App: accel /in']));
    app_seen();

    my $socket = connect_nginx();
    syswrite $socket, webhook(announced => 9000);
    shutdown $socket, 1;
    read_all($socket);
});

on_block(3 => sub {
    exchange(webhook(body => $types[0][4], secret => 'x'));
    my ($seen) = app_seen();

    is(vars_of($seen->{head}), 'bad_signature|||||', 'of an invalid one');
});

$ENV{TEST_NGINX_VARIABLES} = <<'END_OF_TEXT';
        proxy_set_header X-V-Reason $veriff_webhook;
        proxy_set_header X-V-Type $veriff_webhook_type;
        proxy_set_header X-V-Session $veriff_webhook_session_id;
        proxy_set_header X-V-Status $veriff_webhook_status;
        proxy_set_header X-V-Vendor $veriff_webhook_vendor_data;
        proxy_set_header X-V-User $veriff_webhook_user;
        proxy_set_header X-V-Map $approved;
END_OF_TEXT

$ENV{TEST_NGINX_MAP} = <<'END_OF_TEXT';
    map $veriff_webhook_type:$veriff_webhook_status $approved {
        ~^(decision|full_auto):approved$ yes;
        default no;
    }
    log_format hook "[$status|$veriff_webhook|$veriff_webhook_type"
                    "|$veriff_webhook_session_id|$veriff_webhook_status"
                    "|$veriff_webhook_vendor_data]";
END_OF_TEXT

run_tests();

__DATA__

=== TEST 1: every type
--- http_config
$TEST_NGINX_INTEGRATION
$TEST_NGINX_MAP
--- config
    $TEST_NGINX_READY
    location = /hook {
        veriff_webhook kyc;
$TEST_NGINX_VARIABLES
        proxy_pass $TEST_NGINX_APP;
    }
--- request
    GET /ready
--- response_body
ready



=== TEST 2: in the access log
--- http_config
$TEST_NGINX_INTEGRATION
$TEST_NGINX_MAP
--- config
    $TEST_NGINX_READY
    location = /hook {
        access_log logs/error.log hook;
        veriff_webhook kyc;
        proxy_pass $TEST_NGINX_APP;
    }
    location = /in {
        internal;
        access_log logs/error.log hook;
        return 200;
    }
--- request
    GET /ready
--- response_body
ready
--- grep_error_log eval
qr/^\[\d+\|.*\|.*\]$/m
--- grep_error_log_out
[200|ok|decision|s-1|approved|vd-1]
[401|bad_signature|-|||]
[400|malformed_json|-|||]
[200|ok|event|s-1|started|vd-1]
[400|incomplete_body|-|||]



=== TEST 3: in report mode
--- http_config
$TEST_NGINX_INTEGRATION
$TEST_NGINX_MAP
--- config
    $TEST_NGINX_READY
    location = /hook {
        veriff_webhook kyc report;
$TEST_NGINX_VARIABLES
        proxy_pass $TEST_NGINX_APP;
    }
--- request
    GET /ready
--- response_body
ready



=== TEST 4: elsewhere they are empty
--- http_config
$TEST_NGINX_INTEGRATION
--- config
    location = /t {
        return 200 "[$veriff_webhook$veriff_webhook_type$veriff_webhook_user]";
    }
--- request
    GET /t
--- response_body: []
