
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_CHECK_H_INCLUDED_
#define _NGX_HTTP_VERIFF_CHECK_H_INCLUDED_


#include "ngx_http_veriff_module.h"


/*
 * Checks of a location against the settings of other modules, made when
 * those were merged.
 */

/*
 * Resolves the location's integrations and checks it; errors are logged with
 * the file and line of the directive.  NGX_CONF_OK or NGX_CONF_ERROR.
 */
char *ngx_http_veriff_check_location(ngx_conf_t *cf,
    ngx_http_veriff_loc_conf_t *vlcf);

/* Finds an HTTP module of nginx by name; NULL if there is none. */
ngx_module_t *ngx_http_veriff_check_module(ngx_conf_t *cf, const char *name);

/* The module's configuration of the location; NULL if there is none. */
void *ngx_http_veriff_check_loc_conf(ngx_conf_t *cf, const char *name);


#define ngx_http_veriff_check_error(cf, level, ref, fmt, ...)                \
    ngx_log_error(level, (cf)->log, 0,                                       \
                  "\"%V %V\" " fmt " in %s:%ui", &(ref)->directive,          \
                  &(ref)->name, ##__VA_ARGS__, (ref)->place.file,            \
                  (ref)->place.line)


#endif /* _NGX_HTTP_VERIFF_CHECK_H_INCLUDED_ */
