# Key files: what is read, and what is said of a bad one.

use lib 't/lib';
use VeriffTest;
use VeriffConf;

my @secrets = map { sprintf 'secret-number-%02d', $_ } 1 .. 17;

canary($_) for @secrets;

key_file('empty', '');
key_file('newlines', "\n\r\n\n");
key_file('large', 'x' x 4096 . "\n");
key_file('space', api_key() . " \n");
key_file('bom', "\xef\xbb\xbf" . api_key() . "\n");
key_file('nul', "$secrets[0]\nsecret\0number\n");
key_file('short', "$secrets[0]\n1234567\n");
key_file('two', "$secrets[0]\n11111111-2222-4333-8444-555555555555\n");
key_file('other', "11111111-2222-4333-8444-555555555555\n");
key_file('upper', uc(api_key()) . "\n");
key_file('sixteen', join("\r\n\n", @secrets[0 .. 15]));
key_file('seventeen', join("\n", @secrets));
key_file('open', "$secrets[0]\n", 0604);
key_file('noid', "not-a-uuid-but-a-key\n");
key_file('key31', 'x' x 31);
key_file('key33', 'x' x 33);
key_file('openkey', 'x' x 32, 0604);

symlink 'loop', "$ENV{TEST_NGINX_KEYS}/loop" or die "symlink: $!";
system('mkfifo', "$ENV{TEST_NGINX_KEYS}/fifo") == 0 or die "mkfifo: $?";

run_tests();

__DATA__

=== TEST 1: a good pair
--- user_files
>>> http.conf
veriff_integration kyc {
    include $TEST_NGINX_KEYS/pair.conf;
}
--- no_error_log
[warn]



=== TEST 2: no such file
--- user_files
>>> http.conf
veriff_integration kyc {
    api_key_file  missing;
}
--- must_die
--- error_log eval
::emerg('open() "*/conf/missing" failed (2: No such file or directory)',
        'http.conf:2')



=== TEST 3: no file at all
--- user_files
>>> http.conf
veriff_integration kyc {
    api_key_file  $TEST_NGINX_KEYS/api_key/x;
}
--- must_die
--- error_log eval
::emerg('open() "*/api_key/x" failed (20: Not a directory)', 'http.conf:2')



=== TEST 4: a link to nowhere readable
--- user_files
>>> http.conf
veriff_integration kyc {
    shared_secret_file  $TEST_NGINX_KEYS/loop;
}
--- must_die
--- error_log eval
::emerg('open() "*/loop" failed (40: Too many levels of symbolic links)',
        'http.conf:2')



=== TEST 5: a directory
--- user_files
>>> http.conf
veriff_integration kyc {
    api_key_file  $TEST_NGINX_KEYS;
}
--- must_die
--- error_log eval
::emerg('"*" is not a regular file', 'http.conf:2')



=== TEST 6: a FIFO does not hang it
--- user_files
>>> http.conf
veriff_integration kyc {
    shared_secret_file  $TEST_NGINX_KEYS/fifo;
}
--- must_die
--- error_log eval
::emerg('"*/fifo" is not a regular file', 'http.conf:2')



=== TEST 7: an empty file
--- user_files
>>> http.conf
veriff_integration kyc {
    api_key_file  $TEST_NGINX_KEYS/empty;
}
--- must_die
--- error_log eval
::emerg('"*/empty" is empty, it must hold the value as the provider\'s portal shows it',
        'http.conf:2')



=== TEST 8: empty lines only
--- user_files
>>> http.conf
veriff_integration kyc {
    shared_secret_file  $TEST_NGINX_KEYS/newlines;
}
--- must_die
--- error_log eval
::emerg('"*/newlines" is empty, it must hold the value as the provider\'s portal shows it',
        'http.conf:2')



=== TEST 9: a file that is too large
--- user_files
>>> http.conf
veriff_integration kyc {
    shared_secret_file  $TEST_NGINX_KEYS/large;
}
--- must_die
--- error_log eval
::emerg('"*/large" has 4097 bytes, the maximum is 4096', 'http.conf:2')



=== TEST 10: a key with a space
--- user_files
>>> http.conf
veriff_integration kyc {
    api_key_file  $TEST_NGINX_KEYS/space;
}
--- must_die
--- error_log eval
::emerg('space, control or non-ASCII character in line 1 of "*/space", put the bare value on its own line',
        'http.conf:2')



=== TEST 11: a byte order mark
--- user_files
>>> http.conf
veriff_integration kyc {
    api_key_file  $TEST_NGINX_KEYS/bom;
}
--- must_die
--- error_log eval
::emerg('space, control or non-ASCII character in line 1 of "*/bom", put the bare value on its own line',
        'http.conf:2')



=== TEST 12: a NUL in the second line
--- user_files
>>> http.conf
veriff_integration kyc {
    shared_secret_file  $TEST_NGINX_KEYS/nul;
}
--- must_die
--- error_log eval
::emerg('space, control or non-ASCII character in line 2 of "*/nul", put the bare value on its own line',
        'http.conf:2')



=== TEST 13: a secret that is too short
--- user_files
>>> http.conf
veriff_integration kyc {
    shared_secret_file  $TEST_NGINX_KEYS/short;
}
--- must_die
--- error_log eval
::emerg('value in line 2 of "*/short" is shorter than 8 bytes', 'http.conf:2')



