use Mojo::Base -strict, -signatures;

# From creation to the end: PATCH, DELETE, decisions, resubmissions, time.

use FindBin qw($RealBin);
use lib "$RealBin/../lib", "$RealBin/lib";

use SandboxTest qw(
    $KEY control created_session fails is_signed new_receiver new_sandbox signed wait_for
);
use Mojo::JSON qw(decode_json encode_json true);
use Test::More;

my $submitted = '{"verification":{"status":"submitted"}}';

sub patch ($t, $id, $body = $submitted) {
    return $t->patch_ok(
        "/v1/sessions/$id" => { signed($body), 'Content-Type' => 'application/json' } => $body
    );
}

sub remove ($t, $id) { return $t->delete_ok("/v1/sessions/$id" => { signed($id) }) }

sub decision ($t, $id) {
    $t->get_ok("/v1/sessions/$id/decision", { signed($id) })->status_is(200);
    is_signed($t);
    return $t->tx->res->json->{verification};
}

subtest 'PATCH' => sub {
    my $receiver = new_receiver();
    my $t        = new_sandbox('--event-url', $receiver->{url});
    my $v        = created_session($t, '{"verification":{"vendorData":"u-1"}}');

    fails(patch($t, $v->{id}, '{"verification":{"status":"started"}}'), 400, '1303', 'other status');
    fails(patch($t, $v->{id}, '{"verification":{"status":null}}'), 400, '1303', 'null');
    fails(patch($t, $v->{id}, '{"verification":{}}'), 400, '1102', 'no status');
    fails(patch($t, $v->{id}, '[]'), 400, '1102', 'no object');
    fails(patch($t, $v->{id}, '{'),  400, '1101', 'no JSON');
    fails(
        $t->patch_ok("/v1/sessions/$v->{id}" => { signed($v->{id}) } => $submitted),
        401, '1819', 'the id signed instead of the body'
    );

    patch($t, $v->{id})->status_is(200)->json_is('/verification/status', 'submitted')
        ->json_is('/verification/id', $v->{id})->json_is('/verification/vendorData', 'u-1');
    is_signed($t);
    fails(patch($t, $v->{id}), 400, '1304', 'twice');
    wait_for('the event arrives', sub { @{ $receiver->{seen} } });
    my $event = decode_json($receiver->{seen}[0]{body});
    is_deeply [@$event{qw(id code action feature vendorData)}],
        [$v->{id}, 7002, 'submitted', 'selfid', 'u-1'], 'event 7002';
    is decision($t, $v->{id}), undef, 'no decision yet';
};

subtest 'decisions' => sub {
    my $t = new_sandbox();
    my $v = created_session($t,
        '{"verification":{"vendorData":"u-1","person":{"firstName":"Ann","lastName":"Lee"}}}');
    my %code = (approved => 9001, declined => 9102, resubmission_requested => 9103,
        expired => 9104, abandoned => 9104, review => 9121);

    for my $status (sort keys %code) {
        control($t, "sessions/$v->{id}/decide", { status => $status });
        my $d = decision($t, $v->{id});
        is_deeply [@$d{qw(id status code vendorData)}],
            [$v->{id}, $status, $code{$status}, 'u-1'], "$status: what is needed";
        if ($status =~ /expired|abandoned/) {
            is $d->{decisionTime}, undef, 'no decision time';
        }
        else {
            like $d->{decisionTime}, qr/\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z\z/, 'decision time';
        }
        is $d->{person}{firstName}, 'Ann', 'the person asked for';
        ok exists $d->{document}{type}, 'a document';
        is ref $d->{comments}, 'ARRAY', 'comments';
        like $t->tx->res->body, qr{"code":$code{$status}\b}, 'the code is a number';
    }

    control($t, "sessions/$v->{id}/decide",
        { status => 'declined', decisionTime => '2026-01-02T03:04:05.678Z', reasonCode => 120 });
    my $d = decision($t, $v->{id});
    is_deeply [@$d{qw(status decisionTime reasonCode)}],
        ['declined', '2026-01-02T03:04:05.678Z', 120], 'as wished';

    $t->post_ok("/_sandbox/sessions/$v->{id}/decide", json => { status => 'perhaps' })
        ->status_is(400);
    $t->post_ok("/_sandbox/sessions/$v->{id}/decide", json => { status => 'approved', x => 1 })
        ->status_is(400);
    $t->post_ok('/_sandbox/sessions/nobody/decide', json => { status => 'approved' })
        ->status_is(404);
};

