
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _FUZZ_SHA256_H_INCLUDED_
#define _FUZZ_SHA256_H_INCLUDED_


#include "fuzz.h"


/* HMAC-SHA256 in lower case hex, after FIPS 180-4 and RFC 2104. */
ngx_str_t fuzz_hmac(ngx_pool_t *pool, ngx_str_t *key, ngx_str_t *text);


#endif /* _FUZZ_SHA256_H_INCLUDED_ */