=== TEST 14: two API keys
--- user_files
>>> http.conf
veriff_integration kyc {
    api_key_file  $TEST_NGINX_KEYS/two;
}
--- must_die
--- error_log eval
::emerg('too many lines in "*/two", the maximum is 1', 'http.conf:2')



=== TEST 15: sixteen secrets, with CRLF and empty lines
--- user_files
>>> http.conf
veriff_integration kyc {
    api_key_file  $TEST_NGINX_KEYS/api_key;
    shared_secret_file  $TEST_NGINX_KEYS/sixteen;
}
--- no_error_log
[warn]



=== TEST 16: seventeen secrets
--- user_files
>>> http.conf
veriff_integration kyc {
    shared_secret_file  $TEST_NGINX_KEYS/seventeen;
}
--- must_die
--- error_log eval
::emerg('too many lines in "*/seventeen", the maximum is 16', 'http.conf:2')



=== TEST 17: the API key as secret
--- user_files
>>> http.conf
veriff_integration kyc {
    api_key_file  $TEST_NGINX_KEYS/api_key;
    shared_secret_file  $TEST_NGINX_KEYS/api_key;
}
--- must_die
--- error_log eval
::emerg('API key and shared secret are the same, the portal shows two different values',
        'http.conf:4')



=== TEST 18: the API key as one of the secrets of a webhook key
--- user_files
>>> http.conf
veriff_integration kyc {
    include $TEST_NGINX_KEYS/pair.conf;
    webhook_key  $TEST_NGINX_KEYS/other  $TEST_NGINX_KEYS/two;
}
--- must_die
--- error_log eval
::emerg('API key and shared secret are the same, the portal shows two different values',
        'http.conf:3')



=== TEST 19: a key twice in webhook_key
--- user_files
>>> http.conf
veriff_integration kyc {
    include $TEST_NGINX_KEYS/pair.conf;
    webhook_key  $TEST_NGINX_KEYS/api_key  $TEST_NGINX_KEYS/shared_secret;
    webhook_key  $TEST_NGINX_KEYS/upper  $TEST_NGINX_KEYS/sixteen;
}
--- must_die
--- error_log eval
::emerg('"webhook_key" directive repeats an API key, put all secrets of a key into one file',
        'http.conf:4')



=== TEST 20: a bad secret in webhook_key
--- user_files
>>> http.conf
veriff_integration kyc {
    include $TEST_NGINX_KEYS/pair.conf;
    webhook_key  $TEST_NGINX_KEYS/other  missing;
}
--- must_die
--- error_log eval
::emerg('open() "*/conf/missing" failed (2: No such file or directory)',
        'http.conf:3')



=== TEST 21: several webhook keys
--- user_files
>>> http.conf
veriff_integration kyc {
    include $TEST_NGINX_KEYS/pair.conf;
    webhook_key  $TEST_NGINX_KEYS/other  $TEST_NGINX_KEYS/sixteen;
    webhook_key  $TEST_NGINX_KEYS/api_key  $TEST_NGINX_KEYS/shared_secret;
}
--- no_error_log
[warn]



=== TEST 22: a secret that everybody can read
--- user_files
>>> http.conf
veriff_integration kyc {
    api_key_file  $TEST_NGINX_KEYS/api_key;
    shared_secret_file  $TEST_NGINX_KEYS/open;
}
--- error_log eval
::warning('"*/open" can be read by everybody, use "chmod o-r"', 'http.conf:3')



=== TEST 23: an API key that is no UUID
--- user_files
>>> http.conf
veriff_integration kyc {
    api_key_file  $TEST_NGINX_KEYS/noid;
    shared_secret_file  $TEST_NGINX_KEYS/shared_secret;
}
--- error_log eval
::warning('API key in "*/noid" is not a UUID, the provider\'s keys are',
          'http.conf:2')



=== TEST 24: veriff_key_file: no such file
--- user_files
>>> http.conf
veriff_key_file  missing;
--- must_die
--- error_log eval
::emerg('open() "*/conf/missing" failed (2: No such file or directory)',
        'http.conf:1')



=== TEST 25: veriff_key_file: 31 bytes
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key31;
--- must_die
--- error_log eval
::emerg('"*/key31" has 31 bytes, a key file has exactly 32 random bytes, make one with "head -c 32 /dev/urandom"',
        'http.conf:1')



=== TEST 26: veriff_key_file: 33 bytes
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key33;
--- must_die
--- error_log eval
::emerg('"*/key33" has 33 bytes, a key file has exactly 32 random bytes, make one with "head -c 32 /dev/urandom"',
        'http.conf:1')



=== TEST 27: veriff_key_file: empty
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/empty;
--- must_die
--- error_log eval
::emerg('"*/empty" has 0 bytes, a key file has exactly 32 random bytes, make one with "head -c 32 /dev/urandom"',
        'http.conf:1')



=== TEST 28: veriff_key_file twice
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/key;
veriff_key_file  $TEST_NGINX_KEYS/key;
--- must_die
--- error_log eval
::emerg('"veriff_key_file" directive is duplicate', 'http.conf:2')



=== TEST 29: veriff_key_file that everybody can read
--- user_files
>>> http.conf
veriff_key_file  $TEST_NGINX_KEYS/openkey;
--- error_log eval
::warning('"*/openkey" can be read by everybody, use "chmod o-r"',
          'http.conf:1')
