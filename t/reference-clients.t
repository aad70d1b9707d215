# What README.md shows under "Reference clients", as it stands there: each
# curl command by curl itself, with the configuration shown beside it.  What is
# in JavaScript is run by t/browser/sdk.js.

use lib 't/lib';
use File::Temp ();
use POSIX ();
use VeriffTest;
use VeriffExample;
use VeriffApp;
use VeriffMetrics qw(reload_nginx);
use Test::More;

my $dir = File::Temp->newdir;

# the code blocks of a language, in their order
sub code_blocks {
    my ($language) = @_;

    open my $in, '<', 'README.md' or die "README.md: $!";
    my $text = do { local $/; <$in> };

    my ($section) = $text =~ /^### Reference clients\n(.*?)^###? /ms
        or die 'README.md has no "Reference clients"';

    return $section =~ /^```$language\n(.*?)^```/msg;
}

my ($first, $second) = code_blocks('sh');
my ($location) = code_blocks('nginx');
my @commands = ($first // '') =~ /^(curl .*?[^\\])\n/msg;

# Runs a curl command in a shell: names lead to where the example
# listens, the password comes from the standard input, which curl asks when it
# has no terminal.  Returns the status and the body.
sub run_curl {
    my ($command, $port, $password) = @_;

    my %host = (443 => 'app.example.com', 8900 => '127.0.0.1');

    open my $out, '>', "$dir/.curlrc" or die "$dir/.curlrc: $!";
    print $out <<"EOF_CONFIG";
silent
max-time = 15
cacert = "$ENV{MOJO_CA_FILE}"
connect-to = "$host{$port}:$port:127.0.0.1:@{[port_of($port)]}"
write-out = "\\n%{http_code}"
EOF_CONFIG
    close $out;

    open my $in, '>', "$dir/password" or die "$dir/password: $!";
    print $in "$password\n";
    close $in;

    my $pid = open(my $from, '-|') // die "fork: $!";

    if (!$pid) {
        POSIX::setsid();
        $ENV{CURL_HOME} = "$dir";
        open STDIN, '<', "$dir/password" or POSIX::_exit(126);
        open STDERR, '>', "$dir/prompt" or POSIX::_exit(126);
        exec '/bin/sh', '-c', $command or POSIX::_exit(127);
    }

    my $text = do { local $/; <$from> };
    close $from;
    is($?, 0, "$command: exit status");

    my ($body, $status) = $text =~ /\A(.*)\n(\d+)\z/s;

    return { status => $status, content => $body // $text };
}

sub asked_for {
    my ($seen) = grep { $_->{method} eq 'POST' }
                 @{ sandbox(GET => '/_sandbox/requests') };

    return JSON::PP::decode_json(MIME::Base64::decode_base64(
        $seen->{body_base64}))->{verification};
}

# the location that is shown, in the site of nginx.conf
sub with_location {
    my ($members) = $location =~ /# (client_members [^;]+;)/
        or die 'client_members are not shown';

    reload_nginx(sub {
        s/^(\s*)(?=callback )/$1$members\n$1/m or die 'no integration';
        s/^(\s*)(?=location \/ )/$1$location\n$1/m or die 'no location';
    });
}

on_block(1 => sub {
    is(scalar @commands, 2, 'two commands are shown');

    my $answer = run_curl($commands[0], 443, 'alice');
    is_status('curl', $answer, 200);
    is(json_of($answer)->{state}, 'UNVERIFIED', 'JSON');
    like(json_of($answer)->{sessionUrl}, qr{^https://alchemy\.veriff\.com/v/},
         'with a URL');

    is_status('another password', run_curl($commands[0], 443, 'wrong'), 401);
});

on_block(2 => sub {
    with_location();

    my $answer = run_curl($commands[1], 443, 'alice');
    is_status('curl', $answer, 201);
    like(json_of($answer)->{verification}{url},
         qr{^https://alchemy\.veriff\.com/v/}, "in the provider's shape");
    is_deeply(asked_for()->{person}, { firstName => 'Alice' },
              'with what the user says');

    is_status('another password', run_curl($commands[1], 443, 'wrong'), 401);
});

on_block(3 => sub {
    my $answer = run_curl($second, 8900, '');
    is_status('curl', $answer, 201);
    is_deeply(asked_for(), { vendorData => 'alice' }, 'as it was sent');

    decide(json_of($answer)->{verification}{id}, 'approved');
    passes('and the gate knows', fetch('/x', basic('alice')), '/x');
});

no_root_location();
start_app();
start_sandbox(public_url => 'https://alchemy.veriff.com');
service(8080 => $ENV{TEST_NGINX_APP_PORT});
run_tests();

__DATA__

=== TEST 1: curl asks for a session
--- example: nginx.conf



=== TEST 2: curl says something of the user
--- example: nginx.conf



=== TEST 3: curl in the place of a server SDK
--- example: api-for-apps.conf
