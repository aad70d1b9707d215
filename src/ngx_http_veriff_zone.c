
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include "ngx_http_veriff_zone.h"


#define NGX_HTTP_VERIFF_ZONE_STEP    16     /* slots more or less at a time */
#define NGX_HTTP_VERIFF_ZONE_BUDGET  300    /* questions a minute */


/* in shared memory; the first slot is of no integration */

typedef struct {
    time_t                      since;
    ngx_uint_t                  used;       /* slots */
    ngx_http_veriff_slot_t      slots[1];
} ngx_http_veriff_shared_t;


struct ngx_http_veriff_zone_s {
    ngx_http_veriff_shared_t   *shared;
    ngx_slab_pool_t            *shpool;
    ngx_uint_t                  nslots;

    ngx_array_t                *integrations;
    ngx_http_veriff_shared_t   *old;        /* of the cycle before */
};


static ngx_http_veriff_zone_t *ngx_http_veriff_zone_old(ngx_conf_t *cf,
    ngx_str_t *name);
static ngx_uint_t ngx_http_veriff_zone_slots(
    ngx_http_veriff_main_conf_t *vmcf, ngx_http_veriff_zone_t *old);
static size_t ngx_http_veriff_zone_size(ngx_uint_t nslots);
static ngx_int_t ngx_http_veriff_zone_init(ngx_shm_zone_t *shm_zone,
    void *data);
static ngx_http_veriff_slot_t *ngx_http_veriff_zone_find(
    ngx_http_veriff_shared_t *shared, ngx_str_t *name);
static ngx_http_veriff_slot_t *ngx_http_veriff_zone_new(
    ngx_http_veriff_zone_t *zone, ngx_str_t *name);


/* of this process */

static ngx_http_veriff_zone_t  *ngx_http_veriff_zone;


ngx_int_t
ngx_http_veriff_zone_add(ngx_conf_t *cf)
{
    ngx_str_t                     name;
    ngx_shm_zone_t               *shm_zone;
    ngx_http_veriff_zone_t       *zone, *old;
    ngx_http_veriff_main_conf_t  *vmcf;

    vmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_veriff_module);

    ngx_str_set(&name, "veriff_zone");

    zone = ngx_pcalloc(cf->pool, sizeof(ngx_http_veriff_zone_t));
    if (zone == NULL) {
        return NGX_ERROR;
    }

    old = ngx_http_veriff_zone_old(cf, &name);

    zone->old = old ? old->shared : NULL;
    zone->nslots = ngx_http_veriff_zone_slots(vmcf, old);
    zone->integrations = &vmcf->integrations;

    shm_zone = ngx_shared_memory_add(cf, &name,
                                     ngx_http_veriff_zone_size(zone->nslots),
                                     &ngx_http_veriff_module);
    if (shm_zone == NULL) {
        return NGX_ERROR;
    }

    if (shm_zone->data) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the shared memory zone \"%V\" exists already",
                           &name);
        return NGX_ERROR;
    }

    shm_zone->init = ngx_http_veriff_zone_init;
    shm_zone->data = zone;

    vmcf->zone = zone;

    return NGX_OK;
}


/* the zone that a reload finds, NULL if there is none of this very module */

static ngx_http_veriff_zone_t *
ngx_http_veriff_zone_old(ngx_conf_t *cf, ngx_str_t *name)
{
    ngx_uint_t        i;
    ngx_cycle_t      *old;
    ngx_shm_zone_t   *shm_zone;
    ngx_list_part_t  *part;

    old = cf->cycle->old_cycle;

    if (old == NULL) {
        return NULL;
    }

    for (part = &old->shared_memory.part; part; part = part->next) {
        shm_zone = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (shm_zone[i].tag == &ngx_http_veriff_module
                && shm_zone[i].shm.name.len == name->len
                && ngx_strncmp(shm_zone[i].shm.name.data, name->data,
                               name->len)
                   == 0)
            {
                return shm_zone[i].data;
            }
        }
    }

    return NULL;
}


/*
 * How many slots are needed.  A slot never changes hands: workers of the old
 * configuration go on counting, and the new one may yet fail.  When names
 * have filled the zone, a new one without those that went takes its place.
 */

static ngx_uint_t
ngx_http_veriff_zone_slots(ngx_http_veriff_main_conf_t *vmcf,
    ngx_http_veriff_zone_t *old)
{
    ngx_uint_t                       i, n, used;
    ngx_http_veriff_integration_t  **vi;

    n = ngx_align(vmcf->integrations.nelts + 1, NGX_HTTP_VERIFF_ZONE_STEP);

    if (old == NULL) {
        return n;
    }

    vi = vmcf->integrations.elts;
    used = old->shared->used;

    for (i = 0; i < vmcf->integrations.nelts; i++) {
        if (ngx_http_veriff_zone_find(old->shared, &vi[i]->name) == NULL) {
            used++;
        }
    }

    if (used <= old->nslots) {
        return old->nslots;
    }

    /* another size, or nginx would hand over the old one */

    return (n == old->nslots) ? n + NGX_HTTP_VERIFF_ZONE_STEP : n;
}


