package VeriffStore;

# For the suites about what is stored, on top of VeriffSession: a block that
# says nothing else has four workers, the integration "kyc" with a store of
# its own, VeriffSession's locations, and these:
#
#   /hook      where the sandbox sends its webhooks
#   /status    veriff_status
#   /ready     200, the only request that the block itself makes
#
# What a block does is said by on_block(number, code), which has the functions
# below.  For configurations of one's own: kyc(text) and places(text,
# more integrations of /hook).

use strict;
use warnings;

use Exporter qw(import);
use HTTP::Tiny ();
use IO::Select ();
use IO::Socket::INET ();
use JSON::PP ();
use Test::More ();
use Test::Nginx::Socket ();
use Time::HiRes ();
use VeriffSession ();
use VeriffTest ();

our @EXPORT = qw(
    on_block kyc kyc_and_age places
    ask ask_many send_request read_answers posts wait_for_posts
    answer_is url_of decide event advance state_is restart_nginx wait_until
);

my $timeout = 15;
my %driver;


# ---- configuration ---------------------------------------------------------

sub kyc {
    my ($more) = @_;

    # Test::Nginx removes what is called so
    return "veriff_store veriff_temp;\n" . VeriffSession::integration($more);
}

# The second integration has the same account and users, but a signed location
# of its own, which is added to places() by hand.
sub kyc_and_age {
    my $age = VeriffSession::integration('api_uri /age-api;');

    $age =~ s/^veriff_key_file.*$//m;
    $age =~ s/integration kyc/integration age/;

    return kyc() . $age;
}

sub places {
    my ($more, $also) = @_;

    $also //= '';

    return VeriffSession::api() . VeriffSession::sessions() . ($more // '')
           . "location = /hook { veriff_webhook kyc $also; }\n" . <<'EOF_CONFIG';
location = /status { veriff_status kyc; }
location = /ready { return 200 "ready\n"; }
EOF_CONFIG
}


# ---- requests --------------------------------------------------------------

sub _port { Test::Nginx::Util::server_port() }

# One request: path, user (none if undef), more headers; method and content.
sub ask {
    my ($path, $user, %o) = @_;

    my $method = delete $o{method} // 'GET';
    my @content = exists $o{content} ? (content => delete $o{content}) : ();
    my %headers = (%o, defined $user ? ('X-User' => $user) : ());

    return HTTP::Tiny->new(timeout => $timeout, keep_alive => 0,
                           max_redirect => 0)
                     ->request($method, 'http://127.0.0.1:' . _port() . $path,
                               { headers => \%headers, @content });
}

# Sends a request on a connection of its own, and does not wait.
sub send_request {
    my ($path, $user) = @_;

    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                       PeerPort => _port(),
                                       Timeout => $timeout)
        or die "connect: $!";

    syswrite $socket, "GET $path HTTP/1.1\r\nHost: localhost\r\n"
                      . "X-User: $user\r\nConnection: close\r\n\r\n";

    return $socket;
}

# Reads the answers of such connections until they are closed.
sub read_answers {
    my @sockets = @_;

    my $select = IO::Select->new(@sockets);
    my $end = Time::HiRes::time() + $timeout;
    my %text = map { $_ => '' } @sockets;

    while ($select->count && (my $left = $end - Time::HiRes::time()) > 0) {
        for my $socket ($select->can_read($left)) {
            sysread($socket, $text{$socket}, 65536, length $text{$socket})
                or $select->remove($socket);
        }
    }

    return map { $text{$_} } @sockets;
}

sub ask_many {
    my ($count, $path, $user) = @_;

    return read_answers(map { send_request($path, $user) } 1 .. $count);
}

