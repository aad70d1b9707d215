
/*
 * Copyright (C) The ngx_http_veriff_module authors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_veriff_payload.h"
#include "ngx_veriff_payload_rule.h"
#include "ngx_veriff_url.h"


#define ngx_veriff_payload_string(name)                                      \
    { ngx_string(name), NGX_VERIFF_PAYLOAD_STRING, 0, NULL, NULL, NULL }

#define ngx_veriff_payload_text(name, check, values)                         \
    { ngx_string(name), NGX_VERIFF_PAYLOAD_STRING, 0, check, values, NULL }

#define ngx_veriff_payload_object(name, members)                             \
    { ngx_string(name), NGX_VERIFF_PAYLOAD_OBJECT, 0, NULL, NULL, members }

#define ngx_veriff_payload_array(name, element)                              \
    { ngx_string(name), NGX_VERIFF_PAYLOAD_ARRAY, 0, NULL, NULL, &element }

#define ngx_veriff_payload_bool(name, flags)                                 \
    { ngx_string(name), NGX_VERIFF_PAYLOAD_BOOL, flags, NULL, NULL, NULL }

#define ngx_veriff_payload_end                                               \
    { ngx_null_string, NGX_VERIFF_PAYLOAD_NULL, 0, NULL, NULL, NULL }


static const char *ngx_veriff_payload_check_callback(ngx_str_t *value);
static const char *ngx_veriff_payload_check_vendor_data(ngx_str_t *value);
static const char *ngx_veriff_payload_check_uuid(ngx_str_t *value);
static const char *ngx_veriff_payload_check_date(ngx_str_t *value);
static const char *ngx_veriff_payload_check_country(ngx_str_t *value);
static const char *ngx_veriff_payload_check_number(ngx_str_t *value);
static const char *ngx_veriff_payload_check_letters(ngx_str_t *value);
static ngx_uint_t ngx_veriff_payload_loopback(ngx_str_t *value);
static ngx_int_t ngx_veriff_payload_digits(u_char *p, size_t len);


static const char  *ngx_veriff_payload_genders[] = {
    "M", "MALE", "F", "FEMALE", NULL
};


static const char  *ngx_veriff_payload_marital_statuses[] = {
    "single", "married", "divorced", "widowed", NULL
};


static const char  *ngx_veriff_payload_document_types[] = {
    "ID_CARD", "PASSPORT", "DRIVERS_LICENSE", "RESIDENCE_PERMIT", NULL
};


static const char  *ngx_veriff_payload_id_card_types[] = {
    "CE", "CC", "TI", NULL
};


static const char  *ngx_veriff_payload_consent_types[] = {
    "ine", "bipa", "aadhaar", NULL
};


static ngx_veriff_payload_rule_t  ngx_veriff_payload_person[] = {
    ngx_veriff_payload_string("firstName"),
    ngx_veriff_payload_string("lastName"),
    ngx_veriff_payload_string("idNumber"),
    ngx_veriff_payload_string("phoneNumber"),
    ngx_veriff_payload_string("email"),
    ngx_veriff_payload_text("gender", NULL, ngx_veriff_payload_genders),
    ngx_veriff_payload_text("dateOfBirth", ngx_veriff_payload_check_date,
                            NULL),
    ngx_veriff_payload_text("maritalStatus", NULL,
                            ngx_veriff_payload_marital_statuses),
    ngx_veriff_payload_bool("isDeceased", 0),
    ngx_veriff_payload_string("occupation"),
    ngx_veriff_payload_end
};


static ngx_veriff_payload_rule_t  ngx_veriff_payload_identifiers[] = {
    ngx_veriff_payload_string("mxIne"),
    ngx_veriff_payload_string("mxIfe"),
    ngx_veriff_payload_end
};


static ngx_veriff_payload_rule_t  ngx_veriff_payload_document[] = {
    ngx_veriff_payload_text("number", ngx_veriff_payload_check_number, NULL),
    ngx_veriff_payload_text("country", ngx_veriff_payload_check_country,
                            NULL),
    ngx_veriff_payload_text("type", NULL, ngx_veriff_payload_document_types),
    ngx_veriff_payload_text("firstIssue", ngx_veriff_payload_check_date,
                            NULL),
    ngx_veriff_payload_text("idCardType", ngx_veriff_payload_check_letters,
                            ngx_veriff_payload_id_card_types),
    ngx_veriff_payload_object("documentNumberIdentifiers",
                              ngx_veriff_payload_identifiers),
    ngx_veriff_payload_end
};


static ngx_veriff_payload_rule_t  ngx_veriff_payload_address[] = {
    ngx_veriff_payload_string("fullAddress"),
    ngx_veriff_payload_end
};


static ngx_veriff_payload_rule_t  ngx_veriff_payload_acceptable_type[] = {
    { ngx_string("name"),
      NGX_VERIFF_PAYLOAD_STRING,
      NGX_VERIFF_PAYLOAD_REQUIRED,
      NULL,
      NULL,
      NULL },

    ngx_veriff_payload_end
};


static ngx_veriff_payload_rule_t  ngx_veriff_payload_acceptable_types =
    ngx_veriff_payload_object("", ngx_veriff_payload_acceptable_type);


static ngx_veriff_payload_rule_t  ngx_veriff_payload_proof_of_address[] = {
    ngx_veriff_payload_array("acceptableTypes",
                             ngx_veriff_payload_acceptable_types),
    ngx_veriff_payload_end
};


static ngx_veriff_payload_rule_t  ngx_veriff_payload_consent[] = {
    ngx_veriff_payload_text("type", NULL, ngx_veriff_payload_consent_types),
    ngx_veriff_payload_bool("approved", NGX_VERIFF_PAYLOAD_CONSENT),
    ngx_veriff_payload_end
};


static ngx_veriff_payload_rule_t  ngx_veriff_payload_consents =
    ngx_veriff_payload_object("", ngx_veriff_payload_consent);


static ngx_veriff_payload_rule_t  ngx_veriff_payload_feature =
    ngx_veriff_payload_string("");


static ngx_veriff_payload_rule_t  ngx_veriff_payload_verification[] = {
    ngx_veriff_payload_text("callback", ngx_veriff_payload_check_callback,
                            NULL),
    ngx_veriff_payload_object("person", ngx_veriff_payload_person),
    ngx_veriff_payload_object("document", ngx_veriff_payload_document),
    ngx_veriff_payload_object("address", ngx_veriff_payload_address),
    ngx_veriff_payload_object("proofOfAddress",
                              ngx_veriff_payload_proof_of_address),

    { ngx_string("vendorData"),
      NGX_VERIFF_PAYLOAD_STRING,
      NGX_VERIFF_PAYLOAD_USER,
      ngx_veriff_payload_check_vendor_data,
      NULL,
      NULL },

    { ngx_string("endUserId"),
      NGX_VERIFF_PAYLOAD_STRING,
      NGX_VERIFF_PAYLOAD_USER,
      ngx_veriff_payload_check_uuid,
      NULL,
      NULL },

    ngx_veriff_payload_array("consents", ngx_veriff_payload_consents),
    ngx_veriff_payload_string("lang"),
    ngx_veriff_payload_array("features", ngx_veriff_payload_feature),
    ngx_veriff_payload_string("timestamp"),
    ngx_veriff_payload_end
};


static ngx_veriff_payload_rule_t  ngx_veriff_payload_body[] = {

    { ngx_string("verification"),
      NGX_VERIFF_PAYLOAD_OBJECT,
      NGX_VERIFF_PAYLOAD_REQUIRED,
      NULL,
      NULL,
      ngx_veriff_payload_verification },

    ngx_veriff_payload_end
};


ngx_veriff_payload_rule_t  ngx_veriff_payload_root =
    ngx_veriff_payload_object("", ngx_veriff_payload_body);


ngx_veriff_payload_rule_t *
ngx_veriff_payload_rule(ngx_veriff_payload_rule_t *object, const char *name)
{
    ngx_veriff_payload_rule_t  *rule;

    for (rule = object->members; rule->name.len; rule++) {
        if (ngx_strcmp(rule->name.data, name) == 0) {
            return rule;
        }
    }

    return NULL;
}


const char *
ngx_veriff_payload_rule_check(ngx_veriff_payload_rule_t *rule,
    ngx_str_t *value, ngx_uint_t insecure_callback)
{
    if (rule == NULL || rule->check == NULL) {
        return NULL;
    }

    if (insecure_callback
        && rule->check == ngx_veriff_payload_check_callback
        && ngx_veriff_payload_loopback(value))
    {
        return NULL;
    }

    return rule->check(value);
}


ngx_uint_t
ngx_veriff_payload_rule_known(ngx_veriff_payload_rule_t *rule,
    ngx_str_t *value)
{
    ngx_uint_t  i;

    if (rule == NULL || rule->values == NULL) {
        return 1;
    }

    for (i = 0; rule->values[i]; i++) {
        if (value->len == ngx_strlen(rule->values[i])
            && ngx_strncmp(value->data, rule->values[i], value->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static const char *
ngx_veriff_payload_check_callback(ngx_str_t *value)
{
    ngx_str_t  scheme, host, port;

    if (ngx_veriff_url_split(value, &scheme, &host, &port) != NGX_OK) {
        return "is not an https URL";
    }

    return (scheme.len == sizeof("https") - 1) ? NULL : "is not an https URL";
}


static ngx_uint_t
ngx_veriff_payload_loopback(ngx_str_t *value)
{
    ngx_str_t  scheme, host, port;

    return ngx_veriff_url_split(value, &scheme, &host, &port) == NGX_OK
           && ngx_veriff_url_host_pattern(&host) == NGX_DONE;
}


static const char *
ngx_veriff_payload_check_vendor_data(ngx_str_t *value)
{
    size_t      i;
    ngx_uint_t  n;

    n = 0;

    for (i = 0; i < value->len; i++) {
        if ((value->data[i] & 0xc0) != 0x80) {
            n++;
        }
    }

    return (n > NGX_VERIFF_VENDOR_DATA_MAX)
           ? "is longer than 1000 characters" : NULL;
}


static const char *
ngx_veriff_payload_check_uuid(ngx_str_t *value)
{
    u_char  ch;
    size_t  i;

    static u_char  form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

    if (value->len != sizeof(form) - 1) {
        return "is not a lower case UUID";
    }

    for (i = 0; i < value->len; i++) {
        ch = value->data[i];

        if (form[i] == '-') {
            if (ch != '-') {
                return "is not a lower case UUID";
            }

            continue;
        }

        if ((ch < '0' || ch > '9') && (ch < 'a' || ch > 'f')) {
            return "is not a lower case UUID";
        }
    }

    return NULL;
}


static const char *
ngx_veriff_payload_check_date(ngx_str_t *value)
{
    u_char     *p;
    ngx_int_t   year, month, day, last;

    static u_char  days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

    p = value->data;

    if (value->len != sizeof("YYYY-MM-DD") - 1 || p[4] != '-' || p[7] != '-') {
        return "is not a date YYYY-MM-DD";
    }

    year = ngx_veriff_payload_digits(p, 4);
    month = ngx_veriff_payload_digits(p + 5, 2);
    day = ngx_veriff_payload_digits(p + 8, 2);

    if (year < 1 || month < 1 || month > 12) {
        return "is not a date YYYY-MM-DD";
    }

    last = days[month - 1];

    if (month == 2
        && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0))
    {
        last++;
    }

    return (day < 1 || day > last) ? "is not a date YYYY-MM-DD" : NULL;
}


static const char *
ngx_veriff_payload_check_country(ngx_str_t *value)
{
    u_char  *p;

    p = value->data;

    if (value->len != 2
        || p[0] < 'A' || p[0] > 'Z' || p[1] < 'A' || p[1] > 'Z')
    {
        return "is not a country code of two capital letters";
    }

    return NULL;
}


static const char *
ngx_veriff_payload_check_number(ngx_str_t *value)
{
    u_char  ch;
    size_t  i;

    for (i = 0; i < value->len; i++) {
        ch = ngx_tolower(value->data[i]);

        if ((ch < 'a' || ch > 'z') && (ch < '0' || ch > '9')) {
            return "holds more than letters and digits";
        }
    }

    return NULL;
}


static const char *
ngx_veriff_payload_check_letters(ngx_str_t *value)
{
    u_char  ch;
    size_t  i;

    for (i = 0; i < value->len; i++) {
        ch = ngx_tolower(value->data[i]);

        if (ch < 'a' || ch > 'z') {
            return "holds more than letters";
        }
    }

    return NULL;
}


static ngx_int_t
ngx_veriff_payload_digits(u_char *p, size_t len)
{
    ngx_int_t  n;

    for (n = 0; len--; p++) {
        if (*p < '0' || *p > '9') {
            return NGX_ERROR;
        }

        n = n * 10 + (*p - '0');
    }

    return n;
}
