import { setTimeout as sleep } from 'node:timers/promises';
import { createServer } from 'vite';
import { launchChromium, openUrl, screenshot } from '/tmp/h/lead/test/browser/chromium.ts';
const server = await (await createServer({ logLevel: 'warn' })).listen();
const browser = await launchChromium();
try {
  for (const spec of process.argv.slice(2)) {
    const [path, name, wait = '6000', width = '1280', dark = ''] = spec.split('|');
    const { page, errors } = await openUrl(browser, new URL(path, server.resolvedUrls!.local[0]).href, {
      width: Number(width),
      height: 800,
      dark: dark === 'dark',
    } as never);
    await sleep(Number(wait));
    await screenshot(page, `/tmp/h/${name}.png`);
    console.log(path, ...errors);
    await page.close();
  }
} finally {
  await browser.close();
  await server.close();
}
