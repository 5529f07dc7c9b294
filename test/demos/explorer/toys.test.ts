import { describe, expect, it } from 'vitest';
import { checkOnToy } from '../../../demos/explorer/edit/check.ts';
import { pack, unpack } from '../../../demos/explorer/edit/packed.ts';
import { Film } from '../../../demos/explorer/ladder/film.ts';
import { laddersOf } from '../../../demos/explorer/ladder/ladders.ts';
import { recordOf } from '../../../demos/explorer/ladder/record.ts';
import { layoutOf } from '../../../demos/widgets/step/layout.ts';
import { withoutBarriers } from '../../../demos/widgets/step/barriers.ts';
import { searchWriter } from '../../../demos/widgets/step/search.ts';
import { Walk } from '../../../demos/widgets/step/walk.ts';
import { callerOf, TOYS, toysOf, withoutNumbers } from '../../../demos/explorer/toys/index.ts';
import { caseOf } from '../../../demos/explorer/run/sizes.ts';
import { prepare, runWhole } from '../../../demos/explorer/toys/simulate.ts';
import type { Prepared } from '../../../demos/explorer/toys/simulate.ts';
import { factsOf } from '../../../demos/widgets/shader/facts.ts';
import { shaderNames, shaders } from './shaders.ts';

const dataOf = ({ buffers }: Prepared, name: string) => [...buffers.find((own) => own.name === name)!.data];
const [tiled] = toysOf('matmul/2_tiled');
const source = tiled.lower()[0].source.file.source;

/** A (rows × inner) times B (inner × columns), element by element. */
function product(a: number[], b: number[], [rows, inner, columns]: readonly number[]): number[] {
  return Array.from({ length: rows * columns }, (_, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    return Array.from({ length: inner }, (_, k) => a[row * inner + k] * b[k * columns + column]).reduce(
      (x, y) => x + y,
      0,
    );
  });
}

describe('the toy numbers', () => {
  it.each(TOYS.map((toy) => [toy.kernel, toy] as const))(
    '%s runs, without races, and writes finite numbers',
    (_, toy) => {
      const prepared = prepare(toy);
      const { buffers, races } = runWhole(prepared);
      expect(races).toEqual([]);
      const changed = prepared.buffers.filter(
        ({ name, data, writes }) => writes && buffers[name].some((x, i) => x !== data[i]),
      );
      expect(changed.length).toBeGreaterThan(0);
      const finite = (name: string) => [...buffers[name]].every(Number.isFinite);
      expect(prepared.buffers.map(({ name }) => name).filter((name) => !finite(name))).toEqual([]);
      for (const { shape } of prepared.buffers) {
        const size = shape.reduce((all, extent) => all * extent, 1);
        expect(size).toBeLessThanOrEqual(512); // few enough to be read
        expect(
          layoutOf(shape)
            .pictures.flatMap(({ elements }) => elements)
            .toSorted((a, b) => a - b),
        ).toEqual([...Array(size).keys()]);
      }
    },
  );

  it('are the same, however small the workgroup is that is looked at', () => {
    for (const toy of TOYS.filter(({ small }) => small)) {
      const [small, own] = [toy, { ...toy, small: undefined }].map((each) => runWhole(prepare(each)).buffers);
      const differs = (name: string) => own[name].some((x, i) => Math.abs(x - small[name][i]) > 1e-5);
      expect([toy.kernel, ...Object.keys(own).filter(differs)]).toEqual([toy.kernel]);
    }
  });

  it('are those of a matrix product in every version of it', () => {
    for (const toy of TOYS.filter(({ kernel }) => /^matmul\/\d/.test(kernel) && !kernel.includes('dot'))) {
      const prepared = prepare(toy);
      const [[rows, inner], [, columns]] = prepared.buffers.map(({ shape }) => shape);
      const [a, b] = prepared.buffers.map(({ name }) => dataOf(prepared, name));
      const expected = product(a, b, [rows, inner, columns]);
      expect([toy.kernel, ...runWhole(prepared).buffers.c]).toEqual([toy.kernel, ...expected]);
    }
  });
});

