import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Characters } from '../../src/data/text.ts';
import { gpt } from '../../src/models/gpt.ts';
import { sampleText } from '../../src/models/sampleText.ts';
import { draw } from '../../src/models/textWriter.ts';
import { Variable } from '../../src/index.ts';
import type { Gpu } from '../../src/index.ts';
import { Decoding, requireStepwise } from '../../src/nn/decoding.ts';
import { embedding } from '../../src/nn/layers/embedding.ts';
import { groupQueryAttention, multiHeadAttention } from '../../src/nn/layers/multiHeadAttention.ts';
import { layerNormalization } from '../../src/nn/layers/normalization.ts';
import { flatten } from '../../src/nn/layers/shaping.ts';
import { transformerBlock } from '../../src/nn/layers/transformerBlock.ts';
import type { Model } from '../../src/nn/model.ts';
import { sequential } from '../../src/nn/sequential.ts';
import { initNode } from '../../src/node/index.ts';
import * as ops from '../../src/ops/index.ts';
import '../helpers/close.ts';

let gpu: Gpu;
beforeAll(async () => void (gpu = await initNode()));
afterAll(() => gpu.destroy());

describe('gpt', () => {
  it('has the weights of the settings that it is compared with', () => {
    expect(gpt('tiny', 65).parameters).toBe(104_832);
    expect(gpt('small', 65).parameters).toBe(804_096);
    expect(gpt('tiny', 65).outputShape).toEqual([32, 65]);
  });

  it('does not look ahead: a later character changes no earlier logit', async () => {
    const model = gpt('tiny', 5, { seed: 1 });
    await model.compile({ gpu });
    const text = Int32Array.from({ length: 32 }, (_, i) => (i * 7) % 5);
    const changed = text.slice();
    changed[20] = (changed[20] + 1) % 5;
    const [a, b] = [await model.predictOnBatch(text), await model.predictOnBatch(changed)];
    expect([...a.subarray(0, 20 * 5)]).toEqual([...b.subarray(0, 20 * 5)]);
    for (let i = 20; i < 32; i++) {
      expect([...a.subarray(i * 5, i * 5 + 5)], `${i}`).not.toEqual([...b.subarray(i * 5, i * 5 + 5)]);
    }
    model.destroy();
  });
});

