# "nginx -t" says yes or no, and changes nothing on disk.

use lib 't/lib';
use VeriffTest;
use VeriffConf;

use File::Find ();
use Test::More ();

my $keys = $ENV{TEST_NGINX_KEYS};
my $dir = File::Temp::tempdir('veriff-conf-XXXXXX', TMPDIR => 1,
                              CLEANUP => 1);
my $port = server_port();

# everything that a file tells about itself but when it was read
sub snapshot {
    my %found;

    File::Find::find(sub {
        my @stat = lstat $_;
        $found{$File::Find::name} = join ' ', @stat[1 .. 5, 7, 9, 10];
    }, $keys, "$dir/conf");

    return \%found;
}

sub configure {
    my ($text) = @_;

    # none for a module that is linked into nginx
    my $module = $ENV{TEST_NGINX_LOAD_MODULES};
    my $load = $module eq '' ? '' : "load_module $module;";

    open my $out, '>', "$dir/conf/nginx.conf" or die "nginx.conf: $!";
    print $out <<"END";
$load
pid $dir/run/nginx.pid;
events { }
http {
    access_log off;
    include $keys/kyc.conf;
    server {
        listen 127.0.0.1:$port;
        include $keys/api.conf;
        location = /start {
            veriff_session kyc;
            include $keys/basic.conf;
        }
        location = /webhook { veriff_webhook kyc; }
        $text
    }
}
END
    close $out or die "nginx.conf: $!";
}

sub check {
    local $ENV{LD_PRELOAD} = $ENV{TEST_NGINX_LD_PRELOAD} // '';
    local $ENV{ASAN_OPTIONS} = 'detect_odr_violation=0,detect_leaks=0';

    my $said = `$ENV{TEST_NGINX_BINARY} -t -p $dir/ -e stderr \\
                -c $dir/conf/nginx.conf 2>&1`;

    return ($?, $said);
}

Test::More::plan(tests => 6);

mkdir "$dir/$_" or die "$dir/$_: $!" for qw(conf run);

for my $case (['', 0, qr/test is successful/],
              ['nonsense;', 256, qr/unknown directive "nonsense"/])
{
    my ($text, $code, $message) = @$case;
    my $name = 'TEST ' . ($code ? '2: a broken one' : '1: a good one');

    configure($text);

    my $before = snapshot();
    my ($got, $said) = check();

    Test::More::is($got, $code, "$name - exit code");
    Test::More::like($said, $message, "$name - message");
    Test::More::is_deeply(snapshot(), $before, "$name - nothing changed");
}
