
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_VERIFF_TIME_H_INCLUDED_
#define _NGX_VERIFF_TIME_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_VERIFF_TIME_LEN  20


/*
 * Reads an RFC 3339 time of the years 2000 to 2199, in microseconds since
 * the epoch: NGX_OK or NGX_DECLINED (*usec is then 0).  Digits beyond
 * microseconds are cut off.
 */
ngx_int_t ngx_veriff_time_parse(ngx_str_t *text, int64_t *usec);

/*
 * Prints seconds since the epoch as "1970-01-01T00:00:00Z", without a NUL, to
 * NGX_VERIFF_TIME_LEN bytes; a year has its last four digits.
 * Returns what is behind it.
 */
u_char *ngx_veriff_time_print(u_char *p, int64_t sec);


#endif /* _NGX_VERIFF_TIME_H_INCLUDED_ */