# What takes longer says how long it may take, on a slow machine, under ASan.
sub wait_until {
    my ($what, $true, $limit) = @_;

    my $end = Time::HiRes::time() + ($limit // $timeout);

    while (Time::HiRes::time() < $end) {
        return 1 if $true->();
        Time::HiRes::sleep(0.02);
    }

    Test::More::fail("waited for: $what");
    return 0;
}


# ---- the provider ----------------------------------------------------------

# How many sessions the provider was asked for.
sub posts {
    my $seen = VeriffTest::sandbox(GET => '/_sandbox/requests');

    return scalar grep { $_->{method} eq 'POST'
                         && $_->{path} eq '/v1/sessions' } @$seen;
}

sub wait_for_posts {
    my ($count) = @_;

    return wait_until("$count requests to the provider",
                      sub { posts() >= $count });
}

sub _session {
    my ($answer) = @_;

    my $id = $answer =~ /^[\w-]+\z/ ? $answer
             : JSON::PP::decode_json($answer)->{sessionId};

    return $id // die "no session in $answer";
}

# The session (its id, or the JSON answer that named it) is decided; its
# webhook has been answered when this returns.
sub decide {
    my ($session, $status, %o) = @_;

    VeriffTest::sandbox(POST => '/_sandbox/sessions/' . _session($session)
                                . '/decide',
                        { status => $status, wait => JSON::PP::true(), %o });
}

sub event {
    my ($session, $action) = @_;

    VeriffTest::sandbox(POST => '/_sandbox/sessions/' . _session($session)
                                . '/event',
                        { action => $action, wait => JSON::PP::true() });
}

sub advance {
    my ($seconds) = @_;

    VeriffTest::sandbox(POST => '/_sandbox/time',
                        { advance => $seconds, wait => JSON::PP::true() });
}


# ---- nginx -----------------------------------------------------------------

# Stops nginx, and starts it with the same configuration and files.
# The code, if any, runs while there is no nginx.
sub restart_nginx {
    my ($meanwhile) = @_;
    my $pid_file = $Test::Nginx::Util::PidFile;

    open my $in, '<', $pid_file or die "$pid_file: $!";
    my ($pid) = <$in> =~ /(\d+)/;
    close $in;

    kill 'QUIT', $pid or die "kill: $!";
    wait_until('nginx has ended', sub { waitpid($pid, 1); !kill 0, $pid });

    $meanwhile->() if $meanwhile;

    local $ENV{LD_PRELOAD} = $ENV{TEST_NGINX_LD_PRELOAD}
        if $ENV{TEST_NGINX_LD_PRELOAD};

    system("$Test::Nginx::Util::NginxBinary -p $Test::Nginx::Util::ServRoot/"
           . " -c $Test::Nginx::Util::ConfFile >/dev/null 2>&1"
           . ($Test::Nginx::Util::DaemonEnabled eq 'on' ? '' : ' &'));

    wait_until('nginx has started', sub {
        -s $pid_file && ask('/ready')->{status} == 200;
    });
}


# ---- assertions ------------------------------------------------------------

sub url_of {
    my ($answer) = @_;

    return ($answer->{headers}{location}
            // ($answer->{content} =~ /"(?:sessionUrl|url)":"([^"]+)"/
                ? $1 : undef));
}

sub answer_is {
    my ($name, $answer, $status, $pattern) = @_;

    Test::More::is($answer->{status}, $status, "$name: $status")
        or Test::More::diag($answer->{content});
    Test::More::like($answer->{content}, $pattern, "$name: body")
        if $pattern;

    return $answer->{content};
}

# What veriff_status says of a user.
sub state_is {
    my ($name, $user, $state, $status, $session, $decided) = @_;

    my $answer = ask('/status', $user);

    Test::More::is($answer->{status}, 200, "$name: status known");

    my $json = eval { JSON::PP::decode_json($answer->{content}) } // {};

    Test::More::is("$json->{state}/$json->{status}", "$state/$status",
                   "$name: $state, $status");

    if (@_ > 4) {
        Test::More::is($json->{sessionId}, defined $session
                       ? _session($session) : undef, "$name: the session");
        Test::More::is($json->{decisionTime}, $decided,
                       "$name: the decision's time") if @_ > 5;
    }

    return $json;
}


# ---- blocks ----------------------------------------------------------------

sub on_block {
    my ($number, $code) = @_;

    $driver{$number} = $code;
}

sub _before_block {
    my ($block) = @_;

    my ($number) = $block->name =~ /\bTEST (\d+):/;

    $block->set_value('http_config', kyc()) if !defined $block->http_config;
    $block->set_value('config', places()) if !defined $block->config;

    return if !$driver{$number};

    $block->set_value('request', 'GET /ready');
    $block->set_value('response_body', "ready\n");
}

Test::Nginx::Socket::add_response_body_check(sub {
    my ($block, $body, $req_idx, $repeated, $dry_run) = @_;

    my ($number) = $block->name =~ /\bTEST (\d+):/;

    return if !$driver{$number} || $req_idx || $dry_run;

    my $hook = 'http://127.0.0.1:' . _port() . '/hook';

    VeriffTest::sandbox(POST => '/_sandbox/config',
                        { webhook_url => $hook, event_url => $hook });

    # Test::Nginx would go on to the next block
    eval { $driver{$number}->($block); 1 }
        or Test::More::fail($block->name . " - died: $@");
});

Test::Nginx::Util::master_on();
Test::Nginx::Util::workers(4);

# before VeriffSession's, which fills in what is not set, and resets the sandbox
Test::Nginx::Util::add_block_preprocessor(\&_before_block);

1;
