
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_integration.h"
#include "ngx_http_veriff_secret.h"

#include "ngx_veriff_url.h"


#define NGX_HTTP_VERIFF_NAME_MAX          64
#define NGX_HTTP_VERIFF_SESSION_LIFETIME  (7 * 24 * 60 * 60)


static char *ngx_http_veriff_integration_directive(ngx_conf_t *cf,
    ngx_command_t *dummy, void *conf);
static char *ngx_http_veriff_integration_init(ngx_conf_t *cf,
    ngx_http_veriff_main_conf_t *vmcf, ngx_http_veriff_integration_t *vi);
static char *ngx_http_veriff_integration_payload(ngx_conf_t *cf,
    ngx_http_veriff_integration_t *vi);
static ngx_int_t ngx_http_veriff_integration_compile(void *data,
    ngx_str_t *text, void **expr);
static void ngx_http_veriff_integration_report(void *data, ngx_uint_t fatal,
    ngx_str_t *message);
static ngx_int_t ngx_http_veriff_integration_pair(ngx_conf_t *cf,
    ngx_http_veriff_pair_t *pair, ngx_array_t *secrets);

static char *ngx_http_veriff_integration_api_key(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
static char *ngx_http_veriff_integration_secret(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
static char *ngx_http_veriff_integration_webhook_key(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
static char *ngx_http_veriff_integration_user(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
static char *ngx_http_veriff_integration_payload_text(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
static char *ngx_http_veriff_integration_payload_file(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
static char *ngx_http_veriff_integration_api_uri(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
static char *ngx_http_veriff_integration_url_hosts(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);


static ngx_conf_enum_t  ngx_http_veriff_integration_signature[] = {
    { ngx_string("required"), NGX_HTTP_VERIFF_SIGNATURE_REQUIRED },
    { ngx_string("optional"), NGX_HTTP_VERIFF_SIGNATURE_OPTIONAL },
    { ngx_null_string, 0 }
};


static ngx_command_t  ngx_http_veriff_integration_commands[] = {

    { ngx_string("api_key_file"),
      NGX_CONF_TAKE1,
      ngx_http_veriff_integration_api_key,
      0,
      0,
      NULL },

    { ngx_string("shared_secret_file"),
      NGX_CONF_TAKE1,
      ngx_http_veriff_integration_secret,
      0,
      0,
      NULL },

    { ngx_string("webhook_key"),
      NGX_CONF_TAKE2,
      ngx_http_veriff_integration_webhook_key,
      0,
      0,
      NULL },

    { ngx_string("integration_id"),
      NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      0,
      offsetof(ngx_http_veriff_integration_t, integration_id),
      NULL },

    { ngx_string("user"),
      NGX_CONF_TAKE12,
      ngx_http_veriff_integration_user,
      0,
      0,
      NULL },

    { ngx_string("payload"),
      NGX_CONF_TAKE1,
      ngx_http_veriff_integration_payload_text,
      0,
      0,
      NULL },

    { ngx_string("payload_file"),
      NGX_CONF_TAKE1,
      ngx_http_veriff_integration_payload_file,
      0,
      0,
      NULL },

    { ngx_string("callback"),
      NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      0,
      offsetof(ngx_http_veriff_integration_t, callback),
      NULL },

    { ngx_string("api_uri"),
      NGX_CONF_TAKE1,
      ngx_http_veriff_integration_api_uri,
      0,
      0,
      NULL },

    { ngx_string("url_hosts"),
      NGX_CONF_1MORE,
      ngx_http_veriff_integration_url_hosts,
      0,
      0,
      NULL },

    { ngx_string("session_lifetime"),
      NGX_CONF_TAKE1,
      ngx_conf_set_sec_slot,
      0,
      offsetof(ngx_http_veriff_integration_t, session_lifetime),
      NULL },

    { ngx_string("response_signature"),
      NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      0,
      offsetof(ngx_http_veriff_integration_t, response_signature),
      &ngx_http_veriff_integration_signature },

      ngx_null_command
};


static ngx_str_t  ngx_http_veriff_integration_hosts[] = {
    ngx_string(".veriff.com"),
    ngx_string(".veriff.me")
};


char *
ngx_http_veriff_integration(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_veriff_main_conf_t *vmcf = conf;

    char                            *rv;
    u_char                           c;
    ngx_str_t                       *value;
    ngx_uint_t                       i;
    ngx_conf_t                       save;
    ngx_http_veriff_integration_t   *vi, **pvi;

    value = cf->args->elts;

    if (value[1].len > NGX_HTTP_VERIFF_NAME_MAX) {
        return "has a name that is too long";
    }

    for (i = 0; i < value[1].len; i++) {
        c = ngx_tolower(value[1].data[i]);

        if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_'
            && c != '-' && c != '.')
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid integration name \"%V\", use letters, "
                               "digits, \".\", \"_\" and \"-\"", &value[1]);
            return NGX_CONF_ERROR;
        }
    }

    if (value[1].len == 0 || ngx_strcmp(value[1].data, "off") == 0
        || ngx_strcmp(value[1].data, "report") == 0)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid integration name \"%V\", it is a "
                           "parameter of other directives", &value[1]);
        return NGX_CONF_ERROR;
    }

    if (ngx_http_veriff_integration_find(vmcf, &value[1])) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "duplicate veriff_integration \"%V\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    vi = ngx_pcalloc(cf->pool, sizeof(ngx_http_veriff_integration_t));
    if (vi == NULL) {
        return NGX_CONF_ERROR;
    }

    vi->name = value[1];
    vi->session_lifetime = NGX_CONF_UNSET;
    vi->response_signature = NGX_CONF_UNSET_UINT;

    save = *cf;
    cf->handler = ngx_http_veriff_integration_directive;
    cf->handler_conf = (void *) vi;

    rv = ngx_conf_parse(cf, NULL);

    *cf = save;

    if (rv == NGX_CONF_OK) {
        rv = ngx_http_veriff_integration_init(cf, vmcf, vi);
    }

    if (vi->secrets) {
        ngx_http_veriff_secret_forget(vi->secrets);
    }

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    pvi = ngx_array_push(&vmcf->integrations);
    if (pvi == NULL) {
        return NGX_CONF_ERROR;
    }

    *pvi = vi;

    return NGX_CONF_OK;
}


ngx_http_veriff_integration_t *
ngx_http_veriff_integration_find(ngx_http_veriff_main_conf_t *vmcf,
    ngx_str_t *name)
{
    ngx_uint_t                       i;
    ngx_http_veriff_integration_t  **vi;

    vi = vmcf->integrations.elts;

    for (i = 0; i < vmcf->integrations.nelts; i++) {
        if (vi[i]->name.len == name->len
            && ngx_strncmp(vi[i]->name.data, name->data, name->len) == 0)
        {
            return vi[i];
        }
    }

    return NULL;
}


/* what ngx_conf_handler() does, for the directives of the block */

static char *
ngx_http_veriff_integration_directive(ngx_conf_t *cf, ngx_command_t *dummy,
    void *conf)
{
    char           *rv;
    ngx_str_t      *value;
    ngx_uint_t      n;
    ngx_command_t  *cmd;

    value = cf->args->elts;
    n = cf->args->nelts - 1;

    if (ngx_strcmp(value[0].data, "include") == 0) {

        if (n != 1) {
            return "invalid number of arguments in \"include\" directive";
        }

        return ngx_conf_include(cf, dummy, conf);
    }

    for (cmd = ngx_http_veriff_integration_commands; cmd->name.len; cmd++) {
        if (ngx_strcmp(value[0].data, cmd->name.data) == 0) {
            break;
        }
    }

    if (cmd->name.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "unknown directive \"%V\" in veriff_integration",
                           &value[0]);
        return NGX_CONF_ERROR;
    }

    if (!((cmd->type & NGX_CONF_TAKE1) && n == 1)
        && !((cmd->type & NGX_CONF_TAKE2) && n == 2)
        && !((cmd->type & NGX_CONF_1MORE) && n >= 1))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid number of arguments in \"%V\" directive",
                           &value[0]);
        return NGX_CONF_ERROR;
    }

    rv = cmd->set(cf, cmd, conf);

    if (rv == NGX_CONF_OK || rv == NGX_CONF_ERROR) {
        return rv;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\" directive %s",
                       &value[0], rv);

    return NGX_CONF_ERROR;
}


