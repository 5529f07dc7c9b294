import { describe, expect, it } from 'vitest';
import * as api from '../../src/index.ts';
import { ArgumentError, ShapeError } from '../../src/errors.ts';
import { topologicalOrder } from '../../src/graph/traverse.ts';
import type { Model } from '../../src/nn/model.ts';
import { masked } from '../../src/nn/masks.ts';
import { input } from '../../src/ops/core/leaves.ts';
import '../helpers/close.ts';

const { bidirectional, dense, gru, lstm, model, modelInput, recurrentState, sequential, simpleRnn } = api;
const inputShape = [4, 2];

/** The initial values of a model's weights by their keys. */
function initial(network: Model): Record<string, number[]> {
  const entries = [...network.variableKeys()].map(([{ shape, initialize }, key]) => {
    const data = new Float32Array(shape.reduce((size, extent) => size * extent, 1));
    initialize(data, shape);
    return [key, [...data]] as [string, number[]];
  });
  return Object.fromEntries(entries);
}

const opsOf = (network: Model, training = true) =>
  topologicalOrder([network.call(input('x', [3, ...inputShape]), { training })]).map(({ op }) => op.name);

describe('recurrent layers', () => {
  it('start as Keras’s: orthogonal recurrent weights, and ones for the forget gate', () => {
    const own = initial(sequential([lstm({ units: 3 })], { inputShape }));
    const rows = [0, 1, 2].map((row) => own['lstm.recurrentWeight'].slice(12 * row, 12 * row + 12));
    const products = rows.flatMap((a) => rows.map((b) => a.reduce((sum, value, i) => sum + value * b[i], 0)));
    expect(products).toBeAllClose([1, 0, 0, 0, 1, 0, 0, 0, 1], { atol: 1e-6 });
    expect(own['lstm.bias']).toEqual([0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0]);
    const plain = initial(sequential([lstm({ units: 1, unitForgetBias: false })], { inputShape }));
    expect(plain['lstm.bias']).toEqual([0, 0, 0, 0]);
  });

  it('have as many weights as Keras’s', () => {
    const count = (layer: api.Layer) => sequential([layer], { inputShape }).parameters;
    expect(count(lstm({ units: 16 }))).toBe(4 * 16 * (2 + 16 + 1));
    expect(count(gru({ units: 16 }))).toBe(3 * 16 * (2 + 16 + 2));
    expect(count(gru({ units: 16, resetAfter: false }))).toBe(3 * 16 * (2 + 16 + 1));
    expect(count(simpleRnn({ units: 16, useBias: false }))).toBe(16 * (2 + 16));
    expect(count(bidirectional(lstm({ units: 16 })))).toBe(2 * 4 * 16 * (2 + 16 + 1));
  });

  it('are one kernel, or unrolled where that cannot do it', () => {
    const chain = (layer: api.Layer) => sequential([layer, dense({ units: 1 })], { inputShape });
    expect(opsOf(chain(lstm({ units: 3 })))).toContain('lstm');
    expect(opsOf(chain(lstm({ units: 3, dropout: 0.5 })))).toEqual(
      expect.arrayContaining(['lstm', 'dropout']),
    );
    expect(opsOf(chain(lstm({ units: 3, activation: 'gelu' })))).not.toContain('lstm');
    const dropping = chain(lstm({ units: 3, recurrentDropout: 0.5 }));
    expect(opsOf(dropping)).not.toContain('lstm');
    expect(opsOf(dropping, false)).toContain('lstm');
  });

  it('of an encoder give their states to a decoder, also after the model was saved', () => {
    const [source, target] = [modelInput({ shape: [4, 2] }), modelInput({ shape: [3, 5] })];
    const [, ...states] = lstm({ units: 6, name: 'encoder' }).applyWithStates(source);
    const decoded = lstm({ units: 6, returnSequences: true, name: 'decoder' }).apply([target, ...states]);
    const network = model({ inputs: [source, target], outputs: decoded });
    expect(network.outputShape).toEqual([3, 6]);
    const copy = api.modelFromJSON(network.toJSON());
    expect(copy.toJSON()).toEqual(network.toJSON());
    expect([...copy.variableKeys().values()]).toEqual([...network.variableKeys().values()]);
  });

  it('hand the mask on where they give every step, in the order of the steps', async () => {
    const maskOf = (layer: api.Layer) => {
      const network = sequential([layer], { inputShape });
      const x = masked(input('x', [1, ...inputShape]), input('mask', [1, 4]));
      return api.maskOf(network.call(x));
    };
    expect(maskOf(lstm({ units: 2 }))).toBeUndefined();
    expect(maskOf(lstm({ units: 2, returnSequences: true }))!.node.op.name).toBe('input');
    expect(maskOf(lstm({ units: 2, returnSequences: true, goBackwards: true }))!.node.op.name).toBe(
      'reverse',
    );
    expect(maskOf(bidirectional(gru({ units: 2, returnSequences: true })))!.node.op.name).toBe('input');
  });

  it('name the weights of both directions', () => {
    const network = sequential([bidirectional(simpleRnn({ units: 2 }), { mergeMode: 'ave' })], {
      inputShape,
    });
    expect([...network.variableKeys().values()]).toEqual([
      'bidirectional.forwardWeight',
      'bidirectional.forwardRecurrentWeight',
      'bidirectional.forwardBias',
      'bidirectional.backwardWeight',
      'bidirectional.backwardRecurrentWeight',
      'bidirectional.backwardBias',
    ]);
    expect(network.summary()).toContain('simpleRnn, 2 units, ave');
  });

  it('refuse what does not fit', () => {
    const own = (layer: api.Layer, shape = inputShape) => sequential([layer], { inputShape: shape });
    expect(() => lstm({ units: 0 })).toThrow(ArgumentError);
    expect(() => gru({ units: 2, dropout: 1 })).toThrow('gru: dropout: rate is 1');
    expect(() => simpleRnn({ units: 2, returnSequence: true } as never)).toThrow(/returnSequences/);
    expect(() => lstm({ units: 2, recurrentActivation: 'sigmoyd' as never })).toThrow(/sigmoid/);
    expect(() => own(lstm({ units: 2 }), [4])).toThrow(ShapeError);
    expect(() => bidirectional(dense({ units: 2 }) as never)).toThrow('takes a recurrent layer');
    expect(() => bidirectional(gru({ units: 2, goBackwards: true }))).toThrow('leave its goBackwards out');
    expect(() => bidirectional(gru({ units: 2 }), { mergeMode: 'max' as never })).toThrow(
      /choose one of concat/,
    );
    expect(() => own(recurrentState(0))).toThrow('not the output of a recurrent layer');
    const x = modelInput({ shape: inputShape });
    const state = modelInput({ shape: [2] });
    expect(() => model({ inputs: [x, state], outputs: lstm({ units: 2 }).apply([x, state]) })).toThrow(
      'give its first states, h and c: apply([x, h, c])',
    );
    const narrow = modelInput({ shape: [3] });
    expect(() => model({ inputs: [x, narrow], outputs: gru({ units: 2 }).apply([x, narrow]) })).toThrow(
      ShapeError,
    );
  });
});
