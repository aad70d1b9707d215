# client_members and origins: what is checked when the configuration is read.

use lib 't/lib';
use VeriffTest;
use VeriffConf;

# an http.conf whose integration has these lines
sub with {
    return ">>> http.conf\nveriff_integration kyc {\n"
           . "include \$TEST_NGINX_KEYS/pair.conf;\n$_[0]\n}\n";
}

sub member { emerg("\"$_[0]\" in \"client_members\" $_[1]", 'http.conf:3') }

sub origin {
    return emerg("invalid origin \"$_[0]\" in \"origins\", write it as browsers"
                 . ' send it: lower case, "https://host", a port only if it is'
                 . ' not the scheme\'s own', 'http.conf:3');
}

run_tests();

__DATA__

=== TEST 1: members, alone and whole objects
--- user_files eval
::with('client_members person.firstName person.lastName document lang
    features consents proofOfAddress.acceptableTypes
    address.fullAddress timestamp;')
--- no_error_log
[warn]



=== TEST 2: one that is not known
--- user_files eval
::with('client_members person.nickName lang;')
--- error_log eval
::warning('"person.nickName" in "client_members" is not a member that is known',
          'http.conf:3')



=== TEST 3: vendorData
--- user_files eval
::with('client_members lang vendorData;')
--- must_die
--- error_log eval
::member('vendorData', 'is never the client\'s to say')



=== TEST 4: endUserId
--- user_files eval
::with('client_members endUserId;')
--- must_die
--- error_log eval
::member('endUserId', 'is never the client\'s to say')



=== TEST 5: callback, in any case
--- user_files eval
::with('client_members CallBack;')
--- must_die
--- error_log eval
::member('CallBack', 'is never the client\'s to say')



=== TEST 6: and deeper
--- user_files eval
::with('client_members person.vendorData.x;')
--- must_die
--- error_log eval
::member('person.vendorData.x', 'is never the client\'s to say')



=== TEST 7: what holds them
--- user_files eval
::with('client_members verification;')
--- must_die
--- error_log eval
::member('verification', 'is a path below "verification", which is not named')



=== TEST 8: from the top
--- user_files eval
::with('client_members verification.person;')
--- must_die
--- error_log eval
::member('verification.person',
         'is a path below "verification", which is not named')



=== TEST 9: nothing
--- user_files eval
::with('client_members "";')
--- must_die
--- error_log eval
::member('', 'is not a path like "person.firstName"')



=== TEST 10: an empty name
--- user_files eval
::with('client_members person..firstName;')
--- must_die
--- error_log eval
::member('person..firstName', 'is not a path like "person.firstName"')



=== TEST 11: a dot at the end
--- user_files eval
::with('client_members person.;')
--- must_die
--- error_log eval
::member('person.', 'is not a path like "person.firstName"')



=== TEST 12: a wildcard
--- user_files eval
::with('client_members person.$;')
--- must_die
--- error_log eval
::member('person.$', 'is not a path like "person.firstName"')



=== TEST 13: in a string
--- user_files eval
::with('client_members lang.x;')
--- must_die
--- error_log eval
::member('lang.x', 'is in a member that is no object')



=== TEST 14: in an array
--- user_files eval
::with('client_members consents.type;')
--- must_die
--- error_log eval
::member('consents.type', 'is in a member that is no object')



=== TEST 15: too deep
--- user_files eval
::with('client_members a.b.c.d.e.f.g.h.i.j.k.l.m.n.o;')
--- must_die
--- error_log eval
::member('a.b.c.d.e.f.g.h.i.j.k.l.m.n.o', 'is more than 16 levels deep')



=== TEST 16: too long
--- user_files eval
::with('client_members ' . 'a' x 129 . ';')
--- must_die
--- error_log eval
::member('a' x 129, 'is not a path like "person.firstName"')



=== TEST 17: twice
--- user_files eval
::with('client_members lang lang;')
--- must_die
--- error_log eval
::member('lang', 'is listed already, alone or within an object')



=== TEST 18: within another
--- user_files eval
::with('client_members person person.firstName;')
--- must_die
--- error_log eval
::member('person.firstName', 'is listed already, alone or within an object')



=== TEST 19: around another
--- user_files eval
::with('client_members person.firstName person;')
--- must_die
--- error_log eval
::member('person', 'is listed already, alone or within an object')



=== TEST 20: two lists
--- user_files eval
::with("client_members lang;\nclient_members person;")
--- must_die
--- error_log eval
::emerg('"client_members" directive is duplicate', 'http.conf:4')



=== TEST 21: origins
--- user_files eval
::with('origins https://app.example.com https://app.example.com:8443
    https://192.0.2.1 https://[2001:db8::1]:8443 http://127.0.0.1:3000
    http://localhost;')
--- no_error_log
[warn]



=== TEST 22: one without TLS
--- user_files eval
::with('origins http://app.example.com;')
--- error_log eval
::warning('origin "http://app.example.com" is without TLS: whoever is on the way may act as its pages',
          'http.conf:3')



=== TEST 23: any
--- user_files eval
::with('origins *;')
--- must_die
--- error_log eval
qr/\Qinvalid origin "*" in "origins"\E/



=== TEST 24: null
--- user_files eval
::with('origins https://app.example.com null;')
--- must_die
--- error_log eval
::origin('null')



=== TEST 25: a wildcard
--- user_files eval
::with('origins https://.example.com;')
--- must_die
--- error_log eval
::origin('https://.example.com')



=== TEST 26: a slash at the end
--- user_files eval
::with('origins https://app.example.com/;')
--- must_die
--- error_log eval
::origin('https://app.example.com/')



=== TEST 27: upper case
--- user_files eval
::with('origins https://App.example.com;')
--- must_die
--- error_log eval
::origin('https://App.example.com')



=== TEST 28: the scheme's own port
--- user_files eval
::with('origins https://app.example.com:443;')
--- must_die
--- error_log eval
::origin('https://app.example.com:443')



=== TEST 29: no scheme
--- user_files eval
::with('origins app.example.com;')
--- must_die
--- error_log eval
::origin('app.example.com')



=== TEST 30: a variable
--- user_files eval
::with('origins https://$host;')
--- must_die
--- error_log eval
::origin('https://$host')



=== TEST 31: two lists
--- user_files eval
::with("origins https://a.example.com;\norigins https://b.example.com;")
--- must_die
--- error_log eval
::emerg('"origins" directive is duplicate', 'http.conf:4')