subtest 'resubmission' => sub {
    my $t  = new_sandbox();
    my $v  = created_session($t);
    my $do = sub ($call, $wish) { return control($t, "sessions/$v->{id}/$call", $wish) };

    my $before = $do->('event', { action => 'submitted' });
    my $asked  = $do->('decide', { status => 'resubmission_requested' });
    is $asked->{attemptId}, $before->{attemptId}, 'the decision is about the old attempt';
    my $again = $do->('event', { action => 'started' });
    isnt $again->{attemptId}, $before->{attemptId}, 'a new attempt';
    is $again->{url}, $v->{url}, 'the same URL';
    is @{ $again->{attempts} }, 2, 'both attempts are known';

    for my $number (2 .. 9) {
        $do->('event', { action => 'submitted' });
        is $do->('decide', { status => 'resubmission_requested' })->{status},
            'resubmission_requested', "resubmission $number";
    }
    $do->('event', { action => 'submitted' });
    my $last = $do->('decide', { status => 'resubmission_requested' });
    is $last->{status}, 'declined', 'the tenth is declined';
    is $last->{decision}{reasonCode}, 539, 'with reason code 539';
    is @{ $last->{attempts} }, 10, 'ten attempts';
};

subtest 'time' => sub {
    my $receiver = new_receiver();
    my $t        = new_sandbox('--webhook-url', $receiver->{url});
    my @v        = map { created_session($t) } 1 .. 4;
    control($t, "sessions/$v[1]{id}/event",  { action => 'started' });
    control($t, "sessions/$v[2]{id}/event",  { action => 'submitted' });
    control($t, "sessions/$v[3]{id}/decide", { status => 'approved', wait => true });
    @{ $receiver->{seen} } = ();

    control($t, 'time', { advance => 7 * 86_400 - 60 });
    is decision($t, $v[0]{id}), undef, 'not yet expired';
    control($t, 'time', { advance => 61, wait => true });
    is decision($t, $v[0]{id})->{status}, 'expired',   'created has expired';
    is decision($t, $v[1]{id})->{status}, 'abandoned', 'started is abandoned';
    is decision($t, $v[2]{id}),           undef,       'submitted waits on';
    is decision($t, $v[3]{id})->{status}, 'approved',  'approved stays';

    my @sent = map { decode_json($_->{body})->{verification} } @{ $receiver->{seen} };
    is_deeply
        [map { join ' ', @$_{qw(id status code)}, $_->{decisionTime} // 'null' }
            sort { $b->{status} cmp $a->{status} } @sent],
        ["$v[0]{id} expired 9104 null", "$v[1]{id} abandoned 9104 null"],
        'both were told, without a decision time';

    $t->post_ok('/_sandbox/time', json => { advance => 'soon' })->status_is(400);
};

subtest 'DELETE' => sub {
    my $receiver = new_receiver();
    my $t        = new_sandbox('--webhook-url', $receiver->{url});
    my %id       = map { $_ => created_session($t)->{id} }
        qw(created started approved submitted review other one_more);
    control($t, "sessions/$id{started}/event",   { action => 'started' });
    control($t, "sessions/$id{submitted}/event", { action => 'submitted' });
    control($t, "sessions/$id{$_}/decide", { status => $_, wait => true }) for qw(approved review);
    @{ $receiver->{seen} } = ();

    for ([submitted => '1306'], [review => '1305']) {
        my ($status, $code) = @$_;
        remove($t, $id{$status})->status_is(400)->json_is('/status', 400)->json_is('/code', $code);
        like $t->tx->res->body, qr/"status":400[,}]/, 'status is a number here';
        is_signed($t);
    }
    for my $status (qw(created started approved)) {
        remove($t, $id{$status})->status_is(200)
            ->json_is({ status => 'success', verification => { id => $id{$status} } });
        is_signed($t);
        fails(remove($t, $id{$status}), 404, '1101', 'gone');
    }
    wait_for('final decisions arrive', sub { @{ $receiver->{seen} } == 2 });
    is_deeply
        [sort map { decode_json($_->{body})->{verification}{status} } @{ $receiver->{seen} }],
        [qw(abandoned expired)], 'for the open ones only';

    remove($t, created_session($t)->{id})->status_is(200) for 1 .. 2;
    fails(remove($t, $id{other}), 429, '1004', 'more than five in an hour');
    ok $t->tx->res->headers->header('Retry-After') > 3500, 'Retry-After';
    control($t, 'time', { advance => 3601 });
    remove($t, $id{other})->status_is(200);
};

subtest 'reset' => sub {
    my $t = new_sandbox('--rate', 2);
    created_session($t) for 1 .. 2;
    control($t, 'config', { rate => 7, retry_interval => 1.5 });
    control($t, 'time',   { advance => 1e6 });
    control($t, 'faults', { delay => 1 });
    control($t, 'reset');
    is_deeply $t->get_ok("/_sandbox/$_")->tx->res->json, [], "no $_"
        for qw(sessions requests faults webhooks);
    is $t->get_ok('/_sandbox/config')->tx->res->json->{rate}, 2, 'settings as at start';
    ok abs(control($t, 'time', { advance => 0 })->{now} - time) < 60, 'clock as well';
    created_session($t);
    $t->post_ok('/_sandbox/config', json => { api_key => 'x' })->status_is(400);
    $t->post_ok('/_sandbox/config', json => { webhook_url => 'nowhere' })->status_is(400);
    $t->post_ok('/_sandbox/unknown')->status_is(404);
};

done_testing;
