
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


/* The stub of nginx's core for unit tests: see ngx_core.h. */

#ifndef _NGX_CONFIG_H_INCLUDED_
#define _NGX_CONFIG_H_INCLUDED_


#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/types.h>


typedef intptr_t   ngx_int_t;
typedef uintptr_t  ngx_uint_t;
typedef intptr_t   ngx_flag_t;


#define NGX_INT32_LEN  (sizeof("-2147483648") - 1)
#define NGX_INT64_LEN  (sizeof("-9223372036854775808") - 1)
#define NGX_INT_T_LEN  NGX_INT64_LEN

#define NGX_PTR_SIZE   __SIZEOF_POINTER__
#define ngx_inline     inline

#ifndef ngx_cdecl
#define ngx_cdecl
#endif


#endif /* _NGX_CONFIG_H_INCLUDED_ */