describe('sampleText', () => {
  let model: Model;
  const characters = new Characters('abcde');
  beforeAll(async () => {
    model = gpt('tiny', 5, { seed: 1 });
    await model.compile({ gpu });
    // larger weights, so that the logits differ from place to place
    for (const variable of model.variables) {
      const values = await gpu.variables.read(variable);
      if (!variable.name.endsWith('Gamma'))
        gpu.variables.write(
          variable,
          values.map((value) => value * 8),
        );
    }
  });
  afterAll(() => model.destroy());

  it('leaves no memory behind', async () => {
    const buffers: number[] = [];
    for (let i = 0; i < 2; i++) {
      await sampleText(model, characters, { prompt: 'abc', length: 5 });
      buffers.push(gpu.device.liveBuffers);
    }
    expect(buffers[0]).toBe(buffers[1]);
  });

  it('refuses masks, which a cache does not have', async () => {
    const layers = [
      embedding({ inputDim: 5, outputDim: 8, maskZero: true }),
      multiHeadAttention({ numHeads: 2, keyDim: 4, useCausalMask: true }),
    ];
    const masked = sequential(layers, { inputShape: [4] });
    await masked.compile({ gpu });
    const step = () => {
      const decoding = new Decoding({ capacity: 4, positions: ops.input('position', [1], 'i32') });
      return { y: masked.call(ops.input('x', [1, 1], 'i32'), { training: false, decoding }) };
    };
    await expect(gpu.compile(step)).rejects.toThrow('a single input without a mask');
    masked.destroy();
  });

  it('step by step over a cache the logits are those of the whole sequence', async () => {
    const text = Int32Array.from({ length: 32 }, (_, i) => (i * 7 + (i >> 2)) % 5);
    const whole = await model.predictOnBatch(text);
    const tokens = ops.input('tokens', [32], 'i32');
    const program = await gpu.compile(() => {
      const positions = ops.reshape(ops.cast(ops.stepCount(), 'i32'), [1]);
      const token = ops.reshape(ops.gather(tokens, positions), [1, 1]);
      const decoding = new Decoding({ capacity: 32, positions });
      return { logits: model.call(token, { training: false, decoding }) };
    });
    program.write(tokens, text);
    for (let i = 0; i < 32; i++) {
      await program.step();
      const logits = await program.read('logits');
      expect(logits, `${i}`).toBeAllClose(whole.subarray(i * 5, i * 5 + 5), { rtol: 1e-5, atol: 1e-5 });
    }
    program.destroy();
  });

  it('refuses to normalize the steps of a sequence together', async () => {
    const options = { center: false, scale: false };
    for (const axis of [1, -2, [1, 2]]) {
      const own = sequential(
        [embedding({ inputDim: 5, outputDim: 5 }), layerNormalization({ axis, ...options, name: 'norm' })],
        { inputShape: [4] },
      );
      await expect(sampleText(own, characters, { prompt: 'a', length: 1 })).rejects.toThrow(
        'its layer norm works on all steps of a sequence together, along axis 1',
      );
    }
    const fine = sequential([embedding({ inputDim: 5, outputDim: 5 }), layerNormalization(options)], { inputShape: [4] }); // prettier-ignore
    expect(() => requireStepwise(fine)).not.toThrow();
  });

  it.each([
    [
      'groups of queries that share keys',
      () => [
        groupQueryAttention({ headDim: 4, numQueryHeads: 4, numKeyValueHeads: 2, useCausalMask: true }),
        layerNormalization(),
      ],
    ],
    [
      'rotary positions',
      () => [
        transformerBlock({ numHeads: 2, useCausalMask: true, rotary: true, normalization: 'rms' }),
        transformerBlock({ numHeads: 4, useCausalMask: true, rotary: true }),
      ],
    ],
  ])('step by step over a cache, %s: as the whole sequences', async (_, layers) => {
    const [batch, steps] = [2, 6];
    const own = sequential([embedding({ inputDim: 5, outputDim: 8, embeddingsInitializer: 'lecunNormal' }), ...layers()], { inputShape: [steps], seed: 4 }); // prettier-ignore
    await own.compile({ gpu });
    const text = Int32Array.from({ length: batch * steps }, (_each, i) => (i * 7 + (i >> 2)) % 5);
    const whole = await own.predictOnBatch(text);
    const token = ops.input('token', [batch, 1], 'i32');
    const program = await gpu.compile(() => {
      const positions = ops.broadcastTo(ops.cast(ops.stepCount(), 'i32'), [batch]);
      const decoding = new Decoding({ capacity: steps, positions });
      return { y: own.call(token, { training: false, decoding }) };
    });
    for (let step = 0; step < steps; step++) {
      program.write(token, Int32Array.of(text[step], text[steps + step]));
      await program.step();
      const y = await program.read('y');
      for (let b = 0; b < batch; b++) {
        const from = (b * steps + step) * 8;
        expect(y.subarray(b * 8, b * 8 + 8), `${b} ${step}`).toBeAllClose(whole.subarray(from, from + 8), { rtol: 1e-4, atol: 1e-5 }); // prettier-ignore
      }
    }
    program.destroy();
    own.destroy();
  });

  /** The likeliest text, by whole windows: those of the cache. */
  async function likeliest(prompt: string, length: number): Promise<string> {
    const text = [...characters.encode(prompt)].slice(-32);
    const total = text.length + length;
    for (let start = 0; text.length < total;) {
      const window = new Int32Array(32);
      window.set(text.slice(start));
      const place = text.length - start - 1;
      const logits = [...(await model.predictOnBatch(window)).subarray(place * 5, place * 5 + 5)];
      text.push(logits.indexOf(Math.max(...logits)));
      if (place === 31) start += 16;
    }
    return prompt + characters.decode(text.slice(total - length));
  }

  it('takes the likeliest with topK 1 and with temperature 0, past the end of the context', async () => {
    const expected = await likeliest('ab', 60);
    expect(await sampleText(model, characters, { prompt: 'ab', length: 60, topK: 1 })).toBe(expected);
    expect(await sampleText(model, characters, { prompt: 'ab', length: 60, temperature: 0 })).toBe(expected);
    const long = 'abcdeedcba'.repeat(4);
    const written = await sampleText(model, characters, { prompt: long, length: 20, topK: 1 });
    expect(written).toBe(await likeliest(long, 20));
  });

  it('repeats with the seed', async () => {
    const options = { prompt: 'ab', length: 40, seed: 3, temperature: 2 };
    const written = await sampleText(model, characters, options);
    expect(written).toMatch(/^ab[a-e]{40}$/);
    expect(await sampleText(model, characters, options)).toBe(written);
    expect(await sampleText(model, characters, { ...options, seed: 4 })).not.toBe(written);
  });

  it('refuses what it cannot do', async () => {
    const cases = [
      [{ prompt: '' }, 'the prompt is empty'],
      [{ length: 0.5 }, 'length is 0.5'],
      [{ temperature: -1 }, 'temperature is -1'],
      [{ topK: 0 }, 'topK is 0'],
    ] as const;
    for (const [own, message] of cases) {
      const options = { prompt: 'a', length: 1, ...own };
      await expect(sampleText(model, characters, options)).rejects.toThrow(message);
    }
    const other = sequential([flatten()], { inputShape: [4] });
    await expect(sampleText(other as never, characters, { prompt: 'a', length: 1 })).rejects.toThrow(
      'has a layer flatten, which cannot be called step by step',
    );
  });
});

it('draws have the probabilities of a softmax among the likeliest', async () => {
  const logits = [1, 3, 2, 0];
  const [heat, count] = [ops.input('heat', []), ops.input('count', [])];
  const counts = new Variable({
    name: 'counts',
    shape: [4],
    trainable: false,
    initialize: (values) => values.fill(0),
  });
  const program = await gpu.compile(() => {
    const place = draw(ops.constant(new Float32Array(logits), [4]), heat, count);
    ops.assign(counts, ops.add(ops.read(counts), ops.reshape(ops.oneHot(place, 4), [4])));
    return {};
  });
  const shares = async (temperature: number, k: number) => {
    gpu.variables.initialize([counts]);
    program.reset(0);
    program.write(heat, new Float32Array([temperature]));
    program.write(count, new Float32Array([k]));
    await program.run(1000);
    await program.finish();
    return [...(await gpu.variables.read(counts))].map((own) => own / 1000);
  };
  const softmax = (temperature: number, kept: readonly number[]) => {
    const weights = logits.map((logit, i) => (kept.includes(i) ? Math.exp(logit / temperature) : 0));
    const sum = weights.reduce((a, b) => a + b);
    return weights.map((weight) => weight / sum);
  };
  // the standard deviation of a share is at most √(0.25 / 1000) = 0.016
  expect(await shares(2, 4)).toBeAllClose(softmax(2, [0, 1, 2, 3]), { rtol: 0, atol: 0.06 });
  const two = await shares(1, 2);
  expect(two).toBeAllClose(softmax(1, [1, 2]), { rtol: 0, atol: 0.06 });
  expect([two[0], two[3]]).toEqual([0, 0]);
  expect(await shares(1, 1)).toEqual([0, 1, 0, 0]);
  program.destroy();
});
