// driver.mjs - a browser for a test in Python: reads a command as a line of JSON, answers with one.
//
// usage: NODE_PATH=… node driver.mjs BROWSER     (tests/e2e/browser.py starts it)
//
// {"do": "open", "url": …}      a page of its own in a context of its own; closes the one before.
//     "init": a script that runs before any of the page's; "clock": the page's timers stand still
// {"do": "evaluate", "expression": …}  what that is in the page
// {"do": "forward", "ms": …}    moves the clock
// {"do": "troubles"}            what the page complained about since it was opened
// An answer is {"value": …} or {"error": …}.

import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const { chromium } = createRequire(import.meta.url)('playwright-core');
const browser = await chromium.launch({ executablePath: process.argv[2] });
let context = null;
let page = null;
let troubles = [];

const actions = {
  async open({ url, init, clock }) {
    await context?.close();
    context = await browser.newContext({ locale: 'en-US' });
    page = await context.newPage();
    troubles = [];
    page.on('pageerror', error => troubles.push(String(error)));
    page.on('console', message => {
      if (message.type() == 'error' || message.type() == 'warning') troubles.push(message.text());
    });
    if (clock) await page.clock.install();
    if (init) await page.addInitScript(init);
    await page.goto(url);
  },
  evaluate: ({ expression }) => page.evaluate(expression),
  forward: ({ ms }) => page.clock.fastForward(ms),
  troubles: () => troubles,
};

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  let answer;
  try {
    answer = { value: await actions[command.do](command) ?? null };
  } catch (error) {
    answer = { error: String(error) };
  }
  console.log(JSON.stringify(answer));
}
await browser.close();
