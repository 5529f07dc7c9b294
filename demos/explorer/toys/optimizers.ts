import {
  adadelta,
  adagrad,
  adam,
  adamax,
  ftrl,
  lion,
  nadam,
  radam,
  rmsprop,
  sgd,
} from '../../../src/nn/optimizers.ts';
import type { Optimizer } from '../../../src/nn/optimizers.ts';
import { effects, line, resource } from './toy.ts';
import type { Toy } from './toy.ts';

const LENGTH = 16;

/** The first update of 16 parameters. */
function update(kernel: string, make: () => Optimizer): Toy {
  return {
    kernel: `optimizer/${kernel}`,
    title: `the first update of ${LENGTH} parameters`,
    lower: () => {
      const spec = make();
      const variable = { name: 'w', shape: [LENGTH] };
      const range = {
        length: LENGTH,
        segments: [{ variable, offset: 0, size: LENGTH }],
        firstSegment: 0,
        firstBlock: 0,
        parameters: resource('parameters', [LENGTH]),
        gradients: resource('gradients', [LENGTH]),
        slots: spec.slotNames.map((name) => resource(name, [LENGTH])),
      };
      const table = spec.hyper?.([range]) ?? [];
      const state = resource('state', [8], 'u32');
      const hyper = resource('hyper', [3 + table.length]);
      return effects([], (context) => context.dispatch(spec.update({ ...range, state, hyper })));
    },
    values: {
      parameters: [1, -0.5, 2, 0.25, -1, 0.75, 0, 1.5],
      gradients: [0.5, -0.25, 1, 0, -2, 0.125, 0.75, -1],
      state: [1, 0, 0, 0, 0, 0, 0, 0],
      hyper: [0.1, 0, 1],
    },
    small: line(LENGTH / 4, 2),
  };
}

export const toys: readonly Toy[] = [
  update('sgd', () => sgd()),
  update('momentum', () => sgd({ momentum: 0.9 })),
  update('adam', () => adam({ learningRate: 0.1 })),
  update('adamax', () => adamax({ learningRate: 0.1 })),
  update('nadam', () => nadam({ learningRate: 0.1 })),
  update('radam', () => radam({ learningRate: 0.1 })),
  update('rmsprop', () => rmsprop({ learningRate: 0.1 })),
  update('adagrad', () => adagrad({ learningRate: 0.1 })),
  update('adadelta', () => adadelta({ learningRate: 0.1 })),
  update('ftrl', () => ftrl({ learningRate: 0.1 })),
  update('lion', () => lion({ learningRate: 0.1 })),
];
