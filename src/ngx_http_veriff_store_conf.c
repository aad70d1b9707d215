
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_store_conf.h"
#include "ngx_http_veriff_secret.h"
#include "ngx_http_veriff_store_env.h"


#define NGX_HTTP_VERIFF_STORE_SIZE     (1024 * 1024 * 1024)


static ngx_uint_t ngx_http_veriff_store_lost(ngx_conf_t *cf,
    ngx_http_veriff_store_t *store);
static void ngx_http_veriff_store_own(ngx_cycle_t *cycle,
    ngx_http_veriff_store_t *store);


char *
ngx_http_veriff_store_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_veriff_main_conf_t *vmcf = conf;

    off_t                     size;
    ngx_str_t                *value, s;
    ngx_http_veriff_store_t  *store;

    if (vmcf->store) {
        return "is duplicate";
    }

    value = cf->args->elts;

    store = ngx_pcalloc(cf->pool, sizeof(ngx_http_veriff_store_t));
    if (store == NULL) {
        return NGX_CONF_ERROR;
    }

    store->size = NGX_HTTP_VERIFF_STORE_SIZE;

    if (cf->args->nelts == 3) {

        if (ngx_strncmp(value[2].data, "size=", 5) != 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\" in \"%V\", the only "
                               "one is \"size=\"", &value[2], &value[0]);
            return NGX_CONF_ERROR;
        }

        s.data = value[2].data + 5;
        s.len = value[2].len - 5;

        /* unlike ngx_parse_size() it knows gigabytes */

        size = ngx_parse_offset(&s);

        if (size < NGX_VERIFF_LMDB_SIZE_MIN
            || (uint64_t) size > NGX_MAX_SIZE_T_VALUE - ngx_pagesize)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid size \"%V\" in \"%V\", use at least "
                               "\"1m\"", &s, &value[0]);
            return NGX_CONF_ERROR;
        }

        /* whole pages */

        store->size = ngx_align((size_t) size, ngx_pagesize);
    }

    store->path = ngx_pcalloc(cf->pool, sizeof(ngx_path_t));
    if (store->path == NULL) {
        return NGX_CONF_ERROR;
    }

    store->path->name = value[1];
    store->path->conf_file = cf->conf_file->file.name.data;
    store->path->line = cf->conf_file->line;

    if (store->path->name.len > 1
        && store->path->name.data[store->path->name.len - 1] == '/')
    {
        store->path->name.data[--store->path->name.len] = '\0';
    }

    if (ngx_conf_full_name(cf->cycle, &store->path->name, 0) != NGX_OK
        || ngx_add_path(cf, &store->path) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    store->key_file.len = store->path->name.len + sizeof("/key") - 1;
    store->key_file.data = ngx_pnalloc(cf->pool, store->key_file.len + 1);
    if (store->key_file.data == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_sprintf(store->key_file.data, "%V/key%Z", &store->path->name);

#if (NGX_THREADS)

    store->thread_pool = ngx_thread_pool_add(cf, NULL);
    if (store->thread_pool == NULL) {
        return NGX_CONF_ERROR;
    }

#endif

    vmcf->store = store;

    return NGX_CONF_OK;
}


/* later it would be too late: a master that fails to reload must go on */

ngx_int_t
ngx_http_veriff_store_init(ngx_conf_t *cf)
{
    u_char                        key[NGX_VERIFF_KEY_LEN];
    ngx_int_t                     rc;
    ngx_http_veriff_store_t      *store;
    ngx_http_veriff_main_conf_t  *vmcf;

    vmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_veriff_module);

    store = vmcf->store;

    if (store == NULL || vmcf->keys) {
        return NGX_OK;
    }

    rc = ngx_http_veriff_secret_load(cf->log, &store->key_file, key);

    if (rc == NGX_DECLINED && ngx_http_veriff_store_lost(cf, store)) {
        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "veriff key \"%V\" is missing, with a new one all users "
                      "in the store are unknown: put the old one back",
                      &store->key_file);
    }

    if (rc == NGX_DECLINED
        && !ngx_test_config && ngx_process != NGX_PROCESS_SIGNALLER)
    {
        /* the directory's owner is set when the others are made */

        if (ngx_create_dir(store->path->name.data, 0700) == NGX_FILE_ERROR
            && ngx_errno != NGX_EEXIST)
        {
            ngx_log_error(NGX_LOG_EMERG, cf->log, ngx_errno,
                          ngx_create_dir_n " \"%V\" failed",
                          &store->path->name);
            return NGX_ERROR;
        }

        rc = ngx_http_veriff_secret_make(cf, &store->key_file, key);
    }

    if (rc == NGX_OK) {
        vmcf->keys = ngx_veriff_keys_create(cf->pool, key);

        if (vmcf->keys == NULL) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "veriff key \"%V\" needs HKDF and AES-SIV, which "
                          "this OpenSSL does not offer", &store->key_file);
            rc = NGX_ERROR;
        }
    }

    ngx_explicit_memzero(key, NGX_VERIFF_KEY_LEN);

    return (rc == NGX_ERROR) ? NGX_ERROR : NGX_OK;
}


