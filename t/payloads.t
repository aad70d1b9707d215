# The templates of conf-examples/payloads/: what the provider gets from each.
#
# A user's session is made twice: when the application knows what the product
# needs, and when it knows the user only.  Both bodies are then compared with
# what must arrive, as JSON: all members and their types.

use lib 't/lib';
use Cwd qw(realpath);
use File::Basename qw(basename dirname);
use JSON::PP ();
use VeriffTest;
use VeriffSession;
use Test::More;

my $dir = realpath(dirname(__FILE__) . '/../conf-examples/payloads');

# alice's, under the key of account(); what is sent for a user never changes
my %of_alice = (
    TOKEN => 'ARmVcYL-KgNJpfGTQyFnlbbA1gUcgw',
    UUID  => 'c5716652-5c3b-5c04-b32e-4a4ec2ffe89d',
);

my @details = qw(first_name last_name birth_date id_number phone_number
                 full_address document_number document_type document_country
                 mx_ine mx_ife ssn consent_ine);

my %sent_by_block;

our $callback = 'callback https://example.com/callback;';

key_file('fixed_key', 'k' x 32);


# ---- configuration ---------------------------------------------------------

sub account {
    my ($more) = @_;

    return <<"EOF_CONFIG";
veriff_key_file \$TEST_NGINX_KEYS/fixed_key;

veriff_integration kyc {
    api_key_file \$TEST_NGINX_KEYS/api_key;
    shared_secret_file \$TEST_NGINX_KEYS/shared_secret;
    url_hosts 127.0.0.1;
    user \$auth_user;
    $more
}
EOF_CONFIG
}

sub header_of { return 'X-' . join '-', map { ucfirst } split /_/, $_[0] }

# An application that knows of a user what the request says.
sub app {
    return "server {\n    listen \$TEST_NGINX_RAND_PORT_1;\n"
           . join('', map { '    add_header ' . header_of($_)
                            . " \$http_x_$_;\n" } 'user', @details)
           . "    location / { return 204; }\n}\n";
}

sub site {
    my ($name, $more) = @_;

    $sent_by_block{$name} = 1;
    $more //= '';

    return account("payload_file $dir/$name.json; $more") . app();
}

# the same with a change in the template
sub site_but {
    my ($name, $pattern, $text) = @_;

    open my $in, '<', "$dir/$name.json" or die "$name: $!";
    my $json = do { local $/; <$in> };

    $json =~ s/$pattern/$text/ or die "$name has no $pattern";

    return account("payload '$json';") . app();
}

sub places {
    return api() . <<'EOF_CONFIG'
location = /session {
    internal;
    proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
}

location = /seen {
    proxy_pass http://127.0.0.1:$TEST_NGINX_SANDBOX_HTTP_PORT/_sandbox/requests;
}

location = /json {
    veriff_session kyc format=json;
    auth_request /session;
    auth_request_set $auth_user $upstream_http_x_user;
EOF_CONFIG
           . join('', map { "auth_request_set \$$_ \$upstream_http_x_$_;\n" }
                      @details)
           . "}\n";
}


# ---- requests and answers --------------------------------------------------

# Nothing of a person is in the log.
sub personal { canary($_) for grep { !/^(?:true|false|null)$/ } @_ }

# The requests' headers: with these details, with none, and to look.
sub knows {
    my (%detail) = @_;

    personal(map { $detail{$_} } grep { !/_(?:type|country)$/ } keys %detail);

    my $user = "X-User: alice\n";

    return [$user . join('', map { header_of($_) . ": $detail{$_}\n" }
                             sort keys %detail), $user, ''];
}

# One request for each value of a detail, and one to look.
sub knows_one_of {
    my ($detail, @values) = @_;

    personal(grep { length > 4 } @values);

    return [(map { "X-User: alice\n" . header_of($detail) . ": $_\n" }
                 @values), ''];
}

# The same JSON is the same text; a number is no string.
sub canonical {
    my ($json) = @_;

    my $codec = JSON::PP->new->utf8->canonical;

    return $codec->encode($codec->decode($json));
}

sub filled {
    my ($json) = @_;

    $json =~ s/"(TOKEN|UUID)"/"$of_alice{$1}"/g;

    return canonical("{\"verification\": $json}");
}

# The "verification" of both bodies that must have arrived, and what the second
# request was answered with, if the provider refuses it.
sub arrives {
    my ($all, $bare, $refused) = @_;

    my $second = $refused ? "$refused\n" : "created\n";

    return ["created\n", $second, filled($all) . "\n" . filled($bare) . "\n"];
}

# the same of one request
sub is_sent {
    my ($json) = @_;

    return filled($json) . "\n";
}

# Test::Nginx puts it between an answer and what is expected of it.
sub shown {
    my ($content) = @_;

    my $json = eval { local $SIG{__DIE__}; JSON::PP::decode_json($content) };

    if (ref $json eq 'HASH') {
        return ($json->{sessionUrl} ? 'created' : $json->{status}) . "\n";
    }

    return $content if ref $json ne 'ARRAY';
    return "nothing\n" if !@$json;

    my @bodies = VeriffSession::seen($content)
                 =~ m{^POST /v1/sessions\n.*?\n\n([^\n]*)\n}mgs;

    @bodies == @$json or return "other requests\n";

    for my $body (@bodies) {
        my $canonical = canonical($body);

        # no member twice, which the parser would hide
        $body = length $body == length $canonical ? $canonical
                : "not canonical: $body";
    }

    return join '', map { "$_\n" } @bodies;
}

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value(config => places()) if !defined $block->config;
    $block->set_value(response_body_filters => \&shown);

    # what nginx says at its start is in the error log, too
    $block->set_value(suppress_stderr => '');

    $block->set_value(request => ['GET /json', 'GET /json', 'GET /seen'])
        if !defined $block->request && !defined $block->must_die;
});

