package Sandbox::Media;

# Uploaded files: checks of the upload and how they are shown.

use Mojo::Base -strict, -signatures;

use Exporter     qw(import);
use MIME::Base64 qw(decode_base64);
use Sandbox::Json qw(is_string json_bytes object);

our @EXPORT_OK = qw(describe_media list_media read_upload);

use constant LONGEST_BASE64 => 24 * 1024 * 1024;

my %EXTENSION = (
    'image/jpeg' => 'jpeg', 'image/jpg'  => 'jpg',  'image/png'  => 'png',
    'image/webp' => 'webp', 'image/heif' => 'heif', 'image/heic' => 'heic',
    'application/pdf' => 'pdf',
);

my %CONTEXT = map { $_ => 1 } qw(
    face face-pre face-nfc face-cropped face-reference registry-face
    document-front document-front-pre document-front-qrcode document-front-qrcode-pre
    document-front-face-cropped document-front-with-signature document-front-with-signature-pre
    document-back document-back-pre document-back-barcode document-back-barcode-pre
    document-back-qrcode document-back-qrcode-pre document-and-face document-and-face-pre
    address-front generic-document-front
);

my $BASE64 = qr{\A[A-Za-z0-9+/]++={0,2}\z};

# Returns (media) or (undef, code, message, status).
sub read_upload ($body) {
    return (undef, '1403', 'image is missing') unless ref $body eq 'HASH' && exists $body->{image};
    my $image = $body->{image};
    return (undef, '1403', 'image must be an object') unless ref $image eq 'HASH';

    my ($context, $content) = @$image{qw(context content)};
    return (undef, '1402', 'Context is not supported')
        unless is_string($context) && $CONTEXT{$context};
    return _read_chip($context, $content) if ref $content eq 'HASH';
    return (undef, '1400', 'Image data is missing') unless is_string($content) && length $content;

    return (undef, '1101', 'Image is larger than 24 MB', 413)
        if length $content > LONGEST_BASE64 + 64;

    my $type = 'image/jpeg';
    $type = lc $1 if $content =~ s{\Adata:([^;,]+);base64,}{};
    return (undef, '1401', 'File format is not supported') unless $EXTENSION{$type};
    return (undef, '1400', 'Image data is missing')        unless length $content;
    return (undef, '1401', 'Image is not valid base64')    unless _is_base64($content);

    return {
        kind     => 'images',
        context  => $context,
        name     => "$context.$EXTENSION{$type}",
        mimetype => $type =~ s/jpg\z/jpeg/r,
        bytes    => decode_base64($content),
    };
}

sub describe_media ($media) {
    return object(
        id        => $media->{id},
        context   => $media->{context},
        name      => $media->{name},
        timestamp => undef,
        size      => length $media->{bytes},
        mimetype  => $media->{mimetype},
        url       => $media->{url},
        sessionId => $media->{session_id},
    );
}

sub list_media ($attempt) {
    my %list = (images => [], nfcDocuments => []);
    push @{ $list{ $_->{kind} } }, describe_media($_) for @{ $attempt->{media} };
    return object(
        status       => 'success',
        images       => $list{images},
        videos       => [],
        nfcDocuments => $list{nfcDocuments},
    );
}

sub _is_base64 ($text) { return $text =~ $BASE64 && length($text) % 4 == 0 }

sub _read_chip ($context, $content) {
    for my $part (qw(com sod dg1 dg2)) {
        return (undef, '1400', "NFC data $part is missing") unless is_string($content->{$part});
        return (undef, '1401', "NFC data $part is not valid base64")
            unless _is_base64($content->{$part});
    }
    return {
        kind     => 'nfcDocuments',
        context  => $context,
        name     => "$context.json",
        mimetype => 'application/json',
        bytes    => json_bytes($content),
    };
}

1;
