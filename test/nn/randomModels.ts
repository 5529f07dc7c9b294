import * as fc from 'fast-check';
import { modelInput } from '../../src/nn/layerGraph.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import type { Layer, LayerTensor } from '../../src/nn/layers/layer.ts';
import { batchNormalization } from '../../src/nn/layers/normalization.ts';
import { activation } from '../../src/nn/layers/shaping.ts';
import { model } from '../../src/nn/model.ts';
import { sequential } from '../../src/nn/sequential.ts';
import type { Model } from '../../src/nn/model.ts';

/** A chain of layers on two numbers. */
export const chain = (...layers: Layer[]): Model => sequential(layers, { inputShape: [2] });

/** Models one after the other. */
export function joined(...models: Model[]): Model {
  const inputs = modelInput({ shape: [2] });
  return model({ inputs, outputs: models.reduce((x: LayerTensor, own) => own.apply(x), inputs) });
}

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

export const changes = fc.array(change, { minLength: 1, maxLength: 12 });

/** The models that a sequence of changes makes, after all of them. */
export function modelsOf(changes: readonly Change[]): Model[] {
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
}