/* everything of the block is known */

static char *
ngx_http_veriff_integration_init(ngx_conf_t *cf,
    ngx_http_veriff_main_conf_t *vmcf, ngx_http_veriff_integration_t *vi)
{
    ngx_str_t                       *host;
    ngx_uint_t                       i;
    ngx_http_veriff_pair_t          *pair;
    ngx_http_veriff_integration_t  **others;

    if (vi->pair.api_key.len == 0) {
        return "needs \"api_key_file\" with the integration's API key";
    }

    if (vi->secrets == NULL) {
        return "needs \"shared_secret_file\" with the shared secret key";
    }

    if (ngx_http_veriff_integration_pair(cf, &vi->pair, vi->secrets)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (vi->webhook_pairs == NULL) {
        vi->webhook_pairs = ngx_array_create(cf->pool, 1,
                                             sizeof(ngx_http_veriff_pair_t));
        if (vi->webhook_pairs == NULL) {
            return NGX_CONF_ERROR;
        }

        pair = ngx_array_push(vi->webhook_pairs);
        if (pair == NULL) {
            return NGX_CONF_ERROR;
        }

        *pair = vi->pair;
    }

    if (vi->api_uri.len == 0) {
        ngx_str_set(&vi->api_uri, "/veriff-api");
    }

    others = vmcf->integrations.elts;

    for (i = 0; i < vmcf->integrations.nelts; i++) {
        if (others[i]->api_uri.len == vi->api_uri.len
            && ngx_strncmp(others[i]->api_uri.data, vi->api_uri.data,
                           vi->api_uri.len)
               == 0)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "veriff_integration \"%V\" has the api_uri "
                               "\"%V\" of integration \"%V\", give each its "
                               "own signed location and \"api_uri\"",
                               &vi->name, &vi->api_uri, &others[i]->name);
            return NGX_CONF_ERROR;
        }
    }

    if (vi->url_hosts == NULL) {
        vi->url_hosts = ngx_array_create(cf->pool, 2, sizeof(ngx_str_t));
        if (vi->url_hosts == NULL) {
            return NGX_CONF_ERROR;
        }

        for (i = 0; i < 2; i++) {
            host = ngx_array_push(vi->url_hosts);
            if (host == NULL) {
                return NGX_CONF_ERROR;
            }

            *host = ngx_http_veriff_integration_hosts[i];
        }
    }

    ngx_conf_init_value(vi->session_lifetime,
                        NGX_HTTP_VERIFF_SESSION_LIFETIME);
    ngx_conf_init_uint_value(vi->response_signature,
                             NGX_HTTP_VERIFF_SIGNATURE_REQUIRED);

    if (vi->session_lifetime < 60) {
        return "has a \"session_lifetime\" below one minute";
    }

    return ngx_http_veriff_integration_payload(cf, vi);
}


