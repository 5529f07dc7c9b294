import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { dataset } from '../../../src/data/dataset.ts';
import { ArgumentError, FormatError } from '../../../src/errors.ts';
import { adam, decodeSafetensors } from '../../../src/index.ts';
import type { Model } from '../../../src/index.ts';
import { ALL, SWEEP } from '../../faults/flows.ts';
import { testGpu } from '../../helpers/evaluate.ts';
import { clusters } from '../modelFixtures.ts';
import { changes, modelsOf } from '../randomModels.ts';

const { x } = clusters(12);
const data = dataset({
  x: x.data as Float32Array,
  y: x.data as Float32Array,
  inputShape: [2],
  targetShape: [2],
});

const place = fc.nat(50);
const action = fc.oneof(
  fc.record({ do: fc.constant('train' as const), on: place, steps: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ do: fc.constant('save' as const), on: place, file: fc.nat(2) }),
  { weight: 2, arbitrary: fc.record({ do: fc.constant('load' as const), on: place, file: fc.nat(2) }) },
  fc.record({
    do: fc.constant('rename' as const),
    on: place,
    layer: place,
    name: fc.constantFrom('a', 'b', 'dense'),
  }),
  fc.record({ do: fc.constant('freeze' as const), on: place, layer: place }),
);

type Contents = ReturnType<typeof decodeSafetensors>;
interface File {
  readonly bytes: Uint8Array;
  readonly contents: Contents;
  readonly shapes: string;
}
const contentsOf = async (own: Model): Promise<Contents> => decodeSafetensors(await own.save(), 'file');

/** Weights with their shapes, by name. */
const shapesOf = (own: Model) =>
  JSON.stringify([...own.variableKeys()].map(([{ shape }, key]) => [key, shape]).toSorted());

it(
  'random sequences of training, saving, loading, renaming and freezing models that share layers: what is loaded is what was saved',
  async () => {
    const gpu = await testGpu();
    const compile = (own: Model) =>
      own.compile({
        gpu,
        optimizer: adam({ learningRate: 0.01 }),
        loss: 'meanSquaredError',
        checkLoss: false,
      });
    const check = async ([list, actions]: [Parameters<typeof modelsOf>[0], readonly { do: string }[]]) => {
      const models = modelsOf(list).slice(0, 4);
      for (const own of models) await compile(own);
      const files: File[] = [];
      for (const each of actions as (typeof action extends fc.Arbitrary<infer T> ? T : never)[]) {
        const own = models[each.on % models.length];
        if (each.do === 'train') {
          if (own.compiled.untrainable) continue;
          await own.fit(data, { steps: each.steps, batchSize: 5 });
        } else if (each.do === 'save') {
          const bytes = await own.save();
          files[each.file] = { bytes, contents: decodeSafetensors(bytes, 'file'), shapes: shapesOf(own) };
        } else if (each.do === 'rename') {
          try {
            own.layers[each.layer % own.layers.length].name = each.name;
          } catch (error) {
            expect(error).toBeInstanceOf(ArgumentError);
          }
        } else if (each.do === 'freeze') {
          const layer = own.layers[each.layer % own.layers.length];
          layer.trainable = !layer.trainable;
          await compile(own);
        } else if (files[each.file]) {
          await load(own, files[each.file]);
        }
      }
      for (const own of models) own.destroy();
    };
    const load = async (own: Model, { bytes, contents, shapes }: File) => {
      const before = await contentsOf(own);
      if (shapesOf(own) !== shapes) {
        expect(() => own.load(bytes)).toThrow(FormatError);
        expect((await contentsOf(own)).tensors).toEqual(before.tensors);
        return;
      }
      const report = own.load(bytes);
      const after = await contentsOf(own);
      const { metadata } = contents;
      const trainedThen = new Set(JSON.parse(metadata.trained) as string[]);
      const keys = new Set(own.variableKeys().values());
      for (const [key, { data: values }] of after.tensors) {
        const slot = /^optimizer_*\.\w+\.(.*)$/.exec(key)?.[1];
        const saved = keys.has(key) || (slot !== undefined && trainedThen.has(slot));
        const expected = saved ? contents.tensors.get(key)!.data : new Float32Array(values.length);
        expect([key, values]).toEqual([key, expected]);
      }
      const trainedNow = own.compiled.minimizer.variables.map((variable) =>
        own.variableKeys().get(variable)!,
      );
      expect(report).toMatchObject({ missing: [], unused: [], resumes: true });
      expect(report.fresh).toEqual(trainedNow.filter((key) => !trainedThen.has(key)));
      const counts = ({ step, epoch, place: at, learningRate, seed, progress }: typeof metadata) =>
      [step, epoch, at, learningRate, seed, progress]; // prettier-ignore
      expect(counts(after.metadata)).toEqual(counts(metadata));
    };
    await fc.assert(
      fc.asyncProperty(fc.tuple(changes, fc.array(action, { minLength: 4, maxLength: 16 })), check),
      {
        numRuns: ALL ? 300 : 20,
        seed: 8,
        endOnFailure: true,
      },
    );
  },
  SWEEP,
);
