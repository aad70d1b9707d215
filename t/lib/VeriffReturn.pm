package VeriffReturn;

# For the suites about the return page, on top of VeriffStore: a block that
# says nothing else has the integration "kyc" with short names for its places
# (/start, /return, /status) and, besides VeriffStore's locations, /return.
#
#     my $alice = lead('alice', '/app?x=1');     # a browser with its cookie
#     decide($alice->{session}, 'approved');
#     my $answer = come_back($alice);
#
# For configurations of one's own: kyc_return(text), return_places(text).

use strict;
use warnings;

use Exporter qw(import);
use JSON::PP ();
use Test::More ();
use Test::Nginx::Socket ();
use VeriffStore ();
use VeriffTest ();

our @EXPORT = qw(
    kyc_return return_places lead lead_by_gate come_back led_back page_is neutral_is
    questions all_requests told no_webhooks cookie_of refresh_of link_of
);

our %navigation = (
    'Sec-Fetch-Mode' => 'navigate',
    'Sec-Fetch-Dest' => 'document',
    Accept           => 'text/html',
);

sub kyc_return {
    my ($more) = @_;

    # on a line of its own: it may begin with "user"
    return VeriffStore::kyc("\n" . ($more // '') . ' start_uri /start;'
                            . ' return_uri /return; status_uri /status;');
}

sub return_places {
    my ($more) = @_;

    return VeriffStore::places(($more // '')
                               . "location = /return { veriff_return kyc; }\n");
}

# The cookie that an answer sets, as "name=value"; undef for none.
sub cookie_of {
    my ($answer, $name) = @_;

    my $begin = '__Host-veriff_' . ($name // 'kyc') . '=';
    my $set = $answer->{headers}{'set-cookie'} // return;
    my ($cookie) = grep { index($_, $begin) == 0 }
                   ref $set ? @$set : $set;

    return $cookie && $cookie =~ s/;.*//r;
}

# A user who goes to a page, and is led away to the provider.  With
# "session => 0" it is not found out which session that is.
sub lead {
    my ($user, $path, %o) = @_;

    my $start = delete $o{start} // '/start';
    my $name = delete $o{name} // 'kyc';
    my $find = delete $o{session} // 1;

    $path =~ s/([^\w\/.~-])/sprintf '%%%02X', ord $1/ge;

    my $answer = VeriffStore::ask("$start?return=$path", $user, %navigation,
                                  %o);
    my $url = $answer->{headers}{location} // '';
    my ($session) = $find ? map { $_->{id} } grep { $_->{url} eq $url }
        @{ VeriffTest::sandbox(GET => '/_sandbox/sessions') } : '';

    return {
        user => $user,
        answer => $answer,
        url => $url,
        session => $session // die("no session for $user: $answer->{status}"),
        cookie => cookie_of($answer, $name) // die("no cookie for $user"),
    };
}

# The same by way of a gate, which may demand something of an approval.
sub lead_by_gate {
    my ($user, $path) = @_;

    my $gate = VeriffStore::ask($path, $user, %navigation);
    my $way = { cookie => cookie_of($gate) // die "no cookie: $gate->{status}" };

    return lead($user, $path, Cookie => $way->{cookie});
}

# The browser of such a user at the return page; undef is one without a cookie.
sub come_back {
    my ($who, %o) = @_;

    my $path = delete $o{path} // '/return';

    return VeriffStore::ask($path, undef, %navigation,
                            $who ? (Cookie => $who->{cookie}) : (), %o);
}

# 303 to the path, and the cookie is taken away.
sub led_back {
    my ($name, $answer, $path) = @_;

    Test::More::is($answer->{status}, 303, "$name: 303")
        or Test::More::diag($answer->{content});
    Test::More::is($answer->{headers}{location}, $path, "$name: to $path");
    Test::More::like($answer->{headers}{'set-cookie'} // '',
                     qr/\A__Host-veriff_kyc=;.*; Max-Age=0\b/,
                     "$name: without the cookie");
    Test::More::is($answer->{headers}{'cache-control'}, 'no-store',
                   "$name: not stored");
    Test::More::is($answer->{headers}{'referrer-policy'}, 'no-referrer',
                   "$name: no referrer");
}

# A page with this heading.
sub page_is {
    my ($name, $answer, $heading) = @_;

    my ($title) = $answer->{content} =~ m{<h1>(.*?)</h1>};

    Test::More::is("$answer->{status} " . ($title // '-'), "200 $heading",
                   "$name: $heading")
        or Test::More::diag($answer->{content});
    Test::More::is(cookie_of($answer), undef, "$name: the cookie stays");
    Test::More::unlike($answer->{headers}{location} // '', qr/./,
                       "$name: no redirect");
}

sub neutral_is { page_is(@_, 'Thank you') }

sub refresh_of {
    return $_[0]{content} =~
        m{<noscript><meta http-equiv="refresh" content="(\d+)"></noscript>}
        ? $1 : undef;
}

sub link_of { $_[0]{content} =~ /<a href="([^"]*)">/ ? $1 : undef }

sub all_requests {
    return @{ VeriffTest::sandbox(GET => '/_sandbox/requests') };
}

# How many decisions the provider was asked for, of one session or of all.
sub questions {
    my ($session) = @_;

    $session = defined $session ? quotemeta $session : '[^/]+';

    return scalar grep { $_->{method} eq 'GET'
                         && $_->{path} =~ m{^/v1/sessions/$session/decision\z}
                       } all_requests();
}

# "VERIFIED approved": what veriff_status says.
sub told {
    my ($user) = @_;

    my $answer = VeriffStore::ask('/status', $user);
    my $json = eval { JSON::PP::decode_json($answer->{content}) }
        or return $answer->{status};

    return "$json->{state} $json->{status}";
}

# From now on the provider's webhooks are lost.
sub no_webhooks {
    VeriffTest::sandbox(POST => '/_sandbox/config',
                        { webhook_url => undef, event_url => undef });
}

sub _before_block {
    my ($block) = @_;

    $block->set_value('http_config', kyc_return())
        if !defined $block->http_config;
    $block->set_value('config', return_places()) if !defined $block->config;
}

# before VeriffStore's
Test::Nginx::Util::add_block_preprocessor(\&_before_block);

1;