describe('a walk', () => {
  const state = (walk: Walk) => [
    walk.state,
    [...walk.stepper.variables(walk.lane)],
    [...walk.stepper.buffers.c],
    walk.touched,
  ];

  it.each([false, true])('can be taken back, move by move (all together: %s)', (together) => {
    const walk = new Walk(prepare(tiled));
    walk.lane = 5;
    walk.together = together;
    const states = [state(walk)];
    while (walk.forward()) states.push(state(walk));
    expect(walk.problem).toBeUndefined();
    expect(states.length).toBeGreaterThan(50);
    for (let at = states.length - 2; at >= states.length - 12; at--) {
      walk.back();
      expect(state(walk)).toEqual(states[at]);
    }
    walk.start();
    expect(state(walk)).toEqual(states[0]);
  });

  it('all together: the invocations come to the barrier in step', () => {
    const walk = new Walk(prepare(tiled));
    walk.together = true;
    walk.forward('barrier');
    const [line] = factsOf(source).barriers;
    expect(walk.lanes.map(({ status, place }) => [status, place?.line])).toEqual(
      Array(16).fill(['waiting', line]),
    );
  });

  it('comes to the line that writes an element, and the next step writes it', async () => {
    const prepared = prepare(tiled);
    const [a, b] = ['a', 'b'].map((name) => dataOf(prepared, name));
    const { signal } = new AbortController();
    const writer = await searchWriter(prepared, 'c', 13, signal, () => undefined);
    expect(writer).toEqual({ workgroup: [1, 0, 0], lane: 5 }); // row 1, column 5 is at (1, 1) of the second square
    expect(await searchWriter(prepared, 'a', 0, signal, () => undefined)).toBeUndefined();
    const walk = new Walk(prepared, [1, 0, 0]);
    expect(walk.toWrite(5, 'c', 0)).toBe(false); // another workgroup does
    expect(walk.toWrite(5, 'c', 13)).toBe(true);
    expect(walk.lane).toBe(5);
    expect(walk.stepper.buffers.c[13]).toBe(0);
    walk.forward();
    walk.forward('out');
    expect(walk.forward() || walk.touched.length > 0).toBe(true);
    expect(walk.stepper.buffers.c[13]).toBe(product(a, b, [6, 8, 8])[13]);
  });

  it('ends an endless loop by its budget, and says so', () => {
    const text = source.replace('k < TILE', 'true');
    const walk = new Walk(prepare(tiled, text));
    walk.forward('end');
    expect(walk.problem?.message).toMatch(/does this loop end|outside/);
  });
});

it('a race is found where either barrier is missing, and names both tiles', () => {
  const { barriers } = factsOf(source);
  expect(barriers.length).toBe(2);
  for (const line of barriers) {
    const { races } = runWhole(prepare(tiled, withoutBarriers(source, new Set([line]))));
    expect(races.map(({ element }) => element.split('[')[0]).toSorted()).toEqual(['a_tile', 'b_tile']);
  }
});

describe('a missing barrier is a race, on the numbers that a reader begins with', () => {
  const withBarriers = [...shaders].flatMap(([name, text]) =>
    factsOf(text).barriers.map((line) => [name, line, text] as const),
  );

  it.each(withBarriers)('%s, line %i', (name, line, text) => {
    const { races } = runWhole(prepare(toysOf(name)[0], withoutBarriers(text, new Set([line]))));
    expect(races.length).toBeGreaterThan(0);
  });
});

