// The webhook check in njs: the key that X-AUTH-CLIENT names, HMAC-SHA256
// over the raw body, compared in constant time.  With veriff_json set, the
// body must be JSON as well, as the module wants it.

import crypto from 'crypto';

function equal(one, two) {
    if (one.length !== two.length) {
        return false;
    }

    let diff = 0;

    for (let i = 0; i < one.length; i++) {
        diff |= one.charCodeAt(i) ^ two.charCodeAt(i);
    }

    return diff === 0;
}

// njs 0.7 has one secret per configuration: read once, when it is loaded
function secret(r) {
    let key = r.headersIn['X-AUTH-CLIENT'];

    return key === r.variables.bench_api_key ? r.variables.bench_secret : null;
}

function check(r) {
    if (r.method !== 'POST') {
        r.return(405);
        return;
    }

    let key = secret(r);
    let signature = r.headersIn['X-HMAC-SIGNATURE'];

    if (!key || !signature || signature.length !== 64) {
        r.return(401);
        return;
    }

    let body = r.requestBuffer;

    let md = crypto.createHmac('sha256', key).update(body).digest('hex');

    if (!equal(md, signature.toLowerCase())) {
        r.return(401);
        return;
    }

    if (r.variables.veriff_json === '1') {
        try {
            let json = JSON.parse(r.requestText);

            if (typeof json !== 'object') {
                r.return(400);
                return;
            }

        } catch (e) {
            r.return(400);
            return;
        }
    }

    r.internalRedirect('@app');
}

export default { check };
