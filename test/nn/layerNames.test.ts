import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { modelInput } from '../../src/nn/layerGraph.ts';
import { batchNormalization } from '../../src/nn/layers/normalization.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import type { Layer, LayerTensor } from '../../src/nn/layers/layer.ts';
import { activation } from '../../src/nn/layers/shaping.ts';
import { model, sequential } from '../../src/nn/model.ts';
import type { Model } from '../../src/nn/model.ts';
import { layerSummaries } from '../../src/nn/summary.ts';

const keysOf = (network: Model) => [...network.variableKeys().values()];
const chain = (...layers: Layer[]) => sequential(layers, { inputShape: [2] });
const joined = (...models: Model[]) => {
  const inputs = modelInput({ shape: [2] });
  return model({ inputs, outputs: models.reduce((x: LayerTensor, own) => own.apply(x), inputs) });
};

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

/** What can happen to layers before they are saved. */
type Change =
  | { readonly do: 'make'; readonly name: string | undefined; readonly kind: number }
  | { readonly do: 'rename'; readonly which: number; readonly name: string }
  | { readonly do: 'join'; readonly a: number; readonly b: number }
  | { readonly do: 'share'; readonly a: number; readonly b: number };

const names = fc.constantFrom('dense', 'dense_1', 'dense_1_1', 'a', 'a.b', 'batchNormalization', '');
const places = fc.nat(50);
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({
    do: fc.constant('make' as const),
    name: fc.option(names, { nil: undefined }),
    kind: fc.nat(2),
  }),
  fc.record({ do: fc.constant('rename' as const), which: places, name: names }),
  fc.record({ do: fc.constant('join' as const), a: places, b: places }),
  fc.record({ do: fc.constant('share' as const), a: places, b: places }),
);

it('keys are unique, complete and of the architecture alone, whatever was shared, renamed and joined', () => {
  const run = (changes: readonly Change[]): Model[] => {
    const layers: Layer[] = [];
    const models: Model[] = [chain(dense({ units: 2 }))];
    const pick = <T>(list: readonly T[], place: number): T => list[place % list.length];
    for (const own of changes) {
      if (own.do === 'make') {
        const options = { name: own.name };
        const kinds = [
          dense({ units: 2, ...options }),
          batchNormalization(options),
          activation('relu', options),
        ];
        layers.push(kinds[own.kind]);
        models.push(chain(kinds[own.kind]));
      } else if (own.do === 'rename' && layers.length > 0) {
        pick(layers, own.which).name = own.name;
      } else if (own.do === 'join') {
        models.push(joined(pick(models, own.a), pick(models, own.b)));
      } else if (own.do === 'share' && layers.length > 0) {
        const [a, b] = [pick(layers, own.a), pick(layers, own.b)];
        models.push(chain(a, b, a));
      }
    }
    return models;
  };
  const lists = fc.array(change, { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(lists, (changes) => {
      const [models, again] = [run(changes), run(changes)];
      models.forEach((network, i) => {
        const keys = keysOf(network);
        expect(new Set(keys).size).toBe(keys.length);
        expect([...network.variableKeys().keys()]).toEqual(network.variables);
        expect(keysOf(again[i])).toEqual(keys);
        const own = [...network.layerNames.values()];
        expect(new Set(own).size).toBe(own.length);
        // Names that are unique already stay: a model that is loaded has the keys of the one that was saved.
        const renamed = run(changes)[i];
        for (const [layer, name] of renamed.layerNames) layer.name = name;
        expect(keysOf(renamed)).toEqual(keys);
      });
    }),
    { numRuns: 80, seed: 7 },
  );
});
