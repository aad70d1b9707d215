'use strict';

/*
 * The whole path in a real browser: login, gate, the provider's page, and back
 * to the page that was asked for. Run by "run", which says where to put
 * screenshots of what failed.
 */

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { createHash, X509Certificate } = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');

const { chromium } = require('playwright-core');

const PATIENCE = 15000;

const out = process.argv[2];
const root = path.resolve(__dirname, '../..');

let demo;       /* what its ready file says */
let browser;
let child;
let passed = 0;
let failed = 0;


/* ---- around the tests ---- */

async function startDemo() {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'veriff-browser-'));
    const ready = path.join(dir, 'demo.json');

    const options = ['--port', '0', '--provider-port', '0', '--quiet', '--ready-file', ready];

    child = spawn(path.join(root, 't/demo/run'), options, {
        stdio: ['ignore', 'inherit', 'pipe'],
        env: { ...process.env, CHECK: '' },
        detached: true,        /* a signal to us is ours to pass on */
    });

    let said = '';
    child.stderr.setEncoding('utf8').on('data', text => { said += text; });

    child.ended = new Promise(resolve => {
        child.on('error', resolve);
        child.on('exit', (code, signal) => resolve(signal ?? code));
    });

    let how;
    child.ended.then(result => { how = result; });

    for (const end = Date.now() + 30000; !fs.existsSync(ready); await sleep(50)) {
        if (how !== undefined || Date.now() > end) {
            throw new Error(`the demo did not start: ${how ?? 'too slow'}\n${said}`);
        }
    }

    demo = JSON.parse(fs.readFileSync(ready, 'utf8'));
    fs.rmSync(dir, { recursive: true });
}

async function startBrowser() {
    const certificate = new X509Certificate(fs.readFileSync(demo.certificate));
    const key = certificate.publicKey.export({ type: 'spki', format: 'der' });
    const hash = createHash('sha256').update(key).digest('base64');

    browser = await chromium.launch({
        executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
        handleSIGINT: false,
        handleSIGTERM: false,
        handleSIGHUP: false,
        args: [
            '--no-sandbox',
            '--disable-gpu',
            '--disable-quic',
            '--no-first-run',
            '--disable-background-networking',
            '--disable-component-update',
            '--disable-sync',
            '--no-proxy-server',

            /* the demo's certificate and no other; and there is no internet */
            `--ignore-certificate-errors-spki-list=${hash}`,
            '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1',
        ],
    });
}

async function stopAll() {
    await browser?.close().catch(() => {});

    if (child?.pid) {
        child.kill('SIGTERM');
        await child.ended;
    }
}

/*
 * Runs one test with a page of its own. Whatever the browser complains of
 * fails it, and so does a request that leaves the machine.
 */
async function test(name, options, run) {
    const context = await browser.newContext({
        httpCredentials: options.anonymous ? undefined : {
            username: options.user,
            password: demo.password,
            origin: demo.site,
        },
        viewport: options.viewport ?? { width: 1024, height: 768 },
        javaScriptEnabled: options.scripts ?? true,
    });

    context.setDefaultTimeout(PATIENCE);

    const page = await context.newPage();
    const problems = [];
    const visit = { page, user: options.user, hops: [], requests: [] };

    watch(page, visit, options.anonymous ? [] : problems);

    let error;

    try {
        await run(visit);
        assert.deepEqual(problems, []);
        passed++;

    } catch (e) {
        error = e;
        failed++;
    }

    const number = passed + failed;

    console.log(`${error ? 'not ok' : 'ok'} ${number} - ${name}`);

    if (error) {
        const picture = path.join(out, `failure-${number}.png`);
        const lines = [String(error.message), `at ${page.url()}`, ...problems, `see ${picture}`];

        await page.screenshot({ path: picture, fullPage: true }).catch(() => {});
        console.log(lines.join('\n').replace(/^/gm, '# '));
    }

    await context.close();
}

function watch(page, visit, problems) {
    const own = [demo.site, demo.provider];

    page.on('console', message => {
        if (['error', 'warning'].includes(message.type())) {
            problems.push(`console: ${message.text()}`);
        }
    });
    page.on('pageerror', error => problems.push(`page: ${error.message}`));
    page.on('crash', () => problems.push('the page crashed'));
    page.on('requestfailed', request => {
        problems.push(`failed: ${request.url()} ${request.failure()?.errorText}`);
    });
    page.on('request', request => {
        const url = new URL(request.url());

        visit.requests.push(request);

        if (url.protocol !== 'data:' && !own.includes(url.origin)) {
            problems.push(`external request: ${url.origin}`);
        }
    });
    page.on('response', response => {
        const request = response.request();

        if (response.status() >= 400) {
            problems.push(`status ${response.status()}: ${response.url()}`);
        }

        if (request.isNavigationRequest() && request.frame() === page.mainFrame()) {
            visit.hops.push(`${request.method()} ${response.status()} ${masked(response.url())}`);
        }
    });
}