start_sandbox();
run_tests();

my @templates = map { basename($_, '.json') } glob "$dir/*";

is_deeply([sort keys %sent_by_block], [sort @templates],
          'each template has a block');

for my $name (@templates) {
    open my $in, '<', "$dir/$name.json" or die "$name: $!";
    my $json = do { local $/; <$in> };

    unlike($json, qr/:\s*(?:true|false|[\d-])/,
           "$name: nothing but strings and variables");
}

__DATA__

=== TEST 1: minimal, the user's token is added
--- http_config eval: main::site('minimal')
--- more_headers eval
main::knows()
--- response_body eval
main::arrives('{
    "vendorData": "TOKEN"}',
'{
    "vendorData": "TOKEN"}')



=== TEST 2: expanded, with a callback
--- http_config eval: main::site('expanded', $main::callback)
--- more_headers eval
main::knows(first_name => 'John', last_name => 'Smith',
            id_number => '123456789', document_number => 'B01234567',
            document_type => 'PASSPORT', document_country => 'US')
--- response_body eval
main::arrives('{
    "callback": "https://example.com/callback",
    "person": {"firstName": "John", "lastName": "Smith", "idNumber": "123456789"},
    "document": {"number": "B01234567", "type": "PASSPORT", "country": "US"},
    "endUserId": "UUID"}',
'{
    "callback": "https://example.com/callback",
    "endUserId": "UUID"}')



=== TEST 3: a consent
--- http_config eval: main::site('consent')
--- more_headers eval
main::knows(first_name => 'John', last_name => 'Smith',
            id_number => '123456789', document_number => 'B01234567',
            document_type => 'PASSPORT', document_country => 'US',
            consent_ine => 'true')
--- error_code eval: [200, 502, 200]
--- response_body eval
main::arrives('{
    "person": {"firstName": "John", "lastName": "Smith", "idNumber": "123456789"},
    "document": {"number": "B01234567", "type": "PASSPORT", "country": "US"},
    "endUserId": "UUID",
    "consents": [{"type": "ine", "approved": true}]}',
'{
    "endUserId": "UUID",
    "consents": [{"type": "ine"}]}', 502)



=== TEST 4: expanded, with address, consent and vendorData
--- http_config eval: main::site('expanded-consent', $main::callback)
--- more_headers eval
main::knows(first_name => 'John', last_name => 'Smith',
            id_number => '123456789', document_number => 'B01234567',
            document_type => 'PASSPORT', document_country => 'EE',
            full_address => 'Lorem Ipsum 30, 13612 Tallinn, Estonia',
            consent_ine => 'true')
--- error_code eval: [200, 502, 200]
--- response_body eval
main::arrives('{
    "callback": "https://example.com/callback",
    "person": {"firstName": "John", "lastName": "Smith", "idNumber": "123456789"},
    "document": {"number": "B01234567", "type": "PASSPORT", "country": "EE"},
    "address": {"fullAddress": "Lorem Ipsum 30, 13612 Tallinn, Estonia"},
    "vendorData": "TOKEN",
    "endUserId": "UUID",
    "consents": [{"type": "ine", "approved": true}]}',
