import type { Page, WebWorker } from 'puppeteer-core';
import { beforeAll, expect, it } from 'vitest';
import type { GraphCalls } from '../../demos/frame/graph/calls.ts';
import { openPage } from './harness.ts';

let page: Page;
let worker: WebWorker;
let errors: string[];

/** Asks the page's worker as the page does, and takes the answer. */
const ask = <K extends keyof GraphCalls>(
  name: K,
  ...args: Parameters<GraphCalls[K]>
): Promise<Awaited<ReturnType<GraphCalls[K]>>> =>
  worker.evaluate(
    (call, args) =>
      new Promise((resolve) => {
        const id = Math.random();
        const post = globalThis.postMessage as unknown as (...own: unknown[]) => void;
        globalThis.postMessage = ((answer: { id?: number; value?: unknown }, ...rest: unknown[]) => {
          if (answer.id !== id) return post(answer, ...rest);
          globalThis.postMessage = post as never;
          resolve(answer.value as never);
        }) as never;
        const own = args.map((arg) => arg ?? undefined); // null has come in the place of undefined
        const data = { type: 'call', id, name: call, args: own };
        globalThis.dispatchEvent(new MessageEvent('message', { data }));
      }),
    name,
    args as unknown[],
  ) as Promise<Awaited<ReturnType<GraphCalls[K]>>>;

const reaches = (state: string) =>
  page.waitForFunction((wanted) => document.body.dataset.state === wanted, { timeout: 90_000 }, state);

beforeAll(async () => {
  ({ page, errors } = await openPage('points/?shape=rings&layers=1&units=4&start=scratch'));
  await reaches('ready');
  worker = page.workers()[0];
});

it('is described, measured and inspected in the worker', async () => {
  const graph = (await ask('graph'))!;
  expect(new Set(graph.nodes.map(({ phase }) => phase)).size).toBeGreaterThanOrEqual(5);
  const times = await ask('graphMeasure');
  expect(times.microseconds.length).toBe(graph.nodes.length);
  expect(['timestamps', 'wall']).toContain(times.clock);
  expect(Math.min(times.step, times.ceilings.flops, times.ceilings.bytes)).toBeGreaterThan(0);
  const [{ index }] = graph.nodes.filter(({ phase }) => phase === 'forward');
  expect((await ask('graphLook', index)).output).toMatchObject({ tiles: 1, width: 4 });
  expect((await ask('graphInspect', index)).label).toBe(graph.nodes[index].label);
  await ask('graphLook', undefined);
});

it('runs an edited kernel in the training under way, through a reset, and says where one is wrong', async () => {
  const { nodes } = (await ask('graph'))!;
  const { index } = nodes.find(({ kernel }) => kernel === 'optimizer/adam')!;
  const { source, users } = await ask('graphCode', index);
  await page.$eval('#play', (play) => (play as HTMLElement).click());
  await reaches('running');
  const wrong = await ask('graphReplace', index, source.replace('fn main(', 'fn main(a: nothing, '), true);
  const line = source.slice(0, source.indexOf('fn main(')).split('\n').length;
  expect(wrong.messages[0]).toMatchObject({ line, word: 'nothing' });
  const right = await ask('graphReplace', index, `${source}\n`, true);
  expect(right).toMatchObject({ messages: [], text: expect.stringContaining('are those of the original') });
  await page.$eval('#reset', (reset) => (reset as HTMLElement).click());
  await reaches('ready');
  await expect.poll(async () => (await ask('graphEdits')).edited, { timeout: 30_000 }).toEqual(users);
  expect(errors).toEqual([]);
});
