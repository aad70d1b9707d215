package BenchPlaces;

# The nginx that are measured, and what they are asked:
#
#   plain    without any module: /page, /hook, /start and /v1/ are proxied,
#            /auth after an auth_request to a proxied check, /auth_said after
#            one that answers with a body, /told with the three headers that
#            a gate adds
#   check    the module without a store: /hook and /v1/
#   read     the same with metrics, which count webhooks by type: /hook
#   store    the module with users: /gate, /hook, /start, and /page ungated
#   njs, lua Debian's modules: /hook; /hook_json, where the body must be JSON

use strict;
use warnings;

use Bench;
use Digest::SHA ();
use Exporter qw(import);
use File::Copy ();

our @EXPORT = qw(
    start_place fill_store copy_store start_writes body_of hook_args hooks_of
);

my $modules = $ENV{MODULES_DIR} || '/usr/lib/nginx/modules';
my $proxy = 'proxy_pass http://app;';
my %load;                               # the tool

sub _keys {
    put('api_key', "$Bench::api_key\n");
    put('secret', "$Bench::secret\n");
    chmod 0600, scratch() . '/api_key', scratch() . '/secret';

    return 'api_key_file ' . scratch() . '/api_key;'
           . 'shared_secret_file ' . scratch() . '/secret;';
}

# What the provider is asked for goes to the application.
my $api = <<"END";
location /veriff-api/ {
    internal;
    veriff_sign kyc insecure_tls;
    rewrite ^/veriff-api/(.*)\$ /\$1 break;
    $proxy
    proxy_ignore_client_abort on;
    proxy_ignore_headers X-Accel-Redirect X-Accel-Expires X-Accel-Limit-Rate
                         X-Accel-Buffering X-Accel-Charset;
}
END

my %place = (

    plain => sub { (server => <<"END") },
location / { $proxy }
location = /told {
    $proxy
    proxy_set_header Connection "";
    proxy_set_header X-Veriff-State VERIFIED;
    proxy_set_header X-Veriff-Session 00000000-1111-4000-8000-000000000000;
    proxy_set_header X-Veriff-Decided 2026-01-02T03:04:05Z;
}
location = /auth { auth_request /check; $proxy }
location = /auth_said { auth_request /check_said; $proxy }
location /check {
    internal;
    $proxy
    proxy_pass_request_body off;
    proxy_set_header Connection "";
    proxy_set_header Content-Length "";
}
END

    check => sub { (modules => [$Bench::module], http => <<"END",
veriff_integration kyc { @{[_keys()]} }
END
                    server => <<"END") },
location = /hook { veriff_webhook kyc; $proxy }
location /v1/ {
    veriff_sign kyc insecure_tls;
    $proxy
    proxy_ignore_client_abort on;
}
END

    read => sub { (modules => [$Bench::module], http => <<"END",
veriff_integration kyc { @{[_keys()]} }
END
                   server => <<"END") },
location = /hook { veriff_webhook kyc; $proxy }
location = /metrics { veriff_metrics; }
END

    store => sub { my ($store) = @_; (modules => [$Bench::module],
                   http => <<"END", server => <<"END") },
veriff_store $store size=2g;
veriff_integration kyc {
    @{[_keys()]}
    user \$http_x_user trusted;
    callback https://app.example.com/veriff/return;
    session_rate off;
}
END
location = /page { $proxy }
location = /gate { veriff_gate kyc; $proxy }
location = /hook { veriff_webhook kyc; $proxy }
location = /veriff/start { veriff_session kyc format=json; }
location = /veriff/return { veriff_return kyc; }
$api
END

    njs => sub { (modules => ["$modules/ngx_http_js_module.so"],
                  http => <<"END", server => <<"END") },
js_path @{[here()]};
js_import webhook from webhook.js;
js_var \$bench_api_key $Bench::api_key;
js_var \$bench_secret $Bench::secret;
END
location = /hook { set \$veriff_json 0; js_content webhook.check; }
location = /hook_json { set \$veriff_json 1; js_content webhook.check; }
location \@app { proxy_set_header X-Veriff-Webhook ok; $proxy }
END

    lua => sub { (modules => ["$modules/ndk_http_module.so",
                              "$modules/ngx_http_lua_module.so"],
                  http => <<"END", server => <<"END") },
lua_package_path "@{[here()]}/?.lua;;";
init_by_lua_block {
    require("webhook").key("$Bench::api_key", "$Bench::secret")
}
END
location = /hook {
    set \$veriff_json 0;
    access_by_lua_block { require("webhook").check() }
    $proxy
}
location = /hook_json {
    set \$veriff_json 1;
    access_by_lua_block { require("webhook").check() }
    $proxy
}
END
);

