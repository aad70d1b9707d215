# The gate over every version of HTTP, with proxy_request_buffering on and
# off: all that it may say to all kinds of users, and what the app gets of a
# request that passes, body and all.

use lib 't/lib';
use VeriffTest;
use VeriffSession;
use VeriffStore;
use VeriffWebhook qw(app_seen start_app);
use VeriffWire;
use JSON::PP ();
use Test::More;

my @navigation = ('Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: document',
                  'Accept: text/html');
my @forged = ('X-Veriff-State: VERIFIED', 'X-Veriff-User: mallory',
              'X-Veriff-Session: 1');

# what differs from one user and wire to the next
sub same {
    my ($text) = @_;

    $text =~ s/[\da-f]{8}-[\da-f]{4}-[\da-f-]{22}/ID/g;
    $text =~ s/__Host-veriff_(\w+)=[^;]+/$1=SEALED/g;
    $text =~ s/\d{4}-\d\d-\d\dT[\d:.]+Z/TIME/g;

    return $text;
}

# the head that the app has, but the path
sub head_of {
    my ($seen) = @_;

    my ($line, @fields) = split /(?<=\n)/, $seen->{head} // '';

    return same(join '', sort map { s/^([^:]+)/\L$1/r }
                              grep { !/^(?:Host|Connection):/i } @fields);
}

# Users of every kind, and where the gate leads them; the last one's store is
# not asked.
my %user = (
    alice => ['VERIFIED', 'approved'],
    bob => ['UNVERIFIED'],
    carol => ['PENDING', 'review'],
    dave => ['REJECTED', 'declined'],
);

sub make_users {
    for my $name (sort keys %user) {
        my ($state, $status) = @{ $user{$name} };

        decide(ask('/json', $name)->{content}, $status) if $status;
    }
}

sub leads_to {
    my ($state, $path) = @_;

    my $start = $state eq 'UNVERIFIED' ? '/start' : '/back';

    return "$start?return=" . $path =~ s{([^\w.~-])}{sprintf '%%%02X',
                                                     ord $1}ger;
}

sub check {
    my ($first, $wire, $name, $status, @request) = @_;

    my $answer = $wire->ask(@request);

    is($answer->{status}, $status, "$name, " . $wire->name . ": $status")
        or diag($answer->{content});
    same_shape($first, $name, $wire, same(shape_of($answer)));

    return $answer;
}


# ---- what it says ----------------------------------------------------------

on_block(1 => sub {
    my %first;

    make_users();

    for my $wire (wires('bare')) {
        for my $name (sort keys %user) {
            my ($state) = @{ $user{$name} };
            my @fields = ("X-User: $name", @forged);
            my $passes = $state eq 'VERIFIED';
            my $on = "$name, " . $wire->name;

            app_seen();

            my $answer = check(\%first, $wire, "$name, a program",
                               $passes ? 200 : 403, GET => '/x',
                               fields => \@fields);
            like($answer->{content}, qr/"state":"$state"/, "$on: why")
                if !$passes;

            $answer = check(\%first, $wire, "$name, a browser",
                            $passes ? 200 : 302, GET => '/x?a=1',
                            fields => [@fields, @navigation]);
            is($answer->{headers}{location},
               $passes ? undef : leads_to($state, '/x?a=1'), "$on: where to");

            check(\%first, $wire, "$name, a form", $passes ? 200 : 403,
                  POST => '/x', body => 'a=1',
                  fields => [@fields, @navigation]);
            check(\%first, $wire, "$name, HEAD", $passes ? 200 : 403,
                  HEAD => '/x', fields => \@fields);
            check(\%first, $wire, "$name, DELETE", $passes ? 200 : 403,
                  DELETE => '/x', fields => \@fields);
            check(\%first, $wire, "$name, an own page", $passes ? 200 : 403,
                  GET => '/page/x', fields => [@fields, @navigation]);

            my @seen = app_seen();
            is(scalar @seen, $passes ? 6 : 0, "$on: what reaches the app");

            check(\%first, $wire, "$name, report", 200, GET => '/report/x',
                  fields => \@fields);

            my ($seen) = app_seen();
            like($seen->{head}, qr/^X-Veriff-State: \Q$state\E\r$/m,
                 "$on: reported");
            same_shape(\%first, "$name, report, the app", $wire,
                       head_of($seen));

            check(\%first, $wire, "$name, off", 200, GET => '/open/x',
                  fields => \@fields);
            ($seen) = app_seen();
            unlike($seen->{head}, qr/^X.Veriff/mi, "$on: nothing when off");
        }

        for (['nobody', 401], ['nobody, a browser', 401, @navigation]) {
            my ($name, $status, @fields) = @$_;

            check(\%first, $wire, $name, $status, GET => '/x',
                  fields => [@fields, @forged]);
            is(scalar(app_seen()), 0, "$name: the app is not reached");
        }
    }
});


