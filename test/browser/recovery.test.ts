import { beforeAll, expect, inject, it } from 'vitest';
import { openPage, scriptOf } from './harness.ts';
import type { Outcome, trainWithLoss } from './recoveryScript.ts';

let script: string;
beforeAll(async () => (script = await scriptOf('recoveryScript.ts')));

type Scope = typeof globalThis & { trainWithLoss: typeof trainWithLoss; loseGpu: () => Promise<void> };

/** Trains with and without the crash of the browser's GPU process. */
async function outcomes(where: 'page' | 'worker'): Promise<Outcome[]> {
  const { page } = await openPage('');
  // A page of the same site without a policy of its own, in which the script may run.
  await page.goto(new URL('nothing-here', inject('site')).href);
  const session = await page.createCDPSession();
  await page.exposeFunction('loseGpu', async () => {
    await session.send('Browser.crashGpuProcess').catch(() => {});
  });
  await page.evaluate(script);
  return page.evaluate(
    async (code, place) => {
      const { trainWithLoss: inPage, loseGpu } = globalThis as Scope;
      const inWorker = (folder: string, loses: boolean) => {
        const worker = new Worker(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })));
        return new Promise<Outcome>((resolve, reject) => {
          worker.addEventListener('message', async ({ data }) => {
            if (data === 'lose') {
              await loseGpu();
              worker.postMessage('lost', []);
            } else if (data.error) reject(new Error(data.error as string));
            else resolve(data.outcome as Outcome);
          });
          worker.postMessage({ folder, loses }, []);
        });
      };
      const own: Outcome[] = [];
      for (const loses of [false, true]) {
        const folder = `runs/${place}-${loses}`;
        own.push(
          place === 'page'
            ? await inPage(folder, loses ? loseGpu : undefined)
            : await inWorker(folder, loses),
        );
      }
      return own;
    },
    script,
    where,
  );
}

it.each(['page', 'worker'] as const)(
  'in a %s a training goes on by itself after the GPU process has crashed, from its last checkpoint to the same bits',
  async (where) => {
    const [whole, lost] = await outcomes(where);
    expect(whole).toMatchObject({ epochs: [0, 1, 2], recoveries: [], saved: 9 });
    expect(whole.weights).toHaveLength(51);
    expect(lost).toEqual({ ...whole, recoveries: [{ step: 4, reason: 'unknown' }] });
  },
);