describe('an edit, tried on the toy', () => {
  const verdict = (from: string, to: string) => checkOnToy(tiled, source, source.replace(from, to));
  const lineOf = (part: string) => source.split('\n').findIndex((line) => line.includes(part)) + 1;

  it('that changes nothing is right', () => {
    expect(verdict('sum += left * right;', 'sum = fma(left, right, sum);').kind).toBe('right');
  });

  it('that computes something else is told of, by an element', () => {
    expect(verdict('sum += left', 'sum -= left')).toMatchObject({
      kind: 'different',
      text: expect.stringMatching(/c\[0\] is -?[\d.]+ instead of -?[\d.]+/),
    });
  });

  it.each([
    ['sum += left', 'sum += lefty', 'lefty'],
    ['left = a_tile[y][k];', 'left = a_tile[y + 9u][k];', ''],
    ['sum += left * right;', 'while (true) { sum += 1.0; }', ''],
  ])('that is wrong is refused at its line: %s → %s', (from, to, word) => {
    const own = verdict(from, to);
    if (own.kind !== 'wrong') throw new Error(`it is ${own.kind}`);
    const [{ line, column, length }] = own.remarks;
    expect(Math.abs(line - lineOf(from))).toBeLessThan(word ? 1 : 12);
    const text = source.replace(from, to).split('\n')[line - 1];
    if (word) expect(text.slice(column - 1, column - 1 + length)).toBe(word);
  });

  it('that takes a barrier away is a race', () => {
    expect(verdict('workgroupBarrier();', '')).toMatchObject({
      kind: 'wrong',
      text: expect.stringContaining('Race on'),
    });
  });
});

it('an edit fits into an address', async () => {
  const packed = await pack(source);
  expect(packed).toMatch(/^[\w-]+$/);
  expect(packed.length).toBeLessThan(source.length * 0.6);
  expect(await unpack(packed)).toBe(source);
});

describe('every shader', () => {
  it.each(shaderNames)(
    '%s has numbers to step through, a kernel that calls it, or words that say why not',
    (name) => {
      const caller = callerOf(name);
      const told = withoutNumbers(name);
      expect([toysOf(name).length > 0, caller !== undefined, told !== undefined].filter(Boolean)).toEqual([
        true,
      ]);
      if (!caller) return;
      const { kernel } = prepare(toysOf(caller)[0]);
      expect(kernel.lineOrigins!.some((origin) => origin?.file === name)).toBe(true);
    },
  );
});

describe('a recording', () => {
  const of = (kernel: string) => recordOf(toysOf(kernel)[0], 'product');

  it('tells what a workgroup loads for each product', () => {
    expect(of('matmul/1_naive')).toMatchObject({ invocations: 5, loads: 2, sharedLoads: 0 });
    expect(of('matmul/2_tiled')).toMatchObject({ invocations: 16, loads: 0.5, sharedLoads: 2 }); // 2 / TILE
    const { moments } = of('matmul/1_naive');
    expect(moments.at(-1)!.every(({ writes, variable }) => writes && variable === 'c')).toBe(true);
  });

  it('follows the invocation that writes a square', () => {
    const film = new Film(of('matmul/2_tiled'));
    expect(film.watchAt(film.width - 5.5 * 11, 20)).toBe(true); // the output is the last picture, eight columns wide
    expect(film.watched).toBeGreaterThan(0);
    expect(film.watchAt(0, 0)).toBe(false); // a name
  });

  it.each(['matmul', 'conv2d', 'reduce'].flatMap((folder) => laddersOf(folder)))(
    '$title: each version has a film, or nothing new to show, and a run to measure',
    ({ rungs, per }) => {
      for (const { kernel, toy = toysOf(kernel)[0], measured = kernel, sizes } of rungs) {
        if (measured !== 'none') {
          const names = caseOf(measured)!.sizes.map(({ name }) => name);
          expect(Object.keys(sizes ?? {}).filter((name) => !names.includes(name))).toEqual([]);
        }
        if (toy === 'none' || (!toy && withoutNumbers(kernel))) continue;
        const { moments, loads } = recordOf(toy, per);
        expect([kernel, moments.length > 2, loads > 0]).toEqual([kernel, true, true]);
        // Each number once, and of each lane one more to begin with.
        if (per === 'number added') expect(Math.floor(loads)).toBe(1);
      }
    },
  );
});
