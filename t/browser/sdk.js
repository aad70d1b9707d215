'use strict';

/*
 * Reference clients in a real browser: what the provider's JavaScript SDK and
 * a script with fetch() send to veriff_session, from the site itself, from a
 * configured origin, and from another. Run by "run".
 */

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');

const { chromium } = require('playwright-core');

const root = path.resolve(__dirname, '../..');
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'veriff-sdk-'));
const children = [];
const servers = [];

/* the JavaScript under "Reference clients" */
const shown = [...fs.readFileSync(path.join(root, 'README.md'), 'utf8')
    .match(/^### Reference clients\n.*?^###? /ms)[0].matchAll(/^```js\n(.*?)^```/gms)]
    .map(([, code]) => code);

let browser;
let sandbox;
let site;           /* nginx */
let listed;         /* the origin that it trusts */
let foreign;
let number = 0;
let failed = 0;


/* ---- around the tests ---- */

async function until(what, condition) {
    for (const end = Date.now() + 15000; Date.now() < end; await sleep(50)) {
        const result = await condition();

        if (result) {
            return result;
        }
    }

    throw new Error(`${what}: too slow`);
}

function start(command, options) {
    const child = spawn(command, options, {
        stdio: ['ignore', 'ignore', 'pipe'],
        env: { ...process.env, NGINX: undefined },  /* sockets, to nginx */
    });

    child.said = '';
    child.stderr.setEncoding('utf8').on('data', text => { child.said += text; });
    child.ended = new Promise(resolve => {
        child.on('error', resolve);
        child.on('exit', resolve);
    });

    children.push(child);

    return child;
}

/* an empty page at every path, on an origin of its own */
async function startPages() {
    const server = http.createServer((request, response) => {
        response.setHeader('Content-Type', 'text/html');
        response.end('<!doctype html><link rel="icon" href="data:,"><title>page</title>');
    });

    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    servers.push(server);

    return `http://127.0.0.1:${server.address().port}`;
}

async function startSandbox() {
    const ready = path.join(dir, 'sandbox.json');

    start(path.join(root, 't/sandbox/sandbox'),
          ['--port', '0', '--with-parent', '--quiet', '--ready-file', ready]);

    return until('sandbox', () => fs.existsSync(ready) && JSON.parse(fs.readFileSync(ready)));
}

async function freePort() {
    const server = http.createServer();

    server.listen(0, '127.0.0.1');
    await once(server, 'listening');

    const { port } = server.address();

    server.close();
    await once(server, 'close');

    return port;
}

function configuration(port) {
    const module = path.resolve(process.env.MODULE
                                || path.join(root, 'build/dist/ngx_http_veriff_module.so'));

    return `
        load_module ${module};
        daemon off;
        worker_processes 1;
        pid ${dir}/pid;
        error_log ${dir}/error.log info;

        events { }

        http {
            access_log off;
            client_body_temp_path ${dir}/body;
            proxy_temp_path ${dir}/proxy;
            fastcgi_temp_path ${dir}/fastcgi;
            uwsgi_temp_path ${dir}/uwsgi;
            scgi_temp_path ${dir}/scgi;

            veriff_key_file ${dir}/key;

            veriff_integration kyc {
                api_key_file ${dir}/api_key;
                shared_secret_file ${dir}/secret;
                url_hosts 127.0.0.1;
                user $cookie_user trusted;
                client_members person features timestamp;
                origins ${listed};
            }

            server {
                listen 127.0.0.1:${port};

                location = /veriff/v1/sessions { veriff_session kyc format=api; }

                location = /page {
                    default_type text/html;
                    return 200 '<!doctype html><link rel="icon" href="data:,"><title>page</title>';
                }

                location /veriff-api/ {
                    internal;
                    veriff_sign kyc insecure_tls;
                    rewrite ^/veriff-api/(.*)$ /$1 break;
                    proxy_pass ${sandbox.http};
                    proxy_ignore_client_abort on;
                }
            }
        }
    `;
}

async function startNginx() {
    const port = await freePort();

    fs.writeFileSync(path.join(dir, 'key'), 'k'.repeat(32), { mode: 0o600 });
    fs.writeFileSync(path.join(dir, 'api_key'), sandbox.api_key, { mode: 0o600 });
    fs.writeFileSync(path.join(dir, 'secret'), sandbox.secret, { mode: 0o600 });
    fs.writeFileSync(path.join(dir, 'nginx.conf'), configuration(port));

    const nginx = start(process.env.NGINX || '/usr/sbin/nginx',
                        ['-p', dir, '-c', path.join(dir, 'nginx.conf')]);

    await until('nginx', () => fetch(`http://127.0.0.1:${port}/page`).then(() => true, () => {
        if (nginx.exitCode !== null) {
            throw new Error(`nginx: ${nginx.said}`);
        }
    }));

    return `http://127.0.0.1:${port}`;
}

async function stopAll() {
    await browser?.close().catch(() => {});

    for (const child of children.reverse()) {
        child.kill('SIGTERM');
        await child.ended;
    }

    servers.forEach(server => server.close());
    fs.rmSync(dir, { recursive: true });
}

/* runs one test in a page of the origin, whose user is logged in to the site */
async function test(name, origin, run) {
    const context = await browser.newContext();

    let error;

    await fetch(`${sandbox.http}/_sandbox/reset`, { method: 'POST' });
    await context.addCookies([{ name: 'user', value: 'alice', url: site }]);

    try {
        const page = await context.newPage();

        await page.goto(`${origin}/page`);
        await run(page);

    } catch (e) {
        error = e;
        failed++;
    }

    console.log(`${error ? 'not ok' : 'ok'} ${++number} - ${name}`);

    if (error) {
        console.log(String(error.stack).replace(/^/gm, '# '));
    }

    await context.close();
}

/* the bodies of the sessions that the provider was asked for */
async function asked() {
    const requests = await (await fetch(`${sandbox.http}/_sandbox/requests`)).json();

    return requests.map(request => {
        assert.equal(`${request.method} ${request.path}`, 'POST /v1/sessions');

        const headers = request.headers.filter(([header]) => /^x-auth-client$/i.test(header));

        assert.deepEqual(headers.map(([, value]) => value), [sandbox.api_key]);

        return JSON.parse(Buffer.from(request.body_base64, 'base64')).verification;
    });
}


/* ---- the clients, in the page ---- */

/* as the SDK does it: an XMLHttpRequest with a key, without credentials */
function sdk({ host, vendorData = 'mallory' }) {
    return new Promise(resolve => {
        const xhr = new XMLHttpRequest();

        xhr.open('POST', `${host}/v1/sessions`);
        xhr.setRequestHeader('Content-Type', 'application/json');
        xhr.setRequestHeader('X-AUTH-CLIENT', 'none');
        xhr.setRequestHeader('X-Origin', 'js-sdk');

        xhr.onloadend = () => resolve({
            status: xhr.status,
            body: xhr.responseText && JSON.parse(xhr.responseText),
        });

        xhr.send(JSON.stringify({
            verification: {
                features: ['selfid'],
                person: { firstName: 'Jos\u00e9', lastName: 'Silva', idNumber: undefined },
                timestamp: new Date().toISOString(),
                vendorData,
            },
        }));
    });
}

/*
 * What README.md shows of the SDK, in a page where the SDK stands in for itself:
 * mount() is a form with a name that is sent at once. Resolves to the URL that
 * the frame is given.
 */
function shownSdk({ code, send }) {
    return new Promise((resolve, reject) => {
        const post = new Function(`return ${send}`)();
        let params = {};

        window.veriffSDK = { createVeriffFrame: ({ url }) => resolve(url) };

        window.Veriff = ({ host, apiKey, parentId, onSession }) => ({
            setParams(more) { params = { ...params, ...more }; },

            async mount() {
                if (!apiKey || !parentId) {
                    reject(new Error('apiKey and parentId are needed'));
                }

                const { status, body } = await post({ host, ...params });

                onSession(status === 201 ? null : { status }, status === 201 ? body : null);

                if (status !== 201) {
                    resolve(status);
                }
            },
        });

        new Function(code)();
    });
}

/* what README.md shows of fetch(), likewise */
function shownFetch({ code }) {
    const AsyncFunction = (async () => {}).constructor;

    return new Promise((resolve, reject) => {
        new AsyncFunction('createVeriffFrame', 'firstName', 'lastName', code)(
            ({ url }) => resolve(url), 'Ana', 'Silva').then(() => resolve(null), reject);
    });
}

/* as an application's script does it */
async function script({ host, body }) {
    try {
        const response = await fetch(`${host}/v1/sessions`, {
            method: 'POST',
            credentials: 'include',
            headers: { 'Content-Type': 'application/json', 'vrf-integration-id': 'any' },
            body,
        });

        return { status: response.status, body: await response.json() };

    } catch (error) {
        return { error: error.name };
    }
}


/* ---- the tests ---- */

async function runTests() {
    const host = `${site}/veriff`;

    assert.equal(shown.length, 2);

    await test('the SDK, on the site itself', site, async page => {
        const { status, body } = await page.evaluate(sdk, { host });

        assert.equal(status, 201);
        assert.equal(body.status, 'success');
        assert.match(body.verification.url, /^http:\/\/127\.0\.0\.1:\d+\/v\//);

        const [{ vendorData, timestamp, ...sent }, ...more] = await asked();

        assert.deepEqual(more, []);
        assert.notEqual(vendorData, 'mallory');
        assert.match(timestamp, /Z$/);
        assert.deepEqual(sent, {
            person: { firstName: 'Jos\u00e9', lastName: 'Silva' },
            features: ['selfid'],
        });
    });

    await test('what README.md shows of the SDK', site, async page => {
        const code = shown[0].replace('https://app.example.com', site);
        const url = await page.evaluate(shownSdk, { code, send: String(sdk) });

        assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/v\//);

        const [{ vendorData, ...sent }, ...more] = await asked();

        assert.deepEqual(more, []);
        assert.equal(vendorData.trim(), vendorData);
        assert.deepEqual(sent.person, { firstName: 'Jos\u00e9', lastName: 'Silva' });
    });

    await test('what README.md shows of fetch(), of a listed origin', listed, async page => {
        const code = shown[1].replace('https://app.example.com', site);
        const url = await page.evaluate(shownFetch, { code });

        assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/v\//);

        const [{ vendorData, ...sent }, ...more] = await asked();

        assert.deepEqual(more, []);
        assert.deepEqual(sent, { person: { firstName: 'Ana', lastName: 'Silva' } });
    });

    await test('a script with credentials, of a listed origin', listed, async page => {
        const body = '{"verification":{"person":{"firstName":"Ana"}}}';
        const answer = await page.evaluate(script, { host, body });

        assert.equal(answer.status, 201);
        assert.equal(answer.body.status, 'success');

        const [{ vendorData, ...sent }] = await asked();

        assert.deepEqual(sent, { person: { firstName: 'Ana' } });
    });

    await test('the SDK of a listed origin sends no credentials, and can read that', listed,
               async page => {
        const { status, body } = await page.evaluate(sdk, { host });

        assert.equal(status, 401);
        assert.equal(body.status, 'fail');
        assert.deepEqual(await asked(), []);
    });

    await test('a listed origin can read what is wrong', listed, async page => {
        const body = '{"verification":{"person":{"dateOfBirth":"1.1.1990"}}}';
        const answer = await page.evaluate(script, { host, body });

        assert.equal(answer.status, 400);
        assert.equal(answer.body.message,
                     'verification.person.dateOfBirth is not a date YYYY-MM-DD');
        assert.deepEqual(await asked(), []);
    });

    await test('another origin can neither create nor read', foreign, async page => {
        assert.deepEqual(await page.evaluate(script, { host, body: '{}' }),
                         { error: 'TypeError' });
        assert.equal((await page.evaluate(sdk, { host })).status, 0);
        assert.deepEqual(await asked(), []);
    });
}

async function main() {
    for (const [signal, code] of Object.entries({ SIGHUP: 1, SIGINT: 2, SIGTERM: 15 })) {
        process.on(signal, () => stopAll().then(() => process.exit(128 + code)));
    }

    try {
        sandbox = await startSandbox();
        listed = await startPages();
        foreign = await startPages();
        site = await startNginx();

        browser = await chromium.launch({
            executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
            args: ['--no-sandbox', '--disable-gpu', '--no-proxy-server',
                   '--disable-background-networking', '--disable-component-update',
                   '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'],
        });

        await runTests();

    } catch (error) {
        console.log(`Bail out! ${error.message}`);
        failed++;

    } finally {
        await stopAll();
    }

    console.log(`1..${number}`);

    process.exitCode = failed || !number ? 1 : 0;
}

main();