typedef struct {
    ngx_conf_t                     *cf;
    ngx_http_veriff_integration_t  *vi;
} ngx_http_veriff_integration_ctx_t;


static char *
ngx_http_veriff_integration_payload(ngx_conf_t *cf,
    ngx_http_veriff_integration_t *vi)
{
    ngx_veriff_payload_conf_t           pc;
    ngx_http_veriff_integration_ctx_t   ctx;

    if (vi->payload_text.data == NULL) {
        ngx_str_set(&vi->payload_text, "{\"verification\":{}}");
        ngx_str_set(&vi->payload_name, "default payload");
    }

    ctx.cf = cf;
    ctx.vi = vi;

    ngx_memzero(&pc, sizeof(ngx_veriff_payload_conf_t));

    pc.pool = cf->pool;
    pc.compile = ngx_http_veriff_integration_compile;
    pc.report = ngx_http_veriff_integration_report;
    pc.data = &ctx;
    pc.callback = vi->callback;
    pc.insecure_callback = vi->loopback;
    ngx_str_set(&pc.user_token, "$veriff_user_token");

    vi->payload = ngx_veriff_payload_compile(&pc, &vi->payload_text);

    return vi->payload ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static ngx_int_t
ngx_http_veriff_integration_compile(void *data, ngx_str_t *text, void **expr)
{
    ngx_http_veriff_integration_ctx_t *ctx = data;

    ngx_http_complex_value_t          *cv;
    ngx_http_compile_complex_value_t   ccv;

    cv = ngx_palloc(ctx->cf->pool, sizeof(ngx_http_complex_value_t));
    if (cv == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

    ccv.cf = ctx->cf;
    ccv.value = text;
    ccv.complex_value = cv;

    *expr = cv;

    return ngx_http_compile_complex_value(&ccv);
}


static void
ngx_http_veriff_integration_report(void *data, ngx_uint_t fatal,
    ngx_str_t *message)
{
    ngx_http_veriff_integration_ctx_t *ctx = data;

    ngx_conf_log_error(fatal ? NGX_LOG_EMERG : NGX_LOG_WARN, ctx->cf, 0,
                       "%V of veriff_integration \"%V\": %V",
                       &ctx->vi->payload_name, &ctx->vi->name, message);
}


static ngx_int_t
ngx_http_veriff_integration_pair(ngx_conf_t *cf, ngx_http_veriff_pair_t *pair,
    ngx_array_t *secrets)
{
    ngx_str_t   *secret;
    ngx_uint_t   i;

    secret = secrets->elts;

    for (i = 0; i < secrets->nelts; i++) {
        if (secret[i].len == pair->api_key.len
            && ngx_strncmp(secret[i].data, pair->api_key.data, secret[i].len)
               == 0)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "API key and shared secret are the same, the "
                               "portal shows two different values");
            return NGX_ERROR;
        }
    }

    pair->secrets = ngx_veriff_secrets_create(cf->pool, secrets);

    if (pair->secrets == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "cannot prepare HMAC-SHA256 keys");
        return NGX_ERROR;
    }

    return NGX_OK;
}


