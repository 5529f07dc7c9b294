import { dataset } from '../data/dataset.ts';
import type { Dataset } from '../data/dataset.ts';
import { dense } from '../nn/layers/dense.ts';
import type { Model } from '../nn/model.ts';
import { sgd } from '../nn/optimizers.ts';
import { sequential } from '../nn/sequential.ts';
import type { Step } from '../nn/training/step.ts';
import { read, Variable } from '../ops/core/leaves.ts';
import { abs, add, greater, multiply, subtract, where } from '../ops/elementwise/elementwise.ts';
import { matmul } from '../ops/matmul/matmul.ts';
import { reshape, stopGradient } from '../ops/movement/movement.ts';

/** Truth tables, for the inputs 00, 01, 10, 11. */
export const LOGIC = { or: [0, 1, 1, 1], and: [0, 0, 0, 1], xor: [0, 1, 1, 0] } as const;
export type LogicFunction = keyof typeof LOGIC;

/** The four rows of a function's truth table. */
export function truthTable(name: LogicFunction): Dataset {
  return dataset({
    name: `the truth table of ${name.toUpperCase()}`,
    x: Float32Array.from([0, 0, 0, 1, 1, 0, 1, 1]),
    y: Float32Array.from(LOGIC[name]),
    inputShape: [2],
    targetShape: [1],
  });
}

/** σ(w · x + b), which starts at zero; for the loss binaryCrossentropy. */
export function sigmoidNeuron(): Model {
  const layer = dense({ units: 1, activation: 'sigmoid', kernelInitializer: 'zeros' });
  return sequential([layer], { inputShape: [2], name: 'neuron' });
}

/** Four hidden neurons, tanh, and one of the kind above: what XOR needs. Two hidden ones learn it from half of the starts only. */
export function twoLayers({ seed = 0 }: { seed?: number } = {}): Model {
  const layers = [dense({ units: 4, activation: 'tanh' }), dense({ units: 1, activation: 'sigmoid' })];
  return sequential(layers, { inputShape: [2], name: 'two-layers', seed });
}

/** Rosenblatt's perceptron (1958): ŷ = 1 where z = w · x + b is above 0, else 0. */
export class Perceptron {
  readonly weights = new Variable({ name: 'w', shape: [2, 1], initialize: (values) => void values.fill(0) });
  readonly bias = new Variable({ name: 'b', shape: [1], initialize: (values) => void values.fill(0) });

  /**
   * One row of the table: w ← w + rate (t − ŷ) x, b ← b + rate (t − ŷ). That is gradient descent on (ŷ − t) z, with ŷ held
   * constant: ∂/∂w = (ŷ − t) x. Reports `wrong`, 1 or 0.
   */
  step(rate: number): Step {
    const optimizer = sgd({ learningRate: rate });
    return (_, { x, y }) => {
      const z = add(matmul(x, read(this.weights)), read(this.bias));
      const fires = where(greater(z, 0), 1, 0);
      const error = stopGradient(subtract(fires, y));
      const loss = reshape(multiply(error, z), [x.shape[0]]);
      return {
        losses: { wrong: reshape(abs(error), [x.shape[0]]) },
        minimize: {
          loss,
          variables: [this.weights, this.bias],
          optimizer,
        },
      };
    };
  }
}
