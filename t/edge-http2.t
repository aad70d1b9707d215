# The tricks of HTTP/2, in every mode: what it does not allow is refused, or as
# if it had not been said; nothing of it comes to an application or provider,
# which are spoken to in HTTP/1.1.

use lib 't/lib';
use VeriffTest;
use VeriffEdge;
use VeriffHttp2;
use VeriffTricks;

sub http2 {
    return 'server { listen $TEST_NGINX_H2_PORT http2; '
           . VeriffEdge::edge_places() . '}';
}

sub ask_one {
    my ($mode, $case) = @_;

    my ($fields, $body) = fields_of($mode, $case, 'http');
    my $trailers = $case->{trailers};

    my $bytes = h2_preface() . h2_headers(1, $fields, $body eq '');

    $bytes .= h2_data(1, $body, !$trailers) if $body ne '';
    $bytes .= h2_headers(1, $trailers, 1) if $trailers;
    $bytes .= h2_headers(3, [':method' => 'GET', ':path' => '/next',
                             ':scheme' => 'http',
                             ':authority' => 'localhost'], 1);

    my $e = converse($bytes, sub {
        my $answers = h2_answers($_[0]);
        return $answers->{goaway}
               || $answers->{1}{end} && $answers->{3}{end};
    }, $ENV{TEST_NGINX_H2_PORT});

    my $answers = h2_answers($e->{text});

    $e->{statuses} = join ' ', map {
        my $one = $answers->{$_};
        $one->{status} // ($one->{reset} ? 'reset' : 'none')
    } 1, 3;

    # streams run side by side: the second may be first
    my @app = grep { $_->{line} ne 'GET /next HTTP/1.1' } @{ $e->{app} };
    $e->{next} = $answers->{3}{body} // '';

    $e->{got} = got_of(\@app, $e->{provider});

    return $e;
}

sub ask {
    my ($mode, @cases) = @_;

    return map { ask_one($mode, $_) } @cases;
}

on_block($_ => sub { check_forms(\&ask) }) for 1, 2;
on_block(3 => sub { check_odd(\&ask) });
on_block(4 => sub { check_trailers(\&ask) });
on_block(5 => sub { check_cookies(\&ask) });

run_tests();

__DATA__

=== TEST 1: every form of a name
--- http_config eval: main::http2()
--- timeout: 60



=== TEST 2: every form, and names that nginx would have dropped
--- http_config eval
'underscores_in_headers on; ignore_invalid_headers off;' . main::http2()
--- timeout: 60



=== TEST 3: what a request may not have
--- http_config eval
'underscores_in_headers on; ignore_invalid_headers off;' . main::http2()
--- timeout: 60



=== TEST 4: trailers
--- http_config eval: main::http2()
--- timeout: 60



=== TEST 5: cookies in crumbs
--- http_config eval: main::http2()
--- timeout: 60
