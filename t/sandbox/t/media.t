use Mojo::Base -strict, -signatures;

# Media: upload, its limits and codes, listing, download.

use FindBin qw($RealBin);
use lib "$RealBin/../lib", "$RealBin/lib";

use Digest::SHA  qw(hmac_sha256_hex sha256_hex);
use MIME::Base64 qw(encode_base64);
use Mojo::JSON   qw(decode_json encode_json);
use SandboxTest  qw(
    $SECRET control created_session fails is_signed new_sandbox raw_exchange read_answer signed
    start_process
);
use Test::More;

my $t       = new_sandbox();
my $session = created_session($t);
my $id      = $session->{id};

sub upload ($body) {
    return $t->post_ok(
        "/v1/sessions/$id/media" => { signed($body), 'Content-Type' => 'application/json' } => $body
    );
}

sub image ($context, $content) {
    return encode_json({ image => { context => $context, content => $content } });
}

subtest 'upload, list, download' => sub {
    my $bytes = join '', map { chr($_ % 256) } 0 .. 9999;
    my $data  = 'data:image/png;base64,' . encode_base64($bytes, '');
    upload(image('document-front', $data))->status_is(200);
    is_signed($t);
    my $image = $t->tx->res->json->{image};
    is_deeply [@$image{qw(context name size mimetype sessionId timestamp)}],
        ['document-front', 'document-front.png', 10_000, 'image/png', $id, undef], 'described';
    is $image->{url}, "https://flow.test/v1/media/$image->{id}", 'its address';

    $t->get_ok("/v1/sessions/$id/media", { signed($id) })->status_is(200);
    is_signed($t);
    is_deeply $t->tx->res->json,
        { status => 'success', images => [$image], videos => [], nfcDocuments => [] }, 'listed';

    my $attempt = $t->get_ok("/_sandbox/sessions/$id")->tx->res->json->{attemptId};
    $t->get_ok("/v1/attempts/$attempt/media", { signed($attempt) })->status_is(200)
        ->json_is('/images', [$image]);
    fails(
        $t->get_ok("/v1/attempts/$attempt/media", { signed($id) }),
        401, '1818', 'the attempt id is signed, not the session id'
    );

    $t->get_ok("/v1/media/$image->{id}", { signed($image->{id}) })->status_is(200)
        ->content_type_is('image/png');
    ok $t->tx->res->body eq $bytes, 'the same bytes come back';
    is_signed($t, 'and are signed');
};

subtest 'refusals' => sub {
    my $good = encode_base64('x' x 30, '');
    my @bad  = (
        ['{}',                                                        1403],
        ['{"image":"face"}',                                          1403],
        ['[]',                                                        1403],
        [image('holiday', $good),                                     1402],
        ['{"image":{"content":"AAAA"}}',                              1402],
        ['{"image":{"context":"face"}}',                              1400],
        [image('face', ''),                                           1400],
        [image('face', 'data:image/png;base64,'),                     1400],
        [image('face', 'data:image/png;base64,***'),                  1401],
        [image('face', 'abc'),                                        1401],
        [image('face', 'data:text/html;base64,AAAA'),                 1401],
        [image('face-nfc', { com => 'AAAA', sod => 'AAAA' }),         1400],
        [image('face-nfc', { map { $_ => '?' } qw(com sod dg1 dg2) }), 1401],
        ['{"image":',                                                 1101],
    );
    for my $case (@bad) {
        my ($body, $code) = @$case;
        fails(upload($body), 400, $code, substr $body, 0, 60);
        is_signed($t);
    }
    upload(image('face-nfc', { map { $_ => 'AAAA' } qw(com sod dg1 dg2) }))->status_is(200);
    is @{ $t->get_ok("/v1/sessions/$id/media", { signed($id) })->tx->res->json->{nfcDocuments} },
        1, 'data of a chip';
};

subtest '24 MB' => sub {
    my $it   = start_process();
    my $send = sub ($method, $path, $headers, $body = '') {
        my %all = (
            Host => 'localhost', Connection => 'close', 'Content-Length' => length $body,
            'Content-Type' => 'application/json', %$headers,
        );
        my $head = join "\r\n", "$method $path HTTP/1.1", (map {"$_: $all{$_}"} sort keys %all), '', '';
        return read_answer(raw_exchange($it->{http}, $head . $body));
    };
    my $post = sub ($path, $content) {
        my $body = qq({"image":{"context":"face","content":"$content"}});
        my ($status, $headers, $answer) = $send->(POST => $path, { signed($body) }, $body);
        is $headers->{'x-hmac-signature'}[0], hmac_sha256_hex($answer, $SECRET), 'signed';
        return ($status, decode_json($answer));
    };

    my $empty  = '{"verification":{}}';
    my $made   = decode_json(($send->(POST => '/v1/sessions', { signed($empty) }, $empty))[2]);
    my $path   = "/v1/sessions/$made->{verification}{id}/media";
    my $most   = 24 * 1024 * 1024;
    my $bytes  = 'abc' x ($most / 4);
    my ($status, $answer) = $post->($path, 'data:image/jpeg;base64,' . encode_base64($bytes, ''));
    is $status, 200, 'accepted';
    is $answer->{image}{size}, length $bytes, 'all of it';

    my $media = $answer->{image}{id};
    ($status, my ($headers, $file)) = $send->(GET => "/v1/media/$media", { signed($media) });
    is $status, 200, 'download';
    is sha256_hex($file), sha256_hex($bytes), 'unharmed';
    is $headers->{'x-hmac-signature'}[0], hmac_sha256_hex($bytes, $SECRET), 'signed';

    ($status, $answer) = $post->($path, 'A' x ($most + 1024));
    is_deeply [$status, $answer->{code}], [413, '1101'], 'more is refused';
    ($status, $headers, $answer) = $send->(POST => $path, { signed('') }, 'x' x (41 * 1024 * 1024));
    is $status, 413, 'much more as well';
};

subtest 'attempts and states' => sub {
    control($t, "sessions/$id/event",  { action => 'submitted' });
    fails(upload(image('face', 'AAAA')), 409, '1101', 'after it was submitted');
    control($t, "sessions/$id/decide", { status => 'resubmission_requested' });
    control($t, "sessions/$id/event",  { action => 'started' });
    upload(image('face', 'AAAA'))->status_is(200);
    is @{ $t->get_ok("/v1/sessions/$id/media", { signed($id) })->tx->res->json->{images} }, 1,
        'only the media of the latest attempt';

    my $body = image('face', 'AAAA');
    my $other = '5b1f0e52-4e0e-4a57-9d7c-3a2f9c1d0b11';
    fails(
        $t->post_ok("/v1/sessions/$other/media", { signed($body) }, $body),
        404, '1101', 'an unknown session'
    );
    fails(
        $t->post_ok("/v1/sessions/$id/media", { signed($id) }, $body),
        401, '1819', 'the body is signed, not the id'
    );
};

done_testing;
