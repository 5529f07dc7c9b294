import { gzipSync } from 'node:zlib';
import type { Page } from 'puppeteer-core';

/** Seconds of CPU that a task of a page takes from the main thread, at most. */
export const LONGEST_TASK = 0.1;

interface Loading {
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly start: number;
}

/** The scripts that a page or a worker has requested, and when it drew its trained network for the first time. */
const loadings = () => {
  const { timeOrigin } = performance;
  const [looked] = performance.getEntriesByName('first look');
  return {
    until: looked ? timeOrigin + looked.startTime : undefined,
    scripts: performance
      .getEntriesByType('resource')
      .filter(({ name }) => name.endsWith('.js'))
      .map(({ name, startTime }): Loading => ({ name, start: timeOrigin + startTime })),
  };
};

/**
 * The scripts that a page and its workers have loaded before the page had drawn its trained network, where it opens with
 * one; else all until now. What comes later, in a quiet moment or when someone trains, are parts that are loaded later.
 */
export async function scriptsOf(page: Page): Promise<string[]> {
  const each = await Promise.all([page, ...page.workers()].map((place) => place.evaluate(loadings)));
  const until = Math.min(...each.map((own) => own.until ?? Infinity));
  const scripts = each.flatMap((own) => own.scripts).filter(({ start }) => start < until);
  return [...new Set(scripts.map(({ name }) => name))];
}

/** What draws digits where the site has none of MNIST, as tests ask for: a part that is loaded for that alone. */
const STAND_IN = /\/drawnDigits-[^/]*$/;

/** The bytes of `scriptsOf`, compressed by gzip. They are fetched again: a service worker may have served them to the page. */
export async function scriptBytes(page: Page): Promise<number> {
  const own = (await scriptsOf(page)).filter((url) => !STAND_IN.test(url));
  const sizes = own.map(
    async (url) => gzipSync(new Uint8Array(await (await fetch(url)).arrayBuffer())).length,
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

/** What has moved on the page since it was opened, if it amounts to more than `most`: shares of the window. */
export async function layoutShifts(page: Page, most: number): Promise<string[]> {
  const shifts = await page.evaluate(() => {
    interface Shift extends PerformanceEntry {
      readonly value: number;
      readonly sources: readonly { readonly node?: Node; readonly currentRect: DOMRect }[];
    }
    const observer = new PerformanceObserver(() => {});
    observer.observe({ type: 'layout-shift', buffered: true });
    const where = (node: Node | undefined) => {
      const element = node instanceof Element ? node : node?.parentElement;
      return `${element?.tagName.toLowerCase()} in #${element?.closest('[id]')?.id}`;
    };
    return (observer.takeRecords() as Shift[]).map(({ value, startTime, sources }) => ({
      value,
      text: `${value.toFixed(4)} after ${Math.round(startTime)} ms: ${sources.map(({ node }) => where(node)).join(', ')}`,
    }));
  });
  const sum = shifts.reduce((total, { value }) => total + value, 0);
  return sum < most ? [] : shifts.filter(({ value }) => value > 1e-5).map(({ text }) => text);
}

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  /** Microseconds of CPU that its thread has had for it. */
  readonly tdur?: number;
}

/**
 * The seconds of CPU of the longest task on the page's main thread while something goes on. CPU time, not time on the
 * wall: where a software adapter has all cores, the main thread waits for its turn.
 */
export async function busiestTask(page: Page, work: () => Promise<unknown>): Promise<number> {
  const MARK = 'main-thread';
  await page.tracing.start({ categories: ['toplevel', 'blink.user_timing'] });
  await page.evaluate((mark) => void performance.mark(mark), MARK);
  await work();
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve))); // a task under way is not in the trace
  const { traceEvents } = JSON.parse(new TextDecoder().decode(await page.tracing.stop())) as {
    traceEvents: readonly TraceEvent[];
  };
  const main = traceEvents.find((event) => event.name === MARK)!;
  const tasks = traceEvents.filter(
    ({ pid, tid, ph, tdur }) => pid === main.pid && tid === main.tid && ph === 'X' && tdur !== undefined,
  );
  if (tasks.length === 0) throw new Error('The trace has no tasks of the main thread.');
  return Math.max(...tasks.map(({ tdur }) => tdur!)) / 1e6;
}
