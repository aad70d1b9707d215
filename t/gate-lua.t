# Lua's handlers and the gate, whichever module is loaded first: access control
# in Lua comes before the gate, and a location whose answer Lua gives is gated.

use lib 't/lib';
use VeriffTest;
use VeriffSession;
use VeriffStore;
use VeriffApp;
use VeriffGate;
use Test::More;

load_modules(qw(ndk lua veriff));

sub told { "add_header X-Gate \"\$veriff_gate/\$veriff_gate_reason\" always;\n" }

sub said { ($_[0]->{headers}{'x-gate'} // '') }

sub held {
    my ($name, $path, %o) = @_;

    for my $o ([], [browser()], [method => 'POST']) {
        my $answer = ask($path, 'bob', @$o, %o);

        not_reached("$name @$o");
        is($answer->{status}, "@$o" =~ /navigate/ ? 302 : 403,
           "$name @$o: held") or diag($answer->{content});
        unlike($answer->{content}, qr/^lua/, "$name @$o: not Lua's answer");
    }
}

# access_by_lua says who it is
sub access {
    verify('alice');

    passes('verified', ask('/gated/x', undef, 'X-Token' => 'alice'));

    for my $o ([], [browser()], [method => 'POST']) {
        my $answer = ask('/gated/x', 'alice', @$o);

        refused("no token @$o", $answer, 401);
        is(said($answer), '/', "no token @$o: the gate was not asked");

        $answer = ask('/gated/x', 'alice', @$o, 'X-Token' => 'bob');
        is($answer->{status}, "@$o" =~ /navigate/ ? 302 : 403,
           "unverified @$o: held");
        not_reached("unverified @$o");
        is(said($answer), "@$o" =~ /navigate/ ? 'redirect/unverified'
                          : 'deny/unverified', "unverified @$o: the gate");

        is(ask('/session', undef, @$o)->{status}, 401, "session @$o: 401");
    }

    is(posts(), 1, 'nothing was created');

    # what a client says, and what Lua says in its name
    for my $name (qw(X-Veriff-State x_veriff_state)) {
        passes("forged by Lua: $name",
               ask('/gated/x', undef, 'X-Token' => 'alice',
                   'X-Forge' => $name));
        refused("forged by Lua, unverified: $name",
                ask('/gated/x', undef, 'X-Token' => 'bob',
                    'X-Forge' => $name));
    }
}

sub detours {
    verify('alice');

    for my $path (qw(/exec /exec-named /set-uri /any /read /content-exec)) {
        my $answer = ask($path, 'alice');
        passes("$path, verified", $answer);
        held($path, $path);
    }

    # Lua gives the answer
    my $answer = ask('/content', 'alice');
    answer_is('content', $answer, 200, qr/^lua VERIFIED VERIFIED$/);
    held('content', '/content');

    # as with nginx's own access control: not in a subrequest
    answer_is('capture', ask('/capture', 'bob'), 200, qr/^lua app GET/);
    app_seen();
}

on_block($_ => \&access) for 1 .. 4;
on_block($_ => \&detours) for 5 .. 8;

my $access = '
location = /session {
    veriff_session kyc user=$id;
    set $id "";
    access_by_lua_block { return ngx.exit(401) }
}
location /gated/ {
    veriff_gate kyc user=$id;
    set $id "";
    access_by_lua_block {
        ngx.sleep(0.001)
        local token = ngx.var.http_x_token
        if not token then
            return ngx.exit(401)
        end
        local name = ngx.var.http_x_forge
        if name then
            ngx.req.set_header(name, "VERIFIED")
        end
        ngx.var.id = token
    }
' . app() . '
}
';

my $detours = '
location /gated/ { veriff_gate kyc; ' . app() . ' }
location @gated { veriff_gate kyc; ' . app() . ' }
location = /exec { rewrite_by_lua_block { ngx.exec("/gated/x") } }
location = /exec-named { access_by_lua_block { ngx.exec("@gated") } }
location = /content-exec { content_by_lua_block { ngx.exec("/gated/x") } }
location = /set-uri {
    rewrite_by_lua_block { ngx.req.set_uri("/gated/x", true) }
}
location = /any {
    veriff_gate kyc;
    satisfy any;
    deny all;
    access_by_lua_block { ngx.exit(ngx.OK) }
' . app() . '
}
location = /read {
    veriff_gate kyc;
    rewrite_by_lua_block { ngx.req.read_body() }
    access_by_lua_block { ngx.req.read_body() }
' . app() . '
}
location = /content {
    veriff_gate kyc;
    content_by_lua_block {
        ngx.say("lua ", ngx.var.http_x_veriff_state, " ",
                ngx.req.get_headers()["X-Veriff-State"])
    }
}
location = /capture {
    content_by_lua_block {
        ngx.print("lua ", ngx.location.capture("/gated/x").body)
    }
}
';

sub http { gate_http() . ($_[0] // '') }
sub config { told() . places($_[0] ? $detours : $access) }

start_app();
start_sandbox();
run_tests();

__DATA__

=== TEST 1: access_by_lua, Lua is loaded before
--- http_config eval: main::http()
--- config eval: main::config(0)



=== TEST 2: access_by_lua, Lua is loaded after
--- load_modules: veriff ndk lua
--- http_config eval: main::http()
--- config eval: main::config(0)



=== TEST 3: access_by_lua in its place, Lua is loaded before
--- http_config eval: main::http('access_by_lua_no_postpone on;')
--- config eval: main::config(0)



=== TEST 4: access_by_lua in its place, Lua is loaded after
--- load_modules: veriff ndk lua
--- http_config eval: main::http("access_by_lua_no_postpone on;")
--- config eval: main::config(0)



=== TEST 5: detours, Lua is loaded before
--- http_config eval: main::http()
--- config eval: main::config(1)



=== TEST 6: detours, Lua is loaded after
--- load_modules: veriff ndk lua
--- http_config eval: main::http()
--- config eval: main::config(1)



=== TEST 7: detours, rewrite_by_lua in its place, Lua is loaded before
--- http_config eval: main::http("rewrite_by_lua_no_postpone on;")
--- config eval: main::config(1)



=== TEST 8: detours, rewrite_by_lua in its place, Lua is loaded after
--- load_modules: veriff ndk lua
--- http_config eval: main::http("rewrite_by_lua_no_postpone on;")
--- config eval: main::config(1)