# Starts one of them, under another name if it is given; what is after that
# is the place's own.  Returns the seconds until it answers.
sub start_place {
    my ($place, $name, @more) = @_;

    return start_nginx($name // $place, $place{$place}->(@more));
}


# ---- the store -------------------------------------------------------------

sub _load {
    my $root = here() . '/..';

    return $load{binary} //=
        build('load', "-I$root/t/unit/stub", "-I$root/src",
              glob("$root/src/ngx_veriff_*.c"), "$root/t/unit/stub/ngx_stub.c",
              qw(-lcrypto -llmdb -ljansson));
}

# Returns the directory, the bytes that all users take, and the seconds.
sub fill_store {
    my ($users, $open) = @_;

    my $store = scratch() . "/users-$users";

    mkdir $store;
    unlink glob "$store/*";

    put("users-$users/key", join '', map { chr(($_ * 7) % 256) } 1 .. 32);
    chmod 0600, "$store/key";

    my $begin = Time::HiRes::time();
    my ($bytes) = split ' ', run_tool('rest', _load(), 'store', $store,
                                      "$store/key", $users, $open);

    return ($store, $bytes, Time::HiRes::time() - $begin);
}

# The same once more, of one that nobody has open.
sub copy_store {
    my ($store) = @_;

    my $copy = "$store-copy";

    mkdir $copy;
    unlink glob "$copy/*";

    for ('key', 'data.mdb') {
        File::Copy::copy("$store/$_", "$copy/$_") or die "$copy/$_: $!";
        chmod 0600, "$copy/$_";
    }

    return $copy;
}

# As many durable changes, MS apart, by a process on the CPU that the worker
# has, and the worker's threads have as well.
sub start_writes {
    my ($store, $count, $ms) = @_;

    return start_tool('worker', _load(), 'write', $store, "$store/key",
                      $count, $ms);
}


# ---- webhooks --------------------------------------------------------------

# A decision of about this many bytes: what grows are its insights.
sub body_of {
    my ($size, $session, $vendor, $time) = @_;

    $session //= 'aea9ba6d-1b47-47fc-a4fc-f72b6d3584a7';
    $vendor //= 'AWNujNlwBgjln2K2T_InubKA7Lhpa7plsBWVnoX68jKb8ftUWj8Dmw';
    $time //= '2026-01-02T03:04:05.678901Z';

    my $head = qq({"status":"success","verification":{"id":"$session",)
        . qq("attemptId":"00bca969-b53a-4fad-b065-874d41a7b2b8",)
        . qq("vendorData":"$vendor","endUserId":null,"status":"approved",)
        . qq("code":9001,"reason":null,"reasonCode":null,)
        . qq("decisionTime":"$time",)
        . q("acceptanceTime":"2026-01-02T03:00:00.000000Z",)
        . q("person":{"firstName":"SARAH","lastName":"MORGAN",)
        . q("dateOfBirth":"1967-03-16","nationality":"US","gender":"F",)
        . q("idNumber":"1234567890","addresses":[{"fullAddress":)
        . q("1 Main Street, Springfield","parsedAddress":{"city":)
        . q("Springfield","street":"Main Street","houseNumber":"1",)
        . q("postcode":"12345","country":"US"}}]},"document":{"number":)
        . q("MORGA753116SM9IJ","type":"DRIVERS_LICENSE","country":"US",)
        . q("validFrom":"2021-01-01","validUntil":"2031-01-01"},)
        . q("insights":[);
    my $tail = ']},"technicalData":{"ip":"192.0.2.7"}}';
    my $each = '{"label":"documentBackFullyVisible","result":"yes",'
               . '"category":"document"},';

    my $room = $size - length($head) - length($tail) - 20;
    my $insights = $each x int($room / length $each);
    my $left = $size - length($head) - length($insights) - length($tail) - 12;

    return $head . $insights . '{"label":"' . 'x' x $left . '"}' . $tail;
}

sub _signature { Digest::SHA::hmac_sha256_hex($_[0], $Bench::secret) }

# What wrk sends one webhook again and again with.
sub hook_args {
    my ($file) = @_;

    return ['plain', 'POST', $file, 'Content-Type', 'application/json',
            'X-AUTH-CLIENT', $Bench::api_key,
            'X-HMAC-SIGNATURE', _signature(slurp($file))];
}

# A file of as many approvals of open sessions.
sub hooks_of {
    my ($store, $name, $from, $count, $size) = @_;

    my $time = POSIX::strftime('%Y-%m-%dT%H:%M:%S.000000Z', gmtime);
    my $text = '';

    for (split /\n/, run_tool('rest', _load(), 'open', "$store/key", $from,
                              $count)) {
        my ($session, $vendor) = split;
        my $body = body_of($size, $session, $vendor, $time);
        my $request = "POST /hook HTTP/1.1\r\nHost: localhost\r\n"
            . "Content-Type: application/json\r\n"
            . "X-AUTH-CLIENT: $Bench::api_key\r\n"
            . 'X-HMAC-SIGNATURE: ' . _signature($body) . "\r\n"
            . 'Content-Length: ' . length($body) . "\r\n\r\n$body";

        $text .= sprintf('%10d', length $request) . $request;
    }

    return put($name, $text);
}

1;
