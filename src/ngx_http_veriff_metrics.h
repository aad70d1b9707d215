
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_METRICS_H_INCLUDED_
#define _NGX_HTTP_VERIFF_METRICS_H_INCLUDED_


#include "ngx_http_veriff_module.h"


/* What was counted, in Prometheus' text format. */

/* The setter of veriff_metrics. */
char *ngx_http_veriff_metrics(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/*
 * In a location that was merged, if it has metrics: gives a limit_except its
 * handler, and checks that there is no other.  NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_veriff_metrics_check(ngx_conf_t *cf,
    ngx_http_veriff_loc_conf_t *vlcf);


#endif /* _NGX_HTTP_VERIFF_METRICS_H_INCLUDED_ */
