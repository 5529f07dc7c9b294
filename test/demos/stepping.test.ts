import { describe, expect, it } from 'vitest';
import { elementIn } from '../../demos/widgets/step/grid.ts';
import { layoutOf, placingOf } from '../../demos/widgets/step/layout.ts';
import { firstWrites, searchWriter } from '../../demos/widgets/step/search.ts';
import { steppable } from '../../demos/widgets/step/steppable.ts';
import { Walk } from '../../demos/widgets/step/walk.ts';
import { nameOf, windowsOn } from '../../demos/widgets/step/windows.ts';
import { syntheticDigits } from '../../src/data/digits.ts';
import type { InspectedDispatch } from '../../src/index.ts';
import { MNIST_CNN_PRESETS, mnistCnn } from '../../src/models/mnistCnn.ts';
import type { Program } from '../../src/runtime/program.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { unlike } from '../simulator/compare.ts';
import { recordStep } from '../simulator/record.ts';
import type { Recorded } from '../simulator/record.ts';

/** The dispatches of a step of the small MNIST network in the middle of a training, and what the GPU makes of each. */
async function training(): Promise<readonly (readonly [InspectedDispatch, Recorded])[]> {
  const gpu = await testGpu(true, true);
  const { train } = syntheticDigits({ train: 40, test: 1 });
  const { optimizer, learningRate } = MNIST_CNN_PRESETS.quick;
  const model = await mnistCnn('quick').compile({
    gpu,
    optimizer: optimizer({ learningRate }),
    loss: 'softmaxCrossEntropy',
  });
  let found: (readonly [InspectedDispatch, Recorded])[] = [];
  const onReady = async (program: Program) => {
    for (let i = 0; i < 2; i++) await program.step();
    const inspected: InspectedDispatch[] = [];
    for (const i of program.commands.keys()) inspected.push(structuredClone(await program.inspect(i))); // as a worker posts it
    const recorded = await recordStep(gpu, program);
    found = inspected.map((own, i) => [own, recorded[i]]);
    program.reset(0);
  };
  await model.fit(train, { onReady, steps: 1, batchSize: 20 });
  model.destroy();
  return found;
}

const dispatches = await training();

describe.each(dispatches.map((own) => [`${own[0].label}: ${own[0].source.file.name}`, own] as const))(
  'a dispatch of a training is stepped through: %s',
  (_, [inspected, { after }]) => {
    const dispatch = steppable(inspected);
    const outputs = dispatch.buffers.filter(({ writes }) => writes);

    it('each element is written by the invocation that is found, and then is what the GPU makes of it', async () => {
      let seen = 0;
      for (const { name, data } of outputs) {
        const words = data.byteLength / 4;
        for (const word of new Set([0, Math.floor(words * 0.6)])) {
          const writer = await searchWriter(dispatch, name, word, new AbortController().signal, () => {});
          if (!writer) continue; // padding, or a weight that waits for the verdict
          seen++;
          const walk = new Walk(dispatch, writer.workgroup);
          expect(walk.toWrite(writer.lane, name, word)).toBe(true);
          expect(walk.lane).toBe(writer.lane);
          expect(walk.touched.some((own) => own.writes && own.variable === name && own.word === word)).toBe(
            false,
          );
          walk.forward('over');
          const isIt = walk.touched.some(
            (own) => own.writes && own.variable === name && own.word <= word && word < own.word + own.words,
          );
          expect(isIt, `${name}[${word}] is written by the next step`).toBe(true);
          walk.together = true; // of one that is written several times the last number counts
          walk.forward('end');
          expect(walk.problem).toBeUndefined();
          const number = (from: ArrayBufferView) =>
            new Uint32Array(from.buffer, from.byteOffset + 4 * word, 1);
          const type = inspected.bindings.find((own) => own.name === name)!.dtype;
          const other = unlike(number(walk.stepper.buffers[name]), number(after[name]), type === 'f32');
          expect(other && `${name}[${word}]${other}`).toBeUndefined();
        }
      }
      if (!/trial|verdict|record/.test(inspected.label)) expect(seen).toBeGreaterThan(0);
    });

    it('starts at once, and goes back as it came', () => {
      const group = dispatch.workgroups.map((count) => count >> 1) as [number, number, number];
      const walk = new Walk(dispatch, group);
      const state = () => [
        walk.state,
        [...walk.stepper.variables(walk.lane)],
        walk.touched.map(({ element }) => element),
      ];
      const states = [state()];
      while (states.length < 40 && walk.forward()) states.push(state());
      for (let at = states.length - 2; at > Math.max(0, states.length - 8); at--) {
        walk.back();
        expect(state()).toEqual(states[at]);
      }
      const first = firstWrites(dispatch, group);
      expect(first.length).toBe(walk.lanes.length);
    });
  },
);

it('finds the dispatches', () => expect(dispatches.length).toBeGreaterThan(15));

describe('a tensor of a million elements is seen through windows', () => {
  const shape = [64, 28, 28, 32];
  const placing = placingOf(shape);
  const element = (n: number, y: number, x: number, c: number) => ((n * 28 + y) * 28 + x) * 32 + c;

  it('around what was touched', () => {
    const windows = windowsOn([element(3, 9, 27, 5)], placing);
    expect(windows.map((own) => nameOf(own, placing))).toEqual([
      'image 3, channel 5, rows 7–12 of 28, columns 22–27 of 28',
    ]);
    const [{ picture, top, left }] = windows;
    expect(placing.at(picture, top + 2, left + 5)).toBe(element(3, 9, 27, 5));
  });

  it('that stay while they show it, and are at most four', () => {
    const before = windowsOn([element(3, 9, 9, 5)], placing);
    expect(windowsOn([element(3, 10, 11, 5)], placing, before)).toBe(before);
    expect(windowsOn([], placing, before)).toBe(before);
    const four = windowsOn(
      [4, 5, 6, 7, 8, 9].map((c) => element(3, 9, 9, c)),
      placing,
      before,
    );
    expect(four.map((own) => nameOf(own, placing).slice(0, 18))).toEqual(
      [4, 5, 6, 7].map((c) => `image 3, channel ${c}`),
    );
    expect(four[1]).toBe(before[0]);
  });

  it.each([[[300]], [[3, 40, 17]], [[5, 5, 3, 8]], [[2, 6, 5, 3]]])(
    'every element has one place: %j',
    (own) => {
      for (const isFilter of [false, true]) {
        const { of, at } = placingOf(own, isFilter);
        const { pictures } = layoutOf(own, isFilter);
        const all = pictures.flatMap(({ elements }) => elements);
        expect(all.toSorted((a, b) => a - b)).toEqual([...Array(own.reduce((a, b) => a * b, 1)).keys()]);
        for (const each of all) {
          const { picture, row, column } = of(each);
          expect(at(picture, row, column)).toBe(each);
        }
      }
    },
  );

  it.each([
    ['0, 0, 1, 3', 35],
    ['[63, 27, 27, 31]', 64 * 28 * 28 * 32 - 1],
    ['77', 77],
    ['64, 0, 0, 0', undefined],
    ['1, 2', undefined],
    ['-1', undefined],
    ['two', undefined],
    ['', undefined],
  ])('an element is named by its coordinates or its number: %s', (text, expected) => {
    expect(elementIn(text, shape)).toBe(expected);
  });
});