/* a URL without ports and session tokens */
function masked(url) {
    return url.replace(demo.site, 'site').replace(demo.provider, 'provider')
              .replace(/\/v\/.+/, '/v/TOKEN');
}


/* ---- what the tests do ---- */

const ASKED = '/account';       /* what the user wants to see */

const TO_PROVIDER = [
    'GET 302 site/account',
    'GET 303 site/veriff/start?return=%2Faccount',
    'GET 200 provider/v/TOKEN',
];

/* the return page may wait for the webhook meanwhile */
const BACK = /^POST 303 provider\/v\/TOKEN(,GET 200 site\/veriff\/return)*,GET 303 site\/veriff\/return,GET 200 site\/account$/;

async function notifications() {
    return (await fetch(`${demo.app}/notifications.json`)).json();
}

/* the first one of this kind that came after so many */
async function notification(after, summary) {
    for (const end = Date.now() + PATIENCE; Date.now() < end; await sleep(50)) {
        const one = (await notifications()).slice(after).find(n => n.summary === summary);

        if (one) {
            return one;
        }
    }

    throw new Error(`there is no notification "${summary}"`);
}

/* what every page should be: named, in a language, with one heading, not wider than the window */
async function checkPage(page) {
    const seen = await page.evaluate(() => ({
        lang: document.documentElement.lang,
        titled: document.title !== '',
        headings: document.querySelectorAll('h1').length,
        mains: document.querySelectorAll('main').length,
        fits: document.documentElement.scrollWidth <= window.innerWidth,
    }));

    assert.deepEqual(seen, { lang: 'en', titled: true, headings: 1, mains: 1, fits: true });
}

/* asks for the account, and is led to the provider instead */
async function toProvider(visit) {
    const { page } = visit;

    visit.hops.length = 0;
    await page.goto(demo.site + ASKED);
    await checkPage(page);

    assert.deepEqual(visit.hops, TO_PROVIDER);

    const last = visit.requests.findLast(request => request.isNavigationRequest());
    const headers = await last.allHeaders();

    for (const name of ['authorization', 'cookie', 'referer']) {
        assert.equal(headers[name], undefined, `the provider got "${name}"`);
    }

    return page.url();
}

async function backToAccount(visit) {
    const { page } = visit;

    await page.waitForURL(demo.site + ASKED);
    await checkPage(page);
    assert.equal(await page.locator('#user').innerText(), visit.user);
}

/* the return page says this, in whatever way it came to do so */
async function returnPage(visit, title) {
    const { page } = visit;

    await page.getByRole('heading', { name: title, exact: true }).waitFor();
    await checkPage(page);
    assert.equal(page.url(), demo.callback);
}

