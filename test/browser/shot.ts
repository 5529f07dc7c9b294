// A look at a page, as it is in the working tree, errors included:
//   node --import tsx test/browser/shot.ts mnist/ out/mnist.png [--width 390] [--height 844] [--dark] [--wait 3000]
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createServer } from 'vite';
import { launchChromium, openUrl, screenshot } from './chromium.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    width: { type: 'string', default: '1280' },
    height: { type: 'string', default: '800' },
    dark: { type: 'boolean', default: false },
    wait: { type: 'string', default: '1000' },
  },
});
const [path = '', file = 'out/page.png'] = positionals;

const server = await (await createServer({ logLevel: 'warn' })).listen();
const browser = await launchChromium();
try {
  const view = { width: Number(values.width), height: Number(values.height), dark: values.dark };
  const { page, errors } = await openUrl(browser, new URL(path, server.resolvedUrls!.local[0]).href, view);
  await sleep(Number(values.wait)); // time for the page to compute something worth seeing
  await screenshot(page, file);
  console.log([`${page.url()} → ${file}`, ...errors].join('\n'));
} finally {
  await browser.close();
  await server.close();
}
