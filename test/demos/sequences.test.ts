import { afterAll, describe, expect, it } from 'vitest';
import '../helpers/close.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { compileCellView } from '../../demos/sequences/cellView.ts';
import { windowsOf } from '../../demos/sequences/forecaster.ts';
import { formulasOf, numbersOf } from '../../demos/sequences/formulas.ts';
import { network } from '../../demos/sequences/network.ts';
import { FIRST, MONTHS, TRAINING_WINDOWS, WINDOWS } from '../../demos/sequences/protocol.ts';
import { syntheticPassengers } from '../../src/data/airlinePassengers.ts';
import { model } from '../../src/nn/model.ts';
import type { Model } from '../../src/nn/model.ts';

const { values } = syntheticPassengers();

describe('the windows', () => {
  it.each([
    [1, false],
    [3, false],
    [12, false],
    [3, true],
  ])('of %i months are those before the same months, as change: %s', (lookBack, logChange) => {
    const { train, test, passengers } = windowsOf(values, { lookBack, logChange });
    expect([train.size, train.size + test.size]).toEqual([TRAINING_WINDOWS, WINDOWS]);
    expect(train.x.shape).toEqual([lookBack, 1]);
    const targets = passengers([...train.y.data, ...test.y.data], FIRST);
    targets.forEach((value, i) => expect(value).toBeCloseTo(values[FIRST + i], 2));
    if (logChange) return;
    // The last number of a window is that of the month before: the target of the window before.
    const last = Array.from(train.x.data).filter((_, i) => i % lookBack === lookBack - 1);
    expect(last.slice(1)).toEqual(Array.from(train.y.data).slice(0, -1));
  });
});

describe.each(['lstm', 'gru'] as const)('the opened cell: %s', (cell) => {
  const [units, steps, unit] = [4, 3, 2];
  let made: Model | undefined;
  afterAll(() => made?.destroy());

  it('shows the numbers of which the next are computed, and gives the forecasts of the model', async () => {
    const gpu = await testGpu();
    made = model(network({ cell, back: steps, units, seed: 1 }));
    await made.compile({ gpu, optimizer: 'adam', loss: 'meanSquaredError' });
    const view = await compileCellView(gpu, made, { cell, units, steps });
    const { train, test } = windowsOf(values, { lookBack: steps, logChange: false });
    const windows = Float32Array.of(...train.x.data, ...test.x.data);
    const window = 57;
    view.program.write(view.windows, windows);
    view.program.write(
      view.chosen,
      Float32Array.from({ length: WINDOWS }, (_, i) => Number(i === window)),
    );
    await view.program.step();
    const forecasts = (await view.program.read('forecasts')) as Float32Array;
    const expected = await made.predict(test);
    forecasts.slice(TRAINING_WINDOWS).forEach((own, i) => expect(own).toBeCloseTo(expected[i], 5));
    const gate = (await view.program.read(cell === 'lstm' ? 'forget' : 'update')) as Float32Array;
    const picture = (month: number) => gate[16 * month + (16 / units) * unit];

    const inputs = windows.slice(window * steps, (window + 1) * steps);
    const opened = { month: window + FIRST, inputs, ...(await view.read()) };
    const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
    for (let step = 0; step < steps; step++) {
      const numbers = numbersOf(opened, cell, units, unit, step);
      const { sums, kept, stateBefore, cellBefore, state } = numbers;
      const sum = (own: number) => sums[own][0] + sums[own][1];
      expect(numbers.x).toBe(inputs[step]);
      if (cell === 'lstm') {
        expect(kept.input).toBeCloseTo(sigmoid(sum(0)), 5);
        expect(kept.forget).toBeCloseTo(sigmoid(sum(1)), 5);
        expect(kept.candidate).toBeCloseTo(Math.tanh(sum(2)), 5);
        expect(kept.output).toBeCloseTo(sigmoid(sum(3)), 5);
        expect(kept.cell).toBeCloseTo(kept.forget * cellBefore + kept.input * kept.candidate, 5);
        expect(state).toBeCloseTo(kept.output * Math.tanh(kept.cell), 5);
      } else {
        expect(kept.update).toBeCloseTo(sigmoid(sum(0)), 5);
        expect(kept.reset).toBeCloseTo(sigmoid(sum(1)), 5);
        expect(kept.product).toBeCloseTo(sums[2][1], 5);
        expect(kept.candidate).toBeCloseTo(Math.tanh(sums[2][0] + kept.reset * sums[2][1]), 5);
        expect(kept.before).toBeCloseTo(stateBefore, 5);
        expect(state).toBeCloseTo(kept.update * stateBefore + (1 - kept.update) * kept.candidate, 5);
      }
      if (step < steps - 1) continue;
      expect(picture(window + FIRST)).toBeCloseTo(kept[cell === 'lstm' ? 'forget' : 'update'], 5);
      expect(formulasOf(cell, numbers).at(-1)!.numbers).toContain(`= ${state.toFixed(2).replace('-', '−')}`);
    }
    expect(picture(FIRST - 1)).toBe(0);
    expect(gate).toHaveLength(MONTHS * 16);
    view.program.destroy();
  });
});
