import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import '../helpers/close.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { initialValues } from '../../demos/frame/settings.ts';
import { Weights } from '../../demos/frame/worker/weights.ts';
import { Author } from '../../demos/text/author.ts';
import { momentText, sampleOf } from '../../demos/text/protocol.ts';
import type { Reading, Tells } from '../../demos/text/protocol.ts';
import { settings } from '../../demos/text/settings.ts';
import { dataOf } from '../../demos/text/data.ts';
import { problemOf } from '../../demos/text/problem.ts';
import { EXCERPT, SHAKESPEARE } from '../../demos/text/text.ts';
import { compileView, readingOf } from '../../demos/text/view.ts';
import { syntheticText, TINY_SHAKESPEARE } from '../../src/data/text.ts';
import { gptNetwork } from '../../src/models/gptNetwork.ts';
import type { Gpu, Program } from '../../src/index.ts';
import { Network } from '../../src/nn/network.ts';

const [STEPS, WIDTH, HEADS] = [32, 64, 4];
const SIZE = WIDTH / HEADS;
let gpu: Gpu;
beforeAll(async () => void (gpu = await testGpu()));

describe('texts', () => {
  it('the one of the site is the beginning of Tiny Shakespeare, and the generated one has no other characters', () => {
    expect(SHAKESPEARE.size).toBe(65);
    expect(EXCERPT.bytes).toBeLessThan(TINY_SHAKESPEARE.bytes);
    const { train, validation } = dataOf('a', syntheticText(4000), { characters: SHAKESPEARE, steps: 32 });
    expect(Math.abs(train.size / validation.size - 9)).toBeLessThan(1.5);
    expect(train.y.data[0]).toBe(train.x.data[1]);
  });

  it('of the reader are refused where they cannot be learned', () => {
    expect(problemOf('short')).toMatch(/has 5 characters\. That is too short/);
    expect(problemOf('a'.repeat(3000))).toMatch(/one character only/);
    expect(problemOf('ab'.repeat(600_000))).toMatch(/1,200,000 characters.*up to 1,000,000/);
    const many = Array.from({ length: 3000 }, (_, i) => String.fromCodePoint(0x4e00 + (i % 300))).join('');
    expect(problemOf(many)).toMatch(/300 different characters/);
    expect(problemOf('ab '.repeat(1000))).toBeUndefined();
  });

  it('of recorded moments are read back as samples', () => {
    const sample = { step: 7, loss: 2.5, text: '\nA. It writes: B' };
    expect(sampleOf({ step: 7, text: momentText(sample) })).toEqual(sample);
  });
});

