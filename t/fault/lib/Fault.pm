package Fault;

# What the fault tests share: an nginx whose module has wrap.c linked in, with
# one worker and all of the module's modes, beside Crash.pm.  The control file
# says which calls fail.

use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/../crash/lib";

use Crash;
use Digest::SHA ();
use Exporter qw(import);
use File::Basename ();
use IO::Select ();
use IO::Socket::INET ();
use JSON::PP ();
use Time::HiRes qw(sleep time);

our @EXPORT = qw(
    prepare begin finish failing disarm slow calls_seen calls_made sites idle
    new_lines
    ask parse navigate hook webhook decision json_of kyc places posts state_of
    fault faults %navigation
);

my $sites = 4096;
my $trace = 65536;                  # calls
my $head = 36;                      # bytes before the sites
my $patience = 12;                  # s: for an answer

our %kind = (memory => 1, nginx => 2, json => 4, crypto => 8, store => 16,
             file => 32, inner => 64);
our $provider;                      # its port, if not the sandbox's
our $app;                           # the same, of who is asked for users
our $sanitized = $ENV{VERIFF_SANITIZER_LOGS};
our %navigation = ('Sec-Fetch-Mode' => 'navigate',
                   'Sec-Fetch-Dest' => 'document',
                   'Sec-Fetch-Site' => 'same-origin', Accept => 'text/html');

my ($worker, $sockets, $log_at);
my $faults = 0;


# ---- what fails ------------------------------------------------------------

sub _control {
    my ($mode) = @_;

    open my $control, "$mode:raw", scratch() . '/control'
        or die "control: $!";

    return $control;
}

# From the call number $at on $count calls of these kinds fail; with $stack
# only calls that were made in that way count.
sub failing {
    my ($kinds, $at, $count, $stack) = @_;

    my $bits = 0;
    $bits |= $kind{$_} for @$kinds;

    my $control = _control('+<');
    syswrite $control, pack 'L8', 0, $at, $count, $stack // 0, 0, 0, 0, 0;
    sysseek $control, 0, 0;
    syswrite $control, pack 'L', $bits;
}

# None fails any more; returns how many did, and where the last one.
sub disarm {
    my $control = _control('+<');

    syswrite $control, pack 'L', 0;
    sysread $control, my $said, 24;
    my (undef, undef, undef, undef, $failed, $site) = unpack 'L6', $said;

    return ($failed, $site);
}

# Each commit takes so many seconds longer.
sub slow {
    my ($seconds) = @_;

    my $control = _control('+<');

    sysseek $control, 32, 0;
    syswrite $control, pack 'L', 1e6 * $seconds;
}

sub calls_seen {
    my $control = _control('<');

    sysseek $control, 16, 0;
    sysread $control, my $calls, 4;

    return unpack 'L', $calls;
}

# The calls since the last failing(), each as [address, stack, kind, process].
sub calls_made {
    my $calls = calls_seen();

    die "too many calls\n" if $calls > $trace;

    my @all = unpack '(L4)*', substr slurp(scratch() . '/control'),
                                    $head + 12 * $sites, 16 * $calls;

    return map { [@all[4 * $_ .. 4 * $_ + 3]] } 0 .. $calls - 1;
}

# Of the module's call sites: address => [seen, failed].
sub sites {
    my %sites;
    my $text = substr slurp(scratch() . '/control'), $head, 12 * $sites;

    while ($text =~ /\G(.{12})/gs) {
        my ($address, $seen, $failed) = unpack 'L3', $1;
        $sites{$address} = [$seen, $failed] if $address;
    }

    return %sites;
}


# ---- nginx -----------------------------------------------------------------

sub prepare {
    put('control', "\0" x ($head + 12 * $sites + 16 * $trace));
    chmod 0666, scratch() . '/control';

    $Crash::preload{VERIFF_FAULTS} = scratch() . '/control';

    if ($sanitized) {
        $Crash::preload{LD_PRELOAD} = $ENV{TEST_NGINX_LD_PRELOAD};
        $Crash::preload{ASAN_OPTIONS} = 'detect_odr_violation=0,exitcode=0'
            . ",fast_unwind_on_malloc=0,log_path=$sanitized/asan";
        $Crash::preload{UBSAN_OPTIONS} =
            "print_stacktrace=1,log_path=$sanitized/ubsan";
    }
}

sub kyc {
    my ($name, $more) = @_;

    my $dir = scratch();

    return <<"END";
veriff_integration $name {
    api_key_file $dir/api_key;
    shared_secret_file $dir/secret;
    url_hosts 127.0.0.1;
    callback https://app.example.com/done;
    user_rate 3600r/h;
    session_rate off;
    $more
}
END
}

