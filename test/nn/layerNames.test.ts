import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dense } from '../../src/nn/layers/dense.ts';
import type { Model } from '../../src/nn/model.ts';
import { layerSummaries } from '../../src/nn/summary.ts';
import { chain, changes, joined, modelsOf } from './randomModels.ts';

const keysOf = (network: Model) => [...network.variableKeys().values()];
describe('names in a model', () => {
  it('are the layers’ own where they differ', () => {
    const network = chain(dense({ units: 2 }), dense({ units: 2, name: 'head' }));
    expect([...network.layerNames.values()]).toEqual(['dense', 'head']);
    expect(keysOf(network)).toEqual(['dense.weight', 'dense.bias', 'head.weight', 'head.bias']);
    expect([...network.variableKeys().keys()]).toEqual(network.variables);
  });

  it('are numbered where layers of other models have the same; the layers keep theirs', () => {
    const [first, second] = [chain(dense({ units: 2 })), chain(dense({ units: 2 }), dense({ units: 2 }))];
    const both = joined(first, second);
    expect([...both.layerNames.values()]).toEqual(['dense', 'dense_2', 'dense_1']);
    expect(both.outputs[0].name).toBe('dense_1');
    expect(layerSummaries(both).map(({ name, from }) => [name, from])).toEqual([
      ['dense', ['input']],
      ['dense_2', ['dense']],
      ['dense_1', ['dense_2']],
    ]);
    expect(keysOf(second)).toEqual(['dense.weight', 'dense.bias', 'dense_1.weight', 'dense_1.bias']);
    expect([...joined(second, first).layerNames.values()]).toEqual(['dense', 'dense_1', 'dense_2']);
  });

  it('follow a renamed layer', () => {
    const layer = dense({ units: 2 });
    const network = chain(layer, dense({ units: 2 }));
    layer.name = 'dense_1';
    expect(keysOf(network).slice(0, 3)).toEqual(['dense_1.weight', 'dense_1.bias', 'dense_1_1.weight']);
  });

  it('that are given twice to new layers are a mistake', () => {
    expect(() => chain(dense({ units: 2, name: 'a' }), dense({ units: 2, name: 'a' }))).toThrow(
      'Two layers are named "a"; give each a name of its own',
    );
  });
});

it('keys are unique, complete and of the architecture alone, whatever was shared, renamed and joined', () => {
  fc.assert(
    fc.property(changes, (list) => {
      const [models, again] = [modelsOf(list), modelsOf(list)];
      models.forEach((network, i) => {
        const keys = keysOf(network);
        expect(new Set(keys).size).toBe(keys.length);
        expect([...network.variableKeys().keys()]).toEqual(network.variables);
        expect(keysOf(again[i])).toEqual(keys);
        const own = [...network.layerNames.values()];
        expect(new Set(own).size).toBe(own.length);
        // Names that are unique already stay: a model that is loaded has the keys of the one that was saved.
        const renamed = modelsOf(list)[i];
        for (const [layer, name] of renamed.layerNames) layer.name = name;
        expect(keysOf(renamed)).toEqual(keys);
      });
    }),
    { numRuns: 50, seed: 7 },
  );
});