'{
    "callback": "https://example.com/callback",
    "vendorData": "TOKEN",
    "endUserId": "UUID",
    "consents": [{"type": "ine"}]}', 502)



=== TEST 5: AML screening
--- http_config eval: main::site('aml-screening')
--- more_headers eval
main::knows(first_name => 'John', last_name => 'Smith',
            birth_date => '1990-01-01')
--- response_body eval
main::arrives('{
    "person": {"firstName": "John", "lastName": "Smith", "dateOfBirth": "1990-01-01"},
    "vendorData": "TOKEN"}',
'{
    "vendorData": "TOKEN"}')



=== TEST 6: Brazil: biometric database
--- http_config eval: main::site('br-biometric-database')
--- more_headers eval
main::knows(id_number => '12345678901', birth_date => '1990-01-15',
            first_name => "Jo\xc3\xa3o", last_name => 'Silva')
--- response_body eval
main::arrives('{
    "person": {"idNumber": "12345678901", "firstName": "Jo\u00e3o",
        "lastName": "Silva", "dateOfBirth": "1990-01-15"},
    "vendorData": "TOKEN",
    "endUserId": "UUID"}',
'{
    "vendorData": "TOKEN",
    "endUserId": "UUID"}')



=== TEST 7: Brazil: Cadastro Unico
--- http_config eval: main::site('br-cadastro-unico')
--- more_headers eval
main::knows(id_number => '12345678901', birth_date => '1990-01-15')
--- response_body eval
main::arrives('{
    "person": {"idNumber": "12345678901", "dateOfBirth": "1990-01-15"},
    "vendorData": "TOKEN"}',
'{
    "vendorData": "TOKEN"}')



=== TEST 8: Brazil: Probet
--- http_config eval: main::site('br-probet')
--- more_headers eval
main::knows(id_number => '12345678901', birth_date => '1990-01-15')
--- response_body eval
main::arrives('{
    "person": {"idNumber": "12345678901", "dateOfBirth": "1990-01-15"},
    "vendorData": "TOKEN"}',
'{
    "vendorData": "TOKEN"}')



=== TEST 9: Mexico: CURP
--- http_config eval: main::site('mx-curp')
--- more_headers eval
main::knows(id_number => 'VISH560427MSRLNL06')
--- response_body eval
main::arrives('{
    "person": {"idNumber": "VISH560427MSRLNL06"},
    "vendorData": "TOKEN"}',
'{
    "vendorData": "TOKEN"}')



=== TEST 10: Mexico: INE by IFE
--- http_config eval: main::site('mx-ine-ife', $main::callback)
--- more_headers eval
main::knows(document_number => '123456789M00000000',
            mx_ife => 'MEX1234567890123')
--- response_body eval
main::arrives('{
    "callback": "https://example.com/callback",
    "document": {"number": "123456789M00000000",
        "documentNumberIdentifiers": {"mxIfe": "MEX1234567890123"}},
    "vendorData": "TOKEN"}',
'{
    "callback": "https://example.com/callback",
    "vendorData": "TOKEN"}')



=== TEST 11: Mexico: INE by INE
--- http_config eval: main::site('mx-ine-ine', $main::callback)
--- more_headers eval
main::knows(document_number => '123456789M00000000',
            mx_ine => 'MEX1234567890123')
--- response_body eval
main::arrives('{
    "callback": "https://example.com/callback",
    "document": {"number": "123456789M00000000",
        "documentNumberIdentifiers": {"mxIne": "MEX1234567890123"}},
    "vendorData": "TOKEN"}',
'{
    "callback": "https://example.com/callback",
    "vendorData": "TOKEN"}')



=== TEST 12: proof of address: matching
--- http_config eval: main::site('proof-of-address-matching')
--- more_headers eval
main::knows(first_name => 'John', last_name => 'Smith',
            full_address => '123, Main Street, Your County, Anytown 12345')
--- response_body eval
main::arrives('{
    "person": {"firstName": "John", "lastName": "Smith"},
    "address": {"fullAddress":
        "123, Main Street, Your County, Anytown 12345"},
    "proofOfAddress": {"acceptableTypes": [{"name": "UTILITY_BILL"},
        {"name": "PHONE_BILL"}, {"name": "TAX_DOCUMENT"}]},
    "endUserId": "UUID"}',