# ---- bodies ----------------------------------------------------------------

my $filler = join '', map { sprintf '%08x', $_ } 1 .. 70_000;

on_block(2 => sub {
    my %first;

    make_users();

    for my $wire (wires()) {
        my @ways = (['small', 100], ['in a file', 500_000],
                    ['slow pieces', 3000, piece => 700, slow => 1],
                    ['byte by byte', 60, piece => 1]);

        push @ways, ['a trailer', 3000,
                     trailer => 'X-Veriff-State: REJECTED']
            if !$wire->is_http2
               && !($wire->is_http1 && $wire->is_announced);

        for my $way (@ways) {
            my ($how, $size, @o) = @$way;

            for my $path ('', '/unbuffered', '/tiny') {
                my $name = "$path, $how, " . $wire->name;
                my $body = substr $filler, 0, $size;
                my @request = (POST => "$path/x", body => $body, @o);

                check(\%first, $wire, "alice, $how", 200, @request,
                      fields => ['X-User: alice', @forged]);

                my @seen = app_seen();
                is(scalar @seen, 1, "$name: the app sees it once");
                ok(@seen && $seen[0]{body} eq $body, "$name: byte for byte");

                my $head = head_of($seen[0]);

                # what is not held back may go on as chunks
                my $framing = join '', $head =~ /^(?:content-length
                                        |transfer-encoding):.*\n/xmg;
                $framing = "content-length: $size\r\n"
                    if $framing eq "transfer-encoding: chunked\r\n"
                       && !$wire->is_announced && $path ne '';
                is($framing, "content-length: $size\r\n",
                   "$name: its length, once");
                $head =~ s/^(?:content-length|transfer-encoding):.*\n//mg;
                same_shape(\%first, 'alice, the app', $wire, $head);
                is(join(' ', $head =~ /^x.veriff.state: (\S+)\r$/mg),
                   'VERIFIED', "$name: her state, once");

                check(\%first, $wire, "bob, $how", 403, @request,
                      fields => ['X-User: bob', @forged]);
                is(scalar(app_seen()), 0, "$name: not bob's");
            }
        }
    }
});


# ---- many at once, and a store that fails ----------------------------------

on_block(3 => sub {
    make_users();

    for my $wire (grep { $_->is_http2 } wires()) {
        for my $path ('', '/unbuffered', '/tiny') {
            my @names = map { (sort keys %user)[$_ % 4] } 0 .. 15;
            my $number = 0;
            my @answers = $wire->ask_together(map { {
                method => 'POST', path => "$path/" . $number++,
                fields => ["x-user: $_", map { lc } @forged],
                body => substr($filler, 100 * $number, 3000 + 100 * $number),
                piece => 300 + 10 * $number } } @names);

            my $name = "$path together, " . $wire->name;
            is(join(' ', map { $_->{status} } @answers),
               join(' ', map { $_ eq 'alice' ? 200 : 403 } @names),
               "$name: who passes");

            my %seen = map { $_->{head} =~ m{^POST \S*/(\d+) }
                             ? ($1 => $_->{body}) : () } app_seen();
            is(join(' ', sort { $a <=> $b } keys %seen), '0 4 8 12',
               "$name: what the app sees");

            for my $n (sort keys %seen) {
                my $at = 100 * ($n + 1);
                is($seen{$n}, substr($filler, $at, 3000 + $at),
                   "$name: byte for byte");
            }
        }
    }
});

sub gated {
    my ($path, $options, $more) = @_;

    return "location $path/ { veriff_gate $options; $more"
           . ' proxy_http_version 1.1; proxy_pass $TEST_NGINX_APP; }' . "\n";
}

my $off = 'proxy_request_buffering off;';

my $places = '$TEST_NGINX_WIRES
    location = /verify.html { root html; }'
    . gated('', 'kyc', '') . gated('/unbuffered', 'kyc', $off)
    . gated('/tiny', 'kyc', "$off client_body_buffer_size 64;")
    . gated('/page', 'kyc page=/verify.html', '')
    . gated('/report', 'kyc report', '') . gated('/open', 'off', '');

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value('http_config',
                      kyc('start_uri /start; return_uri /back;'));
    $block->set_value('config', places($places
        . 'location = /back { veriff_return kyc; }'));
    $block->set_value('user_files', ">>> verify.html\nverify\n");
});

no_root_location();
start_app();
start_sandbox();
run_tests();

__DATA__

=== TEST 1: what it says to whom
--- no_error_log
[alert]



=== TEST 2: bodies of those that pass
--- no_error_log
[alert]



=== TEST 3: several at the same time
--- no_error_log
[alert]
