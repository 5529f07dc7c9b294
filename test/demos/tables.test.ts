import { describe, expect, it, vi } from 'vitest';
import { publishedMiddleware, publishedPlugin } from '../../demos/site/publishedPlugin.ts';
import { loadPublished } from '../../demos/frame/worker/published.ts';
import { areFeatures, featuresOf, featuresText } from '../../demos/tables/features.ts';
import { TEST_ROWS } from '../../demos/tables/protocol.ts';
import { tableOf, withColumns } from '../../demos/tables/table.ts';
import { logitOf, probabilityOf, probabilityText } from '../../demos/tables/threshold.ts';
import { countsAt } from '../../demos/tables/verdicts.ts';
import { syntheticBreastCancer } from '../../src/data/breastCancer.ts';

describe('the table', () => {
  const { train, test } = tableOf(syntheticBreastCancer(), 0);

  it('is divided by class, and standardised by the training rows alone', () => {
    expect([train.size, test.size]).toEqual([455, TEST_ROWS]);
    expect(Array.from(test.y.data)).toEqual(Array.from(test.y.data).sort());
    const column = (data: Float32Array | Uint8Array, at: number) =>
      Array.from(data).filter((_, i) => i % 30 === at);
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    for (const at of [0, 17, 29]) {
      const values = column(train.x.data as Float32Array, at);
      expect(mean(values)).toBeCloseTo(0, 5);
      expect(mean(values.map((value) => value ** 2))).toBeCloseTo(1, 5);
      expect(Math.abs(mean(column(test.x.data as Float32Array, at)))).toBeGreaterThan(1e-4);
    }
  });

  it('gives the chosen columns in their order', () => {
    const some = withColumns(test, [2, 29]);
    expect(some.x.shape).toEqual([2]);
    expect(Array.from(some.x.data.slice(0, 4))).toEqual([2, 29, 32, 59].map((i) => test.x.data[i]));
  });

  it('has columns by their numbers in the address', () => {
    expect(featuresOf('3,1,3')).toEqual([0, 2]);
    expect(featuresText([2, 0])).toBe('1,3');
    expect(featuresText(featuresOf('all'))).toBe('all');
    expect(['all', '1,30', '0', '31', '', '1,', 'x'].map(areFeatures)).toEqual([
      true,
      true,
      ...Array(5).fill(false),
    ]);
  });
});

describe('the threshold', () => {
  it('is a logit and a probability', () => {
    for (const logit of [-Infinity, -20, -1, 0, 3, 20, Infinity]) {
      const back = logitOf(probabilityOf(logit));
      if (Number.isFinite(logit)) expect(back).toBeCloseTo(logit, 3);
      else expect(back).toBe(logit);
    }
    expect([-10, -4, 0, 6, 10].map(probabilityText)).toEqual(['0 %', '2 %', '50 %', '99.8 %', '100 %']);
  });

  it('divides the rows into four', () => {
    const counts = countsAt(0.5, [0, 0, 1, 1, 1], [-1, 0.5, 0.4, 2, 0.5]);
    expect(counts).toEqual({ found: 2, missed: 1, alarms: 1, cleared: 1 });
  });
});

describe('a published file', () => {
  const text = new TextEncoder().encode('public');
  const file = {
    title: 'a text',
    path: 'text.txt',
    urls: [],
    bytes: text.length,
    sha256: '',
  };
  const reading = { parse: (bytes: Uint8Array) => bytes.length, generate: () => -1 };

  it('is read where the site has it, and else replaced by data that say so', async () => {
    const fetch = vi.spyOn(globalThis, 'fetch').mockImplementation(async () => new Response(text));
    expect(await loadPublished(file, 'published', 'https://site/data', reading)).toEqual({
      data: 6,
      facts: { synthetic: false },
    });
    expect(fetch.mock.calls[0][0]).toBe('https://site/data/text.txt');
    fetch.mockImplementation(async () => new Response('', { status: 404 }));
    const { data, facts } = await loadPublished(file, 'published', 'https://site/data', reading);
    expect([data, facts.synthetic]).toEqual([-1, true]);
    expect(facts.notice).toMatch(/generated in place of a text.*404/);
    fetch.mockClear();
    expect((await loadPublished(file, 'synthetic', '', reading)).data).toBe(-1);
    expect(fetch).not.toHaveBeenCalled();
    fetch.mockRestore();
  });

  it('that is not available is missing from the build, and from the development server', async () => {
    vi.stubEnv('WGRAD_DATA', '');
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const options = { urls: [], cacheDir: '/nowhere' };
    const { config } = publishedPlugin(options);
    const { define } = await (config as any)({}, { command: 'build' });
    expect(JSON.parse(define['import.meta.env.WGRAD_WITHOUT_FILES'])).toEqual([
      'wdbc.data',
      'airline-passengers.csv',
      'text/shakespeare-400k.txt',
    ]);
    expect(warn.mock.calls.flat().join()).toMatch(/WITHOUT the breast cancer table/);
    const answered = new Promise<[number, string]>((resolve) => {
      let status = 0;
      const response = {
        writeHead: (code: number) => void (status = code),
        end: (body: string) => resolve([status, body]),
      };
      publishedMiddleware(options)({ url: '/wdbc.data', method: 'GET' } as any, response as any, () => {});
    });
    expect(await answered).toEqual([404, expect.stringMatching(/the cache has no/)]);
    const next = vi.fn<() => void>();
    publishedMiddleware(options)({ url: '/../package.json', method: 'GET' } as any, {} as any, next);
    expect(next).toHaveBeenCalled();
    warn.mockRestore();
    vi.unstubAllEnvs();
  });
});