'{
    "proofOfAddress": {"acceptableTypes": [{"name": "UTILITY_BILL"},
        {"name": "PHONE_BILL"}, {"name": "TAX_DOCUMENT"}]},
    "endUserId": "UUID"}')



=== TEST 13: proof of address
--- http_config eval: main::site('proof-of-address')
--- more_headers eval
main::knows()
--- response_body eval
main::arrives('{
    "proofOfAddress": {"acceptableTypes": [{"name": "UTILITY_BILL"},
        {"name": "PHONE_BILL"}, {"name": "TAX_DOCUMENT"}]},
    "endUserId": "UUID"}',
'{
    "proofOfAddress": {"acceptableTypes": [{"name": "UTILITY_BILL"},
        {"name": "PHONE_BILL"}, {"name": "TAX_DOCUMENT"}]},
    "endUserId": "UUID"}')



=== TEST 14: proof of address: with the name
--- http_config eval: main::site('proof-of-address-name')
--- more_headers eval
main::knows(first_name => 'John', last_name => 'Smith')
--- response_body eval
main::arrives('{
    "person": {"firstName": "John", "lastName": "Smith"},
    "proofOfAddress": {"acceptableTypes": [{"name": "UTILITY_BILL"},
        {"name": "PHONE_BILL"}, {"name": "TAX_DOCUMENT"}]},
    "endUserId": "UUID"}',
'{
    "proofOfAddress": {"acceptableTypes": [{"name": "UTILITY_BILL"},
        {"name": "PHONE_BILL"}, {"name": "TAX_DOCUMENT"}]},
    "endUserId": "UUID"}')



=== TEST 15: selfie to selfie
--- http_config eval: main::site('selfie-to-selfie')
--- more_headers eval
main::knows(first_name => 'John', last_name => 'Smith')
--- response_body eval
main::arrives('{
    "person": {"firstName": "John", "lastName": "Smith"},
    "endUserId": "UUID",
    "vendorData": "TOKEN"}',
'{
    "endUserId": "UUID",
    "vendorData": "TOKEN"}')



=== TEST 16: UK DIATF M1B
--- http_config eval: main::site('uk-diatf-m1b')
--- more_headers eval
main::knows(full_address => '123, Main Street, Your County, Anytown 12345')
--- response_body eval
main::arrives('{
    "address": {"fullAddress":
        "123, Main Street, Your County, Anytown 12345"},
    "vendorData": "TOKEN"}',
'{
    "vendorData": "TOKEN"}')



=== TEST 17: US light KYC
--- http_config eval: main::site('us-light-kyc')
--- more_headers eval
main::knows(first_name => 'John', last_name => 'Smith',
            birth_date => '1990-01-01',
            full_address => '123, Main Street, Your County, Anytown 12345',
            phone_number => '8888888888')
--- response_body eval
main::arrives('{
    "person": {"firstName": "John", "lastName": "Smith", "dateOfBirth": "1990-01-01",
        "phoneNumber": "8888888888"},
    "address": {"fullAddress":
        "123, Main Street, Your County, Anytown 12345"},
    "vendorData": "TOKEN"}',
'{
    "vendorData": "TOKEN"}')



=== TEST 18: US SSN
--- http_config eval: main::site('us-ssn')
--- more_headers eval
main::knows(first_name => 'John', last_name => 'Smith',
            birth_date => '1990-01-01', ssn => '123456789')
--- response_body eval
main::arrives('{
    "person": {"firstName": "John", "lastName": "Smith", "dateOfBirth": "1990-01-01"},
    "document": {"number": "123456789"},
    "vendorData": "TOKEN"}',
'{
    "vendorData": "TOKEN"}')



=== TEST 19: SDK
--- http_config eval: main::site('sdk', $main::callback)
--- more_headers eval
main::knows()
--- response_body eval
main::arrives('{
    "callback": "https://example.com/callback",
    "vendorData": "TOKEN"}',
'{
    "callback": "https://example.com/callback",
    "vendorData": "TOKEN"}')