/* what the stand-in for the provider is told to do with the newest session */
async function provider(action, what) {
    const sessions = await (await fetch(`${demo.provider}/_sandbox/sessions`)).json();
    const { id } = sessions.at(-1);

    const answer = await fetch(`${demo.provider}/_sandbox/sessions/${id}/${action}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ ...what, wait: true }),
    });

    assert.equal(answer.status, 200);
}

/* the notifications page has it, and says that nginx has checked it */
async function showsNotification(visit, press, one) {
    const { page } = visit;

    await press('link', 'Notifications');
    await page.waitForURL(`${demo.site}/notifications`);
    await checkPage(page);

    const article = page.getByRole('article', { name: `veriff: ${one.summary}` })
                        .filter({ has: page.locator(`#notification-${one.number}`) });

    assert.equal(await article.count(), 1);

    const facts = await article.locator('dl').innerText();

    assert.match(facts, /X-Veriff-Webhook\s+ok/);
    assert.match(facts, new RegExp(`X-Veriff-User\\s+${visit.user}`));
}

function byMouse(page) {
    return (role, name) => page.getByRole(role, { name, exact: true }).first().click();
}

/* Tab until it has the focus, then Enter */
function byKeyboard(page) {
    return async (role, name) => {
        const wanted = page.getByRole(role, { name, exact: true }).first();

        for (let i = 0; i < 30; i++) {
            await page.keyboard.press('Tab');

            if (await wanted.evaluate(element => element === document.activeElement)) {
                assert.notEqual(await wanted.evaluate(e => getComputedStyle(e).outlineStyle),
                                'none', `the focus on "${name}" is not visible`);
                await page.keyboard.press('Enter');
                return;
            }
        }

        throw new Error(`the keyboard does not reach "${name}"`);
    };
}

async function wholePath(visit, by) {
    const press = by(visit.page);
    const before = (await notifications()).length;

    await toProvider(visit);
    await notification(before, 'started');

    visit.hops.length = 0;
    await press('button', 'Approve');
    await backToAccount(visit);
    assert.match(visit.hops.join(), BACK);

    await showsNotification(visit, press, await notification(before, 'approved'));
}

/* the user has sent everything, and waits for the verdict */
async function pendingPath(visit) {
    const { page } = visit;

    await toProvider(visit);
    await provider('event', { action: 'submitted' });
    await page.goto(demo.callback);
    await returnPage(visit, 'Your verification is being checked');

    visit.hops.length = 0;
    await provider('decide', { status: 'approved' });
    await backToAccount(visit);
    assert.deepEqual(visit.hops.filter(hop => hop !== 'GET 200 site/veriff/return'),
                     ['GET 303 site/veriff/return', 'GET 200 site/account']);
}


/* ---- the tests ---- */

async function runTests() {
    await test('without a login there is nothing to see', { anonymous: true }, async ({ page }) => {
        for (const where of ['/', ASKED, '/veriff/start']) {
            await assert.rejects(page.goto(demo.site + where), /ERR_INVALID_AUTH_CREDENTIALS/);
        }
    });

    await test('Approve', { user: 'alice' }, visit => wholePath(visit, byMouse));

    await test('Approve, with the keyboard alone', { user: 'bob' },
               visit => wholePath(visit, byKeyboard));

    await test('Approve, on a small screen',
               { user: 'carol', viewport: { width: 320, height: 640 } },
               visit => wholePath(visit, byMouse));

    await test('Approve, without JavaScript', { user: 'dave', scripts: false },
               visit => wholePath(visit, byMouse));

    await test('the pending page turns by itself', { user: 'erin' }, pendingPath);

    await test('the pending page turns without JavaScript', { user: 'frank', scripts: false },
               pendingPath);

    await test('Decline', { user: 'grace' }, async visit => {
        const press = byMouse(visit.page);

        await toProvider(visit);
        await press('button', 'Decline');
        await returnPage(visit, 'Your verification was declined');

        visit.hops.length = 0;
        await visit.page.goto(demo.site + ASKED);
        await visit.page.getByRole('heading', { name: 'Your verification was declined' }).waitFor();
        assert.deepEqual(visit.hops, ['GET 302 site/account',
                                      'GET 200 site/veriff/return?return=%2Faccount']);
    });

    await test('Ask to resubmit: the same page of the provider again', { user: 'heidi' },
               async visit => {
        const press = byKeyboard(visit.page);
        const url = await toProvider(visit);

        await press('button', 'Ask to resubmit');
        await returnPage(visit, 'Please try once more');

        await press('link', 'Repeat the verification');
        await visit.page.waitForURL(url);

        await press('button', 'Approve');
        await backToAccount(visit);
    });

    await test('Leave: the same page of the provider again', { user: 'ivan' }, async visit => {
        const press = byMouse(visit.page);
        const url = await toProvider(visit);

        await press('button', 'Leave');
        await returnPage(visit, 'Have you finished?');

        await press('link', 'Continue the verification');
        await visit.page.waitForURL(url);

        /* finished on another device: that one is told nothing, this one goes on */
        const other = await browser.newContext();
        const page = await other.newPage();

        await page.goto(url);
        await byMouse(page)('button', 'Approve');
        await page.getByRole('heading', { name: 'Thank you', exact: true }).waitFor();
        await checkPage(page);
        await other.close();

        await visit.page.goto(demo.callback);
        await backToAccount(visit);
    });
}

async function main() {
    for (const name of fs.readdirSync(out)) {
        if (/^failure-\d+\.png$/.test(name)) {
            fs.rmSync(path.join(out, name));
        }
    }

    for (const [signal, number] of Object.entries({ SIGHUP: 1, SIGINT: 2, SIGTERM: 15 })) {
        process.on(signal, () => stopAll().then(() => process.exit(128 + number)));
    }

    try {
        await startDemo();
        await startBrowser();
        await runTests();

    } catch (error) {
        console.log(`Bail out! ${error.message}`);
        failed++;

    } finally {
        await stopAll();
    }

    if (demo && fs.existsSync(demo.dir)) {
        console.log(`# the demo left ${demo.dir}`);
        failed++;
    }

    console.log(`1..${passed + failed}`);
    console.log(`${passed} passed, ${failed} failed`);

    process.exitCode = failed || !passed ? 1 : 0;
}

main();
