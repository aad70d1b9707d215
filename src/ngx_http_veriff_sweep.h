
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#ifndef _NGX_HTTP_VERIFF_SWEEP_H_INCLUDED_
#define _NGX_HTTP_VERIFF_SWEEP_H_INCLUDED_


#include "ngx_http_veriff_module.h"


/*
 * Removes from the store what has expired: every hour one worker goes
 * through all of it, in small steps.
 */

/* In a worker, when the store was opened: begins to look when it is time. */
void ngx_http_veriff_sweep_init_process(ngx_cycle_t *cycle);


#endif /* _NGX_HTTP_VERIFF_SWEEP_H_INCLUDED_ */
