// A browser that a test steers: commands come in as lines of JSON, answers go out the same way.
//
//   {"do":"open","url":…,"width":…,"height":…,"touch":…}   a page; its number is the answer
//   {"do":"run","page":0,"script":"return …"}             a function body run in the page
//   {"do":"wait","page":0,"script":"return …","limit":ms} until it returns something true
//   {"do":"click","page":0,"selector":…}                  as a person would: visible, in the way of none
//   {"do":"type","page":0,"selector":…,"text":…}
//   {"do":"shot","page":0,"path":…,"full":bool}           a PNG
//   {"do":"errors","page":0}                              what the page complained of
//   {"do":"scheme","page":0,"scheme":"dark","motion":"reduce"}
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const require = createRequire(`${process.env.ARMATURE_NODE_MODULES}/`);
const { chromium } = require('playwright-core');

const browser = await chromium.launch({
  executablePath: process.env.ARMATURE_CHROMIUM,
  // Containers have no sandbox for root; the page tested is our own.
  args: ['--no-sandbox', '--enable-unsafe-swiftshader', '--use-angle=swiftshader'],
});
const pages = [];

// Runs a function body in the page past its own rules on scripts, which stay as they are for the page:
// Playwright's evaluate() uses eval(), and the page forbids that.
async function evaluate(page, script) {
  const expression = `(async () => { ${script} })()`;
  const answer = await page.session.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
  if (answer.exceptionDetails) {
    const { exception, text } = answer.exceptionDetails;
    throw new Error(exception?.description ?? text);
  }
  return answer.result.value;
}

// What is not there yet throws; that counts only when it is still so in the end.
async function wait(page, script, limit) {
  const end = Date.now() + limit;
  for (;;) {
    let said = 'it is not so';
    try {
      const value = await evaluate(page, script);
      if (value) return value;
    } catch (error) {
      said = String(error.message).split('\n')[0];
    }
    if (Date.now() > end) throw new Error(`waited ${limit} ms: ${said}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

const verbs = {
  async open({ url, width = 1440, height = 900, touch = false, scale = 1 }) {
    const context = await browser.newContext({
      viewport: { width, height }, hasTouch: touch, isMobile: touch, deviceScaleFactor: scale,
    });
    const page = await context.newPage();
    page.session = await context.newCDPSession(page);
    page.complaints = [];
    page.on('pageerror', (error) => page.complaints.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') page.complaints.push(message.text());
    });
    await page.goto(url, { waitUntil: 'commit' });
    return pages.push(page) - 1;
  },
  run: ({ page, script }) => evaluate(pages[page], script),
  wait: ({ page, script, limit = 10000 }) => wait(pages[page], script, limit),
  click: ({ page, selector }) => pages[page].click(selector, { timeout: 5000 }).then(() => true),
  type: ({ page, selector, text }) => pages[page].fill(selector, text).then(() => true),
  shot: ({ page, path, full = false }) => pages[page].screenshot({ path, fullPage: full }).then(() => true),
  errors: ({ page }) => pages[page].complaints,
  scheme: ({ page, scheme, motion }) =>
    pages[page].emulateMedia({ colorScheme: scheme, reducedMotion: motion }).then(() => true),
  close: ({ page }) => pages[page].context().close().then(() => true),
};

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    const command = JSON.parse(line);
    answer = { ok: (await verbs[command.do](command)) ?? null };
  } catch (error) {
    answer = { error: String(error.message ?? error).split('\n')[0] };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();