# A signed location: path, more, integration, the provider's port.
sub signed {
    my ($path, $more, $name, $port) = @_;

    $name //= 'kyc';
    $port //= $provider // Crash::sandbox_port();

    return <<"END";
location /$path/ {
    veriff_sign $name insecure_tls;
    rewrite ^/$path/(.*)\$ /\$1 break;
    proxy_pass http://127.0.0.1:$port;
    proxy_connect_timeout 1s;
    proxy_send_timeout 2s;
    proxy_read_timeout 3s;
    proxy_ignore_client_abort on;
    proxy_ignore_headers X-Accel-Redirect X-Accel-Expires X-Accel-Limit-Rate
                         X-Accel-Buffering X-Accel-Charset;
    proxy_buffer_size 32k;
    proxy_buffers 8 32k;
    $more
}
END
}

# All modes, by short names.
sub places {
    return signed('veriff-api', 'internal;') . signed('api', '')
           . signed('file', 'client_body_buffer_size 1k;')
           . <<'END' =~ s/\bAPP\b/$app \/\/ 'PORT'/er;
listen 127.0.0.1:PORT;
location = /t { return 200 $pid; }
location = /start { veriff_session kyc format=json; }
location = /auto { veriff_session kyc; }
location = /sdk { veriff_session kyc format=api; }
location = /checked {
    veriff_session kyc format=json user=body:$body_user;
    veriff_user_check /check?id=$body_user;
}
location = /check { internal; proxy_pass http://127.0.0.1:APP/yes; }
location = /yes { add_header X-Veriff-User $arg_id; return 200 yes; }
location = /return { veriff_return kyc; }
location = /own-page { veriff_return kyc page=/page; }
location = /page { return 200 "page $veriff_state"; }
location = /status { veriff_status kyc; }
location = /hook { veriff_webhook kyc; }
location = /app-hook { veriff_webhook kyc; proxy_pass http://127.0.0.1:PORT/t; }
location = /pass-hook {
    veriff_webhook kyc replay=pass;
    proxy_pass http://127.0.0.1:PORT/t;
}
location = /report-hook {
    veriff_webhook kyc report;
    proxy_pass http://127.0.0.1:PORT/t;
}
location = /vendor-hook { veriff_webhook vendor; }
location = /vendor-status { veriff_status vendor; }
location = /gated { veriff_gate kyc; proxy_pass http://127.0.0.1:PORT/t; }
location = /aged {
    veriff_gate kyc max_age=1h;
    proxy_pass http://127.0.0.1:PORT/t;
}
location = /reported {
    veriff_gate kyc report;
    proxy_pass http://127.0.0.1:PORT/t;
}
location = /paged { veriff_gate kyc page=/page; proxy_pass http://127.0.0.1:PORT/t; }
location = /metrics { veriff_metrics; }
END
}

# Options: http, server (more text), kyc (of the integration).
sub begin {
    my (%o) = @_;

    my $dir = scratch();
    my $more = <<'END' . ($o{kyc} // '');
    user $http_x_user trusted;
    payload '{"verification":{"vendorData":"$veriff_user_token",
              "person":{"firstName":"$http_x_name"}}}';
    client_members person.lastName document;
    origins https://app.example.com;
    watchlist apply;
    full_auto apply;
    reconcile 1s;
    start_uri /auto;
    return_uri /return;
    status_uri /status;
END
    my $vendor = 'user $http_x_user trusted; match vendor_data;'
                 . ' api_uri /vendor-api;';

    # configure() writes them
    my $text = "veriff_store $dir/store size=64m;\n"
        . "veriff_json_var \$body_user /user;\n" . kyc('kyc', $more)
        . kyc('vendor', $vendor) . ($o{http} // '')
        . "server {\n" . places() . ($o{server} // '') . "}\n";

    Crash::configure(plain => $text, workers => 1,
                     main => "load_module $ENV{MODULE};\n"
                             . ($o{main} // ''));
    return if $o{stopped};

    put('error.log', '');
    $log_at = 0;
    start();
    settle();
}

# What holds whenever nothing is under way.
sub settle {
    ($worker) = workers();
    idle();
    $sockets = _sockets();
}

sub _sockets {
    return scalar grep { (readlink($_) // '') =~ /^socket:/ }
                       glob "/proc/$worker/fd/*";
}

# Waits until the worker does nothing for the module any more, and has no
# connections left; returns what is wrong.
sub idle {
    my $end = time() + 8;
    my $calls = -1;

    while (time() < $end) {
        my $now = calls_seen();
        return if $now == $calls
                  && (!defined $sockets || _sockets() <= $sockets);
        $calls = $now;
        sleep 0.004;
    }

    return _sockets() - $sockets . ' connections are left';
}

# What is wrong with the worker, and what was logged since the last time.
sub new_lines {
    my ($now) = workers();
    my @wrong;

    if (!defined $now || $now != $worker) {
        push @wrong, 'the worker has died';
        wait_until('a new worker', sub { ($worker) = workers() });
        wait_until('it answers', sub { answer('/t')->{status} == 200 });
    }

    open my $in, '<', scratch() . '/error.log' or die "error.log: $!";
    seek $in, $log_at, 0;
    my @lines = <$in>;
    $log_at = tell $in;
    chomp @lines;

    push @wrong, grep { /\[(?:alert|crit|emerg)\]|exited on signal/ } @lines;

    return @wrong;
}

# Ends nginx, and says what it left behind.
sub finish {
    system("cp", scratch() . "/error.log", $ENV{KEEP_LOG}) if $ENV{KEEP_LOG};

    stop('QUIT');

    fault('at the end', $_) for bad_lines();
}

sub fault {
    my ($what, $why) = @_;

    $faults++;
    $why =~ s{\s+}{ }g;
    print "  $what: ", substr($why, 0, 160), "\n";
}

sub faults { $faults }


# ---- requests --------------------------------------------------------------

# A request: method, path, user (or undef), content (text, or a function that
# gives chunks; or undef), headers.  Nothing is ever sent twice.
sub ask {
    my ($method, $path, $user, $content, %headers) = @_;

    $headers{'X-User'} = $user if defined $user;

    if (defined $content) {
        $headers{'Content-Type'} //= 'application/json';

        if (ref $content) {
            $headers{'Transfer-Encoding'} = 'chunked';
            $content = _chunked($content);

        } else {
            $headers{'Content-Length'} = length $content;
        }

    } elsif ($method eq 'POST') {
        $headers{'Content-Length'} = 0;
    }

    return parse(_exchange("$method $path HTTP/1.1\r\nHost: localhost\r\n"
        . join('', map { "$_: $headers{$_}\r\n" } sort keys %headers)
        . "Connection: close\r\n\r\n" . ($content // '')));
}

sub _chunked {
    my ($next) = @_;

    my $text = '';

    while ((my $chunk = $next->()) ne '') {
        $text .= sprintf "%x\r\n%s\r\n", length $chunk, $chunk;
    }

    return "${text}0\r\n\r\n";
}

sub _exchange {
    my ($request) = @_;

    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                       PeerPort => $Crash::port)
        or die "connect: $!";
    my $select = IO::Select->new($socket);
    my ($text, $end) = ('', time() + $patience);

    syswrite $socket, $request;

    while ((my $left = $end - time()) > 0) {
        $select->can_read($left) or last;
        sysread $socket, $text, 65536, length $text or last;
    }

    return $text;
}

# As HTTP::Tiny's; 599 if the answer is not whole.
sub parse {
    my ($text) = @_;

    my %answer = (status => 599, content => '', headers => {});

    $text =~ s/\AHTTP\/1\.1 (\d+)[^\n]*\n(.*?\n)?\r\n//s or return \%answer;

    my ($status, $fields) = ($1, $2 // '');

    $answer{headers}{lc $1} = $2 while $fields =~ /^([^:]+): *(.*?)\r\n/mg;

    if (($answer{headers}{'transfer-encoding'} // '') eq 'chunked') {
        my $whole = '';

        while ($text =~ s/\A([0-9a-f]+)\r\n//i && hex $1) {
            my $size = hex $1;
            return \%answer if length $text < $size + 2;
            $whole .= substr $text, 0, $size;
            substr($text, 0, $size + 2) = '';
        }

        return \%answer if $text !~ /\A\r\n/;
        $text = $whole;

    } else {
        my $length = $answer{headers}{'content-length'};
        return \%answer if defined $length && length $text < $length;
    }

    @answer{'status', 'content'} = ($status, $text);

    return \%answer;
}

sub navigate {
    my ($path, $user, %headers) = @_;

    return ask('GET', $path, $user, undef, %navigation, %headers);
}

sub json_of {
    my ($answer) = @_;

    return eval { JSON::PP::decode_json($answer->{content}) } // {};
}

# A webhook with the right signature.
sub webhook {
    my ($path, $body, %headers) = @_;

    return ask('POST', $path, undef, $body,
               'X-AUTH-CLIENT' => $Crash::api_key,
               'X-HMAC-SIGNATURE' =>
                   Digest::SHA::hmac_sha256_hex($body, $Crash::secret),
               %headers);
}

sub decision {
    my ($session, $status, $second, $vendor) = @_;

    my $time = stamp($second);
    my $data = defined $vendor ? qq("vendorData":"$vendor",) : '';

    return qq({"status":"success","verification":{"id":"$session",$data)
           . qq("attemptId":"$session","code":9001,"status":"$status",)
           . qq("decisionTime":"$time","acceptanceTime":"$time"}});
}

sub hook {
    my ($session, $status, $second) = @_;

    return webhook('/hook', decision($session, $status, $second));
}

sub state_of {
    my ($user, $path) = @_;

    my $answer = ask('GET', $path // '/status', $user);

    return json_of($answer)->{state} // $answer->{status};
}

# How many sessions the provider was asked for since the last time.
sub posts {
    my $seen = Crash::sandbox(GET => '/_sandbox/requests');
    Crash::sandbox(DELETE => '/_sandbox/requests');

    return scalar grep { $_->{method} eq 'POST'
                         && $_->{path} eq '/v1/sessions' } @$seen;
}

1;