static size_t
ngx_http_veriff_zone_size(ngx_uint_t nslots)
{
    size_t  pages;

    pages = (sizeof(ngx_http_veriff_shared_t)
             + (nslots - 1) * sizeof(ngx_http_veriff_slot_t))
            / ngx_pagesize + 1;

    /* the pool's own */

    return (pages + pages / 64 + 8) * ngx_pagesize;
}


static ngx_int_t
ngx_http_veriff_zone_init(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_http_veriff_zone_t *old = data;

    ngx_uint_t                       i;
    ngx_http_veriff_slot_t          *from;
    ngx_http_veriff_zone_t          *zone;
    ngx_http_veriff_integration_t  **vi;

    zone = shm_zone->data;
    zone->shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (old) {
        zone->shared = old->shared;

    } else {
        zone->shared = ngx_slab_calloc(zone->shpool,
                                       sizeof(ngx_http_veriff_shared_t)
                                       + (zone->nslots - 1)
                                         * sizeof(ngx_http_veriff_slot_t));
        if (zone->shared == NULL) {
            return NGX_ERROR;
        }

        zone->shared->since = zone->old ? zone->old->since : ngx_time();
        zone->shared->used = 1;

        if (zone->old) {
            ngx_memcpy(&zone->shared->slots[0], &zone->old->slots[0],
                       sizeof(ngx_http_veriff_slot_t));
        }
    }

    vi = zone->integrations->elts;

    for (i = 0; i < zone->integrations->nelts; i++) {

        vi[i]->zone = zone;
        vi[i]->slot = ngx_http_veriff_zone_find(zone->shared, &vi[i]->name);

        if (vi[i]->slot) {
            continue;
        }

        vi[i]->slot = ngx_http_veriff_zone_new(zone, &vi[i]->name);

        from = (old || zone->old == NULL) ? NULL
               : ngx_http_veriff_zone_find(zone->old, &vi[i]->name);

        if (from) {
            ngx_memcpy(vi[i]->slot, from, sizeof(ngx_http_veriff_slot_t));
        }
    }

    /* it may go with its cycle */

    zone->old = NULL;

    return NGX_OK;
}


static ngx_http_veriff_slot_t *
ngx_http_veriff_zone_find(ngx_http_veriff_shared_t *shared, ngx_str_t *name)
{
    ngx_uint_t               i;
    ngx_http_veriff_slot_t  *slot;

    for (i = 1; i < shared->used; i++) {
        slot = &shared->slots[i];

        if (slot->len == name->len
            && ngx_memcmp(slot->name, name->data, name->len) == 0)
        {
            return slot;
        }
    }

    return NULL;
}


static ngx_http_veriff_slot_t *
ngx_http_veriff_zone_new(ngx_http_veriff_zone_t *zone, ngx_str_t *name)
{
    ngx_http_veriff_slot_t  *slot;

    slot = &zone->shared->slots[zone->shared->used++];

    slot->len = name->len;
    ngx_memcpy(slot->name, name->data, name->len);

    return slot;
}


void
ngx_http_veriff_zone_init_process(ngx_cycle_t *cycle)
{
    ngx_http_veriff_main_conf_t  *vmcf;

    vmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_veriff_module);

    ngx_http_veriff_zone = vmcf ? vmcf->zone : NULL;
}


ngx_http_veriff_slot_t *
ngx_http_veriff_zone_slot(ngx_http_veriff_integration_t *vi)
{
    if (vi) {
        return vi->slot;
    }

    return ngx_http_veriff_zone ? &ngx_http_veriff_zone->shared->slots[0]
                                : NULL;
}


time_t
ngx_http_veriff_zone_since(void)
{
    return ngx_http_veriff_zone ? ngx_http_veriff_zone->shared->since : 0;
}


ngx_uint_t
ngx_http_veriff_zone_session(ngx_http_veriff_integration_t *vi)
{
    ngx_uint_t  wait;

    if (vi->slot == NULL || vi->session_rate == 0) {
        return 0;
    }

    ngx_shmtx_lock(&vi->zone->shpool->mutex);

    wait = ngx_veriff_rate_wait(&vi->slot->sessions, vi->session_rate,
                                ngx_current_msec / 1000);

    ngx_shmtx_unlock(&vi->zone->shpool->mutex);

    return wait;
}


ngx_uint_t
ngx_http_veriff_zone_session_take(ngx_http_veriff_integration_t *vi)
{
    ngx_uint_t  wait;

    if (vi->slot == NULL || vi->session_rate == 0) {
        return 0;
    }

    ngx_shmtx_lock(&vi->zone->shpool->mutex);

    wait = ngx_veriff_rate_take(&vi->slot->sessions, vi->session_rate,
                                ngx_current_msec / 1000);

    ngx_shmtx_unlock(&vi->zone->shpool->mutex);

    return wait;
}


ngx_int_t
ngx_http_veriff_zone_budget(ngx_http_veriff_integration_t *vi)
{
    ngx_uint_t  wait;

    if (vi->slot == NULL) {
        return NGX_OK;
    }

    ngx_shmtx_lock(&vi->zone->shpool->mutex);

    wait = ngx_veriff_rate_take(&vi->slot->decisions,
                                NGX_HTTP_VERIFF_ZONE_BUDGET,
                                ngx_current_msec / 1000);

    ngx_shmtx_unlock(&vi->zone->shpool->mutex);

    return wait ? NGX_DECLINED : NGX_OK;
}
