import {
  adadelta,
  adafactor,
  adagrad,
  adam,
  adamax,
  ftrl,
  lamb,
  lion,
  muon,
  nadam,
  radam,
  rmsprop,
  sgd,
} from '../../../src/nn/optimizers.ts';
import { cosineDecay } from '../../../src/nn/schedules.ts';
import type { Optimizer } from '../../../src/nn/optimizers.ts';
import { effects, line, resource } from './toy.ts';
import type { Small, Toy } from './toy.ts';

/** Invocations of four parameters each, two by two. */
const TWO = line(4, 2);
const FOUR = line(16);
/** Variables are told apart in blocks of so many. */
const BLOCK = 64;

/** The first update of some parameters: its own kernel, or one of those before and after it. */
function update(kernel: string, make: () => Optimizer, small?: Small, length = BLOCK): Toy {
  const spec = make();
  const variable = { name: 'w', shape: [4, length / 4] };
  const range = {
    length,
    segments: [{ variable, offset: 0, size: length }],
    firstSegment: 0,
    firstBlock: 0,
    parameters: resource('parameters', variable.shape),
    gradients: resource('gradients', variable.shape),
    slots: spec.slotNames.map((name) => resource(name, variable.shape)),
  };
  const settings = [0.1, 0, 1, ...(spec.hyper?.([range]) ?? [])];
  const state = resource('state', [8], 'u32');
  const hyper = resource('hyper', [settings.length]);
  return {
    kernel: `optimizer/${kernel}`,
    title: `the first update of ${length} parameters`,
    lower: () =>
      effects([], (context) => {
        const [prepared] = spec.prepare?.([range], { state, hyper }, context) ?? [];
        const operands = { ...range, state, hyper, prepared };
        context.dispatch(spec.update(operands));
        for (const dispatch of spec.settle?.(operands) ?? []) context.dispatch(dispatch);
      }),
    values: {
      parameters: [1, -0.5, 2, 0.25, -1, 0.75, 0, 1.5],
      gradients: [0.5, -0.25, 1, 0, -2, 0.125, 0.75, -1],
      state: [1, 0, 0, 0, 0, 0, 0, 0],
      hyper: settings,
    },
    small,
  };
}

export const toys: readonly Toy[] = [
  update('sgd', () => sgd(), TWO, 16),
  update('momentum', () => sgd({ momentum: 0.9 }), TWO, 16),
  update('adam', () => adam({ learningRate: 0.1 }), TWO, 16),
  update('adamax', () => adamax({ learningRate: 0.1 }), TWO, 16),
  update('nadam', () => nadam({ learningRate: 0.1 }), TWO, 16),
  update('radam', () => radam({ learningRate: 0.1 }), TWO, 16),
  update('rmsprop', () => rmsprop({ learningRate: 0.1 }), TWO, 16),
  update('adagrad', () => adagrad({ learningRate: 0.1, schedule: cosineDecay({ decaySteps: 10 }) }), TWO, 16),
  update('adadelta', () => adadelta({ learningRate: 0.1 }), TWO, 16),
  update('ftrl', () => ftrl({ learningRate: 0.1 }), TWO, 16),
  update('lion', () => lion({ learningRate: 0.1 }), TWO, 16),
  update('lamb_direction', lamb, FOUR),
  update('lamb', lamb, FOUR),
  update('segment_norms', lamb),
  update('adafactor_factors', adafactor),
  update('adafactor_row_means', adafactor),
  update('adafactor_direction', adafactor, FOUR),
  update('adafactor', adafactor, FOUR),
  update('muon_momentum', muon, FOUR),
  update('muon_combine', muon),
  update('muon_scale', muon),
  update('muon', muon, FOUR),
  update('block_squares', () => adam({ clipNorm: 1 })),
  update('norm_partials', () => adam({ globalClipNorm: 1 })),
  update('norm', () => adam({ globalClipNorm: 1 })),
  update('collect', () => adam({ gradientAccumulationSteps: 2 }), FOUR),
];