=== TEST 20: a consent that the user has refused
--- http_config eval: main::site('consent')
--- request eval: ["GET /json", "GET /seen"]
--- more_headers eval
main::knows(consent_ine => 'false')
--- error_code eval: [502, 200]
--- response_body eval
["502\n", main::is_sent('{
    "endUserId": "UUID",
    "consents": [{"type": "ine", "approved": false}]}')]
--- error_log
veriff session "kyc": the provider gave an error, status 400, code 1104



=== TEST 21: a consent is true, 1, false or 0
--- http_config eval: main::site('consent')
--- request eval: [("GET /json") x 4, "GET /seen"]
--- more_headers eval
main::knows_one_of(consent_ine => 'yes', 'TRUE', 'on', '01')
--- error_code eval: [500, 500, 500, 500, 200]
--- response_body eval
[("500\n") x 4, "nothing\n"]
--- error_log
veriff session "kyc" not created: verification.consents[0].approved is not true or false



=== TEST 22: dates
--- http_config eval: main::site('us-light-kyc')
--- request eval: [("GET /json") x 4, "GET /seen"]
--- more_headers eval
main::knows_one_of(birth_date => '01/15/1990', '15.01.1990', '1990-02-30',
                   '19900115')
--- error_code eval: [500, 500, 500, 500, 200]
--- response_body eval
[("500\n") x 4, "nothing\n"]
--- error_log
veriff session "kyc" not created: verification.person.dateOfBirth is not a date YYYY-MM-DD



=== TEST 23: document numbers
--- http_config eval: main::site('us-ssn')
--- request eval: [("GET /json") x 3, "GET /seen"]
--- more_headers eval
main::knows_one_of(ssn => '123-45-6789', '123 45 6789', "12345678\xc3\xa9")
--- error_code eval: [500, 500, 500, 200]
--- response_body eval
[("500\n") x 3, "nothing\n"]
--- error_log
veriff session "kyc" not created: verification.document.number holds more than letters and digits



=== TEST 24: countries
--- http_config eval: main::site('expanded')
--- request eval: [("GET /json") x 3, "GET /seen"]
--- more_headers eval
main::knows_one_of(document_country => 'us', 'USA', 'U1')
--- error_code eval: [500, 500, 500, 200]
--- response_body eval
[("500\n") x 3, "nothing\n"]
--- error_log
veriff session "kyc" not created: verification.document.country is not a country code of two capital letters



=== TEST 25: what looks like a number is a string, whole
--- http_config eval: main::site('us-light-kyc')
--- request eval: ["GET /json", "GET /seen"]
--- more_headers eval
main::knows(first_name => 'null', last_name => 'true',
            phone_number => '0037255500123',
            full_address => '12345678901234567890')
--- error_code eval: [200, 200]
--- response_body eval
["created\n", main::is_sent('{
    "person": {"firstName": "null", "lastName": "true",
        "phoneNumber": "0037255500123"},
    "address": {"fullAddress": "12345678901234567890"},
    "vendorData": "TOKEN"}')]



=== TEST 26: nobody
--- http_config eval: main::site('proof-of-address')
--- request eval: ["GET /json", "GET /seen"]
--- more_headers
X-First-Name: John
--- error_code eval: [401, 200]
--- response_body eval
["401\n", "nothing\n"]



=== TEST 27: an id number that is a number, as the provider's page has it
--- http_config eval
main::site_but('br-probet', qr/"\$id_number"/, '12345678901')
--- must_die
--- error_log
verification.person.idNumber must be a string: quote the number



=== TEST 28: an id number made a number
--- http_config eval
main::site_but('br-probet', qr/\$id_number/, '$id_number:number')
--- must_die
--- error_log
verification.person.idNumber must be a string



=== TEST 29: a vendorData that is a number, as the provider's page has it
--- http_config eval
main::site_but('selfie-to-selfie', qr/"\$veriff_user_token"/, '12345678')
--- must_die
--- error_log
verification.vendorData must be a string: quote the number



=== TEST 30: a consent that is text
--- http_config eval: main::site_but('consent', qr/:bool/, '')
--- must_die
--- error_log
verification.consents[0].approved must be true or false, or a variable with ":bool" after it



=== TEST 31: a consent that the operator gives
--- http_config eval
main::site_but('consent', qr/"\$consent_ine:bool"/, 'true')
--- request: GET /seen
--- response_body
nothing
--- error_log
verification.consents[0].approved is the user's to give: use a variable, "$name:bool"



=== TEST 32: an acceptable type without a name
--- http_config eval
main::site_but('proof-of-address', qr/"name": "PHONE_BILL"/, '')
--- must_die
--- error_log
verification.proofOfAddress.acceptableTypes[1].name is missing



=== TEST 33: a variable that nothing sets
--- http_config eval: main::site('mx-curp')
--- config
set $auth_user alice;
location = /json { veriff_session kyc; }
--- must_die
--- error_log
unknown "id_number" variable