describe('what the page shows of a network', () => {
  const text = SHAKESPEARE.encode('To be, or not to be');
  const values = new Map<string, Float32Array>();
  let [weights, view]: [Weights?, Program?] = [];
  beforeAll(async () => {
    const network = new Network(gptNetwork('tiny', 65, { seed: 3 }));
    weights = new Weights(gpu, { '': network });
    for (const [variable, key] of network.variableKeys()) {
      const own = await gpu.variables.read(variable);
      if (!variable.name.endsWith('Gamma')) own.forEach((value, i) => (own[i] = 10 * value)); // so that rows differ
      gpu.variables.write(variable, own);
      values.set(key, own);
    }
    view = await compileView(gpu, network);
    const tokens = new Int32Array(STEPS);
    tokens.set(text);
    view.write('tokens', tokens);
    view.write('count', Float32Array.of(text.length));
    view.write('place', Int32Array.of(18));
  });
  afterAll(() => {
    view?.destroy();
    weights?.destroy();
  });
  const read = async (temperature: number, topK: number) => {
    view!.write('temperature', Float32Array.of(temperature));
    view!.write('topK', Float32Array.of(topK));
    await view!.step();
    return readingOf((await view!.read('reading')) as Float32Array, 65);
  };

  /** The weights of the first block's heads, in float64. */
  function firstBlock(): number[][][] {
    const [table, positions] = [values.get('characters.weight')!, values.get('positions.weight')!];
    const named = (end: string) => [...values].find(([key]) => key.endsWith(end))![1];
    const rows = Array.from(text, (token, step) => {
      const x = Array.from(
        { length: WIDTH },
        (_, i) => table[token * WIDTH + i] + positions[step * WIDTH + i],
      );
      const mean = x.reduce((a, b) => a + b) / WIDTH;
      const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / WIDTH;
      const gamma = named('attentionGamma');
      return x.map((value, i) => (gamma[i] * (value - mean)) / Math.sqrt(variance + 1e-5));
    });
    const part = (kernel: Float32Array, head: number) =>
      rows.map((row) =>
        Array.from({ length: SIZE }, (_, j) =>
          row.reduce((sum, value, i) => sum + value * kernel[i * WIDTH + head * SIZE + j], 0),
        ),
      );
    return Array.from({ length: HEADS }, (_, head) => {
      const [q, k] = [part(named('queryKernel'), head), part(named('keyKernel'), head)];
      return q.map((query, i) => {
        const scores = k.slice(0, i + 1).map((key) => {
          const product = key.reduce((sum, value, j) => sum + value * query[j], 0);
          return Math.exp(product / Math.sqrt(SIZE));
        });
        const sum = scores.reduce((a, b) => a + b);
        return scores.map((score) => score / sum);
      });
    });
  }

  it('is how much each character looks at which before it, and nothing behind the text', async () => {
    const { weights: rows } = await read(1, 65);
    const heads = (await view!.read('heads')) as Float32Array;
    const expected = firstBlock();
    for (let head = 0; head < 2 * HEADS; head++) {
      for (let i = 0; i < STEPS; i++) {
        const row = heads.subarray((head * STEPS + i) * STEPS, (head * STEPS + i + 1) * STEPS);
        const wanted = i < text.length && head < HEADS ? expected[head][i] : undefined;
        if (wanted) expect(row.subarray(0, i + 1)).toBeAllClose(wanted, { rtol: 1e-3, atol: 1e-5 });
        expect(row.reduce((a, b) => a + b)).toBeCloseTo(i < text.length ? 1 : 0, 4);
        expect(row.subarray(i + 1).some((value) => value !== 0)).toBe(false);
      }
    }
    const own = (head: number) => heads.subarray((head * STEPS + 18) * STEPS, (head * STEPS + 19) * STEPS);
    expect([...rows.subarray(5 * STEPS, 6 * STEPS)]).toEqual([...own(5)]);
  });

  it('is the probabilities of the next character, as given and as drawn', async () => {
    const { order, given, drawn } = await read(0.5, 3);
    expect([...order].toSorted((a, b) => a - b)).toEqual([...Array(65).keys()]);
    expect([...given]).toEqual([...given].toSorted((a, b) => b - a));
    expect(given.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
    // softmax(z / T) among the first three: squares at T = 1/2
    const squares = [0, 1, 2].map((i) => given[i] ** 2);
    const sum = squares.reduce((a, b) => a + b);
    expect(drawn.subarray(0, 3)).toBeAllClose(
      squares.map((own) => own / sum),
      { rtol: 1e-3, atol: 1e-6 },
    );
    expect(drawn.subarray(3).some((own) => own !== 0)).toBe(false);
    expect((await read(0, 65)).drawn[0]).toBeCloseTo(1, 5);
  });
});

describe('the author of the page', () => {
  const told: Partial<Tells> = {};
  let author: Author;
  const reading = async (): Promise<Reading> => {
    await author.look();
    return told.reading!;
  };
  beforeAll(async () => {
    author = await Author.create(
      {
        gpu,
        values: { ...initialValues(settings), beginning: 'A\u2014B' } as never,
        renderer: { show() {}, draw() {} } as never,
        tell: (name, value) => void Object.assign(told, { [name]: value }),
        look() {},
        fail(error) {
          throw error;
        },
      },
      SHAKESPEARE,
    );
  });
  afterAll(() => author.destroy());

  it('writes before anything else of it is there', async () => {
    expect(await author.write('A', 2)).toHaveLength(2);
    await author.look();
    expect(told.reading).toBeUndefined();
    await author.complete();
    author.show('A\u2014B', 0);
  });

  it('reads what it knows of a text, and the character that is chosen', async () => {
    expect(await reading()).toMatchObject({ seen: ['A', 'B'], place: 1 });
    author.show('x'.repeat(40) + 'yz', 3);
    const { seen, place } = await reading();
    expect([seen.length, seen.at(-1), place]).toEqual([32, 'z', 28]);
    author.show('', 0);
    expect((await reading()).seen).toEqual(['\n']);
  });

  it('writes on, and shows the window that the next character is drawn after', async () => {
    const beginning = 'abcdefghijklmnopqrstuvwxyzabcd';
    const first = await author.write(beginning, 1);
    expect((await reading()).seen).toHaveLength(31);
    const text = beginning + first;
    const state = { isWritten: false };
    const writing = author.write(text, 2).finally(() => (state.isWritten = true));
    const between = new Set<string>();
    while (!state.isWritten) between.add((await reading()).seen.join(''));
    const more = await writing;
    // what is shown meanwhile is what it had written before
    expect([...between].filter((own) => ![text, (text + more).slice(16)].includes(own))).toEqual([]);
    // 32 characters were full: the window has moved on by half
    const { seen, place } = await reading();
    expect([seen.join(''), place]).toEqual([(text + more).slice(16), 16]);
    expect(await author.write('other', 3)).toHaveLength(3);
    expect(await author.evaluate({})).toEqual({}); // the text has not come yet
  });
});