/* non-zero if there are users already, and so was a key */

static ngx_uint_t
ngx_http_veriff_store_lost(ngx_conf_t *cf, ngx_http_veriff_store_t *store)
{
    u_char           *name;
    ngx_file_info_t   fi;

    name = ngx_pnalloc(cf->temp_pool, store->path->name.len
                                      + sizeof("/data.mdb"));
    if (name == NULL) {
        return 0;
    }

    ngx_sprintf(name, "%V/data.mdb%Z", &store->path->name);

    return ngx_process != NGX_PROCESS_SIGNALLER
           && ngx_file_info(name, &fi) != NGX_FILE_ERROR;
}


ngx_int_t
ngx_http_veriff_store_init_module(ngx_cycle_t *cycle)
{
    ngx_http_veriff_main_conf_t  *vmcf;

    /* an error here would end a master that reloads */

    vmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_veriff_module);

    if (vmcf && vmcf->store && !ngx_test_config) {
        ngx_http_veriff_store_own(cycle, vmcf->store);
    }

    return NGX_OK;
}


/*
 * If "user" has changed, the files go to the new one, as the directory did.
 * The old one owned the directory: what lies there may be a link.
 */

static void
ngx_http_veriff_store_own(ngx_cycle_t *cycle, ngx_http_veriff_store_t *store)
{
    u_char           *name;
    ngx_fd_t          fd;
    ngx_uint_t        i;
    struct stat       sb;
    ngx_core_conf_t  *ccf;

    static const char  *names[] = { "data.mdb", "lock.mdb" };

    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);

    if (geteuid() != 0 || ccf->user == (ngx_uid_t) NGX_CONF_UNSET_UINT) {
        return;
    }

    name = ngx_pnalloc(cycle->pool, store->path->name.len
                                    + sizeof("/data.mdb"));
    if (name == NULL) {
        return;
    }

    for (i = 0; i < 2; i++) {
        ngx_sprintf(name, "%V/%s%Z", &store->path->name, names[i]);

        fd = open((char *) name, O_RDONLY|O_NONBLOCK|O_NOFOLLOW);

        if (fd == NGX_INVALID_FILE) {
            continue;
        }

        if (fstat(fd, &sb) == 0 && S_ISREG(sb.st_mode) && sb.st_nlink == 1
            && sb.st_uid != ccf->user && fchown(fd, ccf->user, -1) == -1)
        {
            ngx_log_error(NGX_LOG_ERR, cycle->log, ngx_errno,
                          "fchown(\"%s\", %d) failed", name, ccf->user);
        }

        (void) ngx_close_file(fd);
    }
}