static char *
ngx_http_veriff_integration_api_key(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_veriff_integration_t *vi = conf;

    ngx_str_t  *value;

    if (vi->pair.api_key.len) {
        return "is duplicate";
    }

    value = cf->args->elts;

    return (ngx_http_veriff_secret_api_key(cf, &value[1], &vi->pair.api_key)
            == NGX_OK)
           ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static char *
ngx_http_veriff_integration_secret(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_veriff_integration_t *vi = conf;

    ngx_str_t  *value;

    if (vi->secrets) {
        return "is duplicate, put each secret on a line of one file";
    }

    value = cf->args->elts;

    vi->secrets = ngx_http_veriff_secret_lines(cf, &value[1],
                                               NGX_VERIFF_SECRETS_MAX);

    return vi->secrets ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static char *
ngx_http_veriff_integration_webhook_key(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_veriff_integration_t *vi = conf;

    ngx_int_t                rc;
    ngx_str_t               *value;
    ngx_uint_t               i;
    ngx_array_t             *secrets;
    ngx_http_veriff_pair_t  *pair, *pairs;

    if (vi->webhook_pairs == NULL) {
        vi->webhook_pairs = ngx_array_create(cf->pool, 2,
                                             sizeof(ngx_http_veriff_pair_t));
        if (vi->webhook_pairs == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    pair = ngx_array_push(vi->webhook_pairs);
    if (pair == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(pair, sizeof(ngx_http_veriff_pair_t));

    value = cf->args->elts;

    if (ngx_http_veriff_secret_api_key(cf, &value[1], &pair->api_key)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    pairs = vi->webhook_pairs->elts;

    for (i = 0; i < vi->webhook_pairs->nelts - 1; i++) {
        if (pairs[i].api_key.len == pair->api_key.len
            && ngx_strncmp(pairs[i].api_key.data, pair->api_key.data,
                           pair->api_key.len)
               == 0)
        {
            return "repeats an API key, put all secrets of a key into one "
                   "file";
        }
    }

    secrets = ngx_http_veriff_secret_lines(cf, &value[2],
                                           NGX_VERIFF_SECRETS_MAX);
    if (secrets == NULL) {
        return NGX_CONF_ERROR;
    }

    rc = ngx_http_veriff_integration_pair(cf, pair, secrets);

    ngx_http_veriff_secret_forget(secrets);

    return (rc == NGX_OK) ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static char *
ngx_http_veriff_integration_user(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_veriff_integration_t *vi = conf;

    ngx_str_t                         *value;
    ngx_http_compile_complex_value_t   ccv;

    if (vi->user) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 3) {

        if (ngx_strcmp(value[2].data, "trusted") != 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\" in \"user\", the "
                               "only one is \"trusted\"", &value[2]);
            return NGX_CONF_ERROR;
        }

        vi->user_trusted = 1;
    }

    if (ngx_http_script_variables_count(&value[1]) == 0) {
        return "needs a variable, or everybody would be the same user";
    }

    vi->user = ngx_palloc(cf->pool, sizeof(ngx_http_complex_value_t));
    if (vi->user == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

    ccv.cf = cf;
    ccv.value = &value[1];
    ccv.complex_value = vi->user;

    if (ngx_http_compile_complex_value(&ccv) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    vi->user_text = value[1];

    return NGX_CONF_OK;
}


static char *
ngx_http_veriff_integration_payload_text(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_veriff_integration_t *vi = conf;

    ngx_str_t  *value;

    if (vi->payload_text.data) {
        return "is duplicate, there is one \"payload\" or \"payload_file\"";
    }

    value = cf->args->elts;

    vi->payload_text = value[1];
    ngx_str_set(&vi->payload_name, "payload");

    return NGX_CONF_OK;
}


static char *
ngx_http_veriff_integration_payload_file(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_veriff_integration_t *vi = conf;

    char             *rv;
    size_t            size;
    ssize_t           n;
    ngx_str_t        *value;
    ngx_file_t        file;
    ngx_file_info_t   fi;

    if (vi->payload_text.data) {
        return "is duplicate, there is one \"payload\" or \"payload_file\"";
    }

    value = cf->args->elts;

    if (ngx_conf_full_name(cf->cycle, &value[1], 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(&file, sizeof(ngx_file_t));

    file.name = value[1];
    file.log = cf->log;
    file.fd = ngx_open_file(file.name.data,
                            NGX_FILE_RDONLY|NGX_FILE_NONBLOCK,
                            NGX_FILE_OPEN, 0);

    if (file.fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_open_file_n " \"%V\" failed", &file.name);
        return NGX_CONF_ERROR;
    }

    rv = NGX_CONF_ERROR;

    if (ngx_fd_info(file.fd, &fi) == NGX_FILE_ERROR || !ngx_is_file(&fi)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" is not a regular file", &file.name);
        goto done;
    }

    if (ngx_file_size(&fi) > NGX_VERIFF_PAYLOAD_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "payload file \"%V\" is larger than %d bytes",
                           &file.name, NGX_VERIFF_PAYLOAD_MAX);
        goto done;
    }

    size = (size_t) ngx_file_size(&fi);

    vi->payload_text.data = ngx_pnalloc(cf->pool, size + 1);
    if (vi->payload_text.data == NULL) {
        goto done;
    }

    n = ngx_read_file(&file, vi->payload_text.data, size, 0);

    if (n == NGX_ERROR || (size_t) n != size) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_read_file_n " \"%V\" failed", &file.name);
        goto done;
    }

    vi->payload_text.len = size;
    vi->payload_name = value[1];

    rv = NGX_CONF_OK;

done:

    if (ngx_close_file(file.fd) == NGX_FILE_ERROR) {
        ngx_log_error(NGX_LOG_ALERT, cf->log, ngx_errno,
                      ngx_close_file_n " \"%V\" failed", &file.name);
    }

    return rv;
}


static char *
ngx_http_veriff_integration_api_uri(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_veriff_integration_t *vi = conf;

    ngx_str_t  *value, uri;

    if (vi->api_uri.len) {
        return "is duplicate";
    }

    value = cf->args->elts;
    uri = value[1];

    if (uri.len && uri.data[uri.len - 1] == '/') {
        uri.len--;
    }

    if (uri.len < 2 || uri.data[0] != '/'
        || ngx_strlchr(uri.data, uri.data + uri.len, '$')
        || ngx_strlchr(uri.data, uri.data + uri.len, '?'))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid api_uri \"%V\", it is the prefix of a "
                           "signed location, like \"/veriff-api\"",
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    vi->api_uri = uri;

    return NGX_CONF_OK;
}


static char *
ngx_http_veriff_integration_url_hosts(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_veriff_integration_t *vi = conf;

    ngx_int_t    rc;
    ngx_str_t   *value, *host;
    ngx_uint_t   i;

    if (vi->url_hosts) {
        return "is duplicate";
    }

    vi->url_hosts = ngx_array_create(cf->pool, 2, sizeof(ngx_str_t));
    if (vi->url_hosts == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        rc = ngx_veriff_url_host_pattern(&value[i]);

        if (rc == NGX_DECLINED) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid host \"%V\" in \"url_hosts\", use a "
                               "lower case name, or \".name\" for all below "
                               "it", &value[i]);
            return NGX_CONF_ERROR;
        }

        if (rc == NGX_DONE) {
            vi->loopback = 1;

            ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                               "url_hosts has the loopback address \"%V\": "
                               "users may be sent there, also without TLS; "
                               "for tests only", &value[i]);
        }

        host = ngx_array_push(vi->url_hosts);
        if (host == NULL) {
            return NGX_CONF_ERROR;
        }

        *host = value[i];
    }

    return NGX_CONF_OK;
}
