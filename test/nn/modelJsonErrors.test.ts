import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FormatError } from '../../src/errors.ts';
import type { ModelJson } from '../../src/nn/json/architecture.ts';
import { modelFromJSON } from '../../src/nn/json/modelFromJSON.ts';
import { modelInput } from '../../src/nn/layerGraph.ts';
import { conv2d } from '../../src/nn/layers/conv2d.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import { dropout, flatten } from '../../src/nn/layers/shaping.ts';
import { model } from '../../src/nn/model.ts';
import { applied, layerCases } from './layerCases.ts';

describe('JSON that is no architecture', () => {
  const input = modelInput({ shape: [6, 6, 1] });
  const features = conv2d({
    filters: 2,
    kernelSize: 3,
    biasInitializer: { name: 'constant', value: 1 },
  }).apply(input);
  const flat = dropout(0.5).apply(flatten().apply(features));
  const good = model({ inputs: input, outputs: dense({ units: 2 }).apply(flat) }).toJSON();
  const edited = (edit: (json: any) => void): ModelJson => {
    // oxlint-disable-line typescript/no-explicit-any
    const json = structuredClone(good);
    edit(json);
    return json;
  };

  const cases: [what: string, json: unknown, message: RegExp][] = [
    ['nothing', undefined, /it is undefined, not JSON/],
    ['null', null, /it is null, expected an object/],
    ['a text that is no JSON', '{', /it is not JSON/],
    ['a list', '[]', /expected an object/],
    [
      'another format',
      edited((j) => (j.format = 'wgrad architecture 3')),
      /format is "wgrad architecture 3"/,
    ],
    [
      'the format of before',
      edited((j) => (j.format = 'wgrad architecture 1')),
      /in which axes, gelu and leakyRelu meant something else; make the model by its own code/,
    ],
    ['a number twice', JSON.stringify(good).replace('{', '{"seed":1,'), /names "seed" twice/],
    ['no layers', edited((j) => delete j.layers), /it has no "layers"; the file is incomplete/],
    ['more than is known', edited((j) => (j.extra = 1)), /it has "extra", which is unknown here/],
    [
      'an unknown layer',
      edited((j) => (j.layers[0].type = 'conv2D')),
      /no layer type "conv2D"; did you mean "conv2d"\?/,
    ],
    ['a layer of Object', edited((j) => (j.layers[0].type = 'constructor')), /no layer type "constructor"/],
    [
      'an unknown option',
      edited((j) => (j.layers[0].config.dilationRate = 2)),
      /layer 0 \(conv2d\): conv2d: there is no option "dilationRate"; did you mean "dilation"\?/,
    ],
    [
      'an option too few',
      edited((j) => delete j.layers[0].config.filters),
      /layer 0 \(conv2d\): conv2d: the option "filters" is missing/,
    ],
    [
      'an unknown activation',
      edited((j) => (j.layers[0].config.activation = 'rleu')),
      /conv2d: there is no activation "rleu"; did you mean "relu"/,
    ],
    [
      'an initializer with more',
      edited((j) => (j.layers[0].config.biasInitializer.low = 1)),
      /conv2d: constant: there is no option "low"/,
    ],
    [
      'an initializer of infinity',
      JSON.stringify(good).replace('"value":1', '"value":1e999'),
      /value is Infinity; it must be a finite/,
    ],
    ['no name', edited((j) => (j.layers[0].config.name = '')), /layer 0: name is ""/],
    ['one name twice', edited((j) => (j.layers[3].config.name = 'conv2d')), /two layers have one name/],
    ['no such layer', edited((j) => (j.applications[0].layer = 4)), /application 0: layer is 4/],
    [
      'a place to come',
      edited((j) => (j.applications[0].from = [1])),
      /application 0: from is 1, expected a whole number from 0 to 0/,
    ],
    ['applied to nothing', edited((j) => (j.applications[0].from = [])), /application 0/],
    [
      'a layer that is not applied',
      edited((j) => j.layers.push({ ...j.layers[1], config: { name: 'b', trainable: true } })),
      /layer 4 is not applied/,
    ],
    [
      'an application without a use',
      edited((j) => j.applications.push({ layer: 1, from: [0] })),
      /of its 5 applications only 4 lead to an output/,
    ],
    ['no outputs', edited((j) => (j.outputs = [])), /outputs/],
    ['an output of no place', edited((j) => (j.outputs[0].place = 5)), /output 0: place is 5/],
    [
      'shapes that do not fit',
      edited((j) => (j.inputs[0].shape = [6, 6])),
      /application 0 of layer 0 \(conv2d\): conv2d: expects samples of rank 3/,
    ],
    [
      'a shape beyond any GPU',
      edited((j) => (j.inputs[0].shape = [65536, 65536, 2])),
      /more than 4294967296 values/,
    ],
    [
      'a weight beyond any GPU',
      edited((j) => (j.layers[3].config.units = 2 ** 40)),
      /dense dense has more than/,
    ],
    ['a weight without an origin', edited((j) => delete j.layers[0].origin), /has weights, but no origin/],
    [
      'an origin without weights',
      edited((j) => (j.layers[1].origin = { seed: 0, stream: 0 })),
      /has an origin of weights, but no weights/,
    ],
    ['a seed of one half', edited((j) => (j.seed = 0.5)), /seed is 0\.5/],
    ['deep nesting', '['.repeat(1e6), /nested more than 40 deep/],
  ];

  it.each(cases)('is refused: %s', (_, json, message) => {
    expect(() => modelFromJSON(json as ModelJson, 'a.json')).toThrow(FormatError);
    expect(() => modelFromJSON(json as ModelJson, 'a.json')).toThrow(message);
    expect(() => modelFromJSON(json as ModelJson, 'a.json')).toThrow(/^a\.json: .{1,600}$/s);
  });

  it('never does harm, whatever was changed', () => {
    const models = layerCases.map((own) => {
      const { options, make, shapes, dtype } = own;
      const inputs = shapes.map((shape) => modelInput({ shape, dtype }));
      return model({ inputs, outputs: applied(own, make({ ...options }), inputs) }).toJSON();
    });
    const anything = fc.oneof(
      fc.constantFrom<unknown>(
        null,
        true,
        '',
        'relu',
        'same',
        -1,
        0,
        0.5,
        1e9,
        2 ** 53,
        1e300,
        [],
        {},
        [1, 2],
        [[]],
      ),
      fc.json({ maxDepth: 2 }).map((text) => JSON.parse(text) as unknown),
    );
    const edit = fc.record({
      place: fc.nat(200),
      how: fc.constantFrom('replace', 'replace', 'delete', 'add'),
      key: fc.constantFrom('__proto__', 'constructor', 'then', 'name', 'axis', 'x'.repeat(400)),
      value: anything,
    });
    let made = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(good, ...models),
        fc.array(edit, { minLength: 1, maxLength: 3 }),
        (json, edits) => {
          const root: unknown = structuredClone(json);
          for (const { place, how, key, value } of edits) {
            const members = membersOf(root);
            const [owner, name] = members[place % members.length];
            if (how === 'replace') owner[name] = value;
            else if (how === 'delete') delete owner[name];
            else
              Object.defineProperty(owner, key, {
                value,
                enumerable: true,
                configurable: true,
                writable: true,
              });
          }
          const start = performance.now();
          try {
            const network = modelFromJSON(JSON.stringify(root));
            expect(modelFromJSON(network.toJSON()).toJSON()).toEqual(network.toJSON());
            made++;
          } catch (error) {
            if (!(error instanceof FormatError)) throw error;
            expect(error.message.length).toBeLessThan(1000);
          }
          expect(performance.now() - start).toBeLessThan(1000);
          expect(Object.keys(Object.prototype)).toEqual([]);
        },
      ),
      { numRuns: 1000, seed: 9 },
    );
    expect(made).toBeGreaterThan(20);
  });
});

/** Every member of every object and list within a value, with its owner. */
function membersOf(value: unknown): [owner: Record<string, unknown>, name: string][] {
  if (typeof value !== 'object' || value === null) return [];
  const owner = value as Record<string, unknown>;
  return Object.keys(owner).flatMap((name) => [
    [owner, name] as [Record<string, unknown>, string],
    ...membersOf(owner[name]),
  ]);
}
