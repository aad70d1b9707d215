
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_WEBHOOK_H_INCLUDED_
#define _NGX_HTTP_VERIFF_WEBHOOK_H_INCLUDED_


#include "ngx_http_veriff_module.h"


/* Validates a webhook; part of the precontent handler. */
ngx_int_t ngx_http_veriff_webhook_handler(ngx_http_request_t *r,
    ngx_http_veriff_loc_conf_t *vlcf);

/*
 * Installs the header filter that turns any 2xx answer to a webhook that was
 * checked into 200, the only one that the provider takes as success.
 */
void ngx_http_veriff_webhook_init(void);


#endif /* _NGX_HTTP_VERIFF_WEBHOOK_H_INCLUDED_ */
