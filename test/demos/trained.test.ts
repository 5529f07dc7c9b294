import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { initialValues } from '../../demos/frame/settings.ts';
import type { ValuesOf } from '../../demos/frame/settings.ts';
import { packWeights, unpackWeights } from '../../demos/frame/worker/packedWeights.ts';
import type { TrainedRecord } from '../../demos/frame/trainedRecord.ts';
import { network } from '../../demos/points/network.ts';
import { settings } from '../../demos/points/settings.ts';
import { network as tableNetwork } from '../../demos/tables/network.ts';
import { settings as tableSettings } from '../../demos/tables/settings.ts';
import { network as sequenceNetwork } from '../../demos/sequences/network.ts';
import { settings as sequenceSettings } from '../../demos/sequences/settings.ts';
import { SHAKESPEARE } from '../../demos/text/text.ts';
import { Recorder } from '../../demos/site/recorder.ts';
import { decodeSafetensors, encodeSafetensors } from '../../src/io/safetensors.ts';
import { autoencoderVersions } from '../../src/models/autoencoderVersions.ts';
import { dcgan } from '../../src/models/dcgan.ts';
import { model } from '../../src/nn/model.ts';
import { gpt } from '../../src/models/gpt.ts';
import { grokkingMlp } from '../../src/models/grokkingMlp.ts';
import { mnistCnn } from '../../src/models/mnistCnn.ts';
import { planeFlow } from '../../src/models/flow.ts';
import { PLANE_TOYS } from '../../src/models/planeToys.ts';
import { vae } from '../../src/models/vae.ts';
import { fillNormal } from '../../src/nn/philox.ts';

describe('packed weights', () => {
  const kernel = fillNormal(new Float32Array(6 * 4), { seed: 3, stream: 0 });
  for (let i = 3; i < kernel.length; i += 4) kernel[i] = 0; // an output that nothing leads to
  const bias = Float32Array.of(0.1, -2, 3e-7, 4);
  const f32 = (shape: readonly number[], data: Float32Array) => ({ dtype: 'F32', shape, data }) as const;
  const file = encodeSafetensors({
    'dense.weight': f32([6, 4], kernel),
    'dense.bias': f32([4], bias),
    'optimizer.m.dense.weight': f32([6, 4], kernel),
    'generator.best_.dense.bias': f32([4], bias),
  });
  const { tensors } = decodeSafetensors(unpackWeights(packWeights(file), 'file'));

  it('are the weights within half a step of 1/127 of the largest one of their output', () => {
    expect([...tensors.keys()].toSorted()).toEqual(['dense.bias', 'dense.weight']);
    const { shape, data } = tensors.get('dense.weight')!;
    expect(shape).toEqual([6, 4]);
    const largest = [0, 1, 2, 3].map((output) =>
      Math.max(...kernel.filter((_, i) => i % 4 === output).map(Math.abs)),
    );
    expect(largest[3]).toBe(0);
    kernel.forEach((value, i) => {
      expect(Math.abs(data[i] - value)).toBeLessThanOrEqual((largest[i % 4] / 254) * 1.0001);
    });
    // The largest ones are exact but for rounding.
    expect(Math.max(...data.map(Math.abs))).toBeCloseTo(Math.max(...largest), 5);
  });

  it('leave biases as they are', () => {
    expect(tensors.get('dense.bias')!.data).toEqual(bias);
  });

  it('are refused where a byte of the file has changed', () => {
    const packed = packWeights(file);
    packed[packed.length - 3] ^= 1;
    expect(() => unpackWeights(packed, 'kept.safetensors')).toThrow(/kept\.safetensors.*checksum/s);
  });
});

it('packed weights whose scales do not fit them are refused', () => {
  const scale = { dtype: 'F32', shape: [0], data: new Float32Array() } as const;
  const weight = { dtype: 'U8', shape: [1, 2], data: Uint8Array.of(1, 2) } as const;
  const packed = encodeSafetensors({ weight, 'weight/scale': scale });
  expect(() => unpackWeights(packed, 'odd.safetensors')).toThrow(/odd\.safetensors.*\[1,2\].*0 scales/);
});

describe('the networks that come with the pages', () => {
  const models = {
    'mnist-cnn': ['quick', () => mnistCnn('quick')],
    autoencoder: ['bottleneck-64', () => autoencoderVersions().model],
    dcgan: ['small', () => dcgan('small')],
    vae: ['latent-2', () => model(vae({ latent: 2 }).options)],
    flow: ['moons', () => model(planeFlow({ noise: PLANE_TOYS.moons.noise }).options)],
    grokking: ['mlp', () => model(grokkingMlp())],
    points: ['moons', () => model(network(initialValues(settings) as ValuesOf<typeof settings>))],
    sequences: [
      'lstm',
      () => model(sequenceNetwork(initialValues(sequenceSettings) as ValuesOf<typeof sequenceSettings>)),
    ],
    text: ['tiny', () => gpt('tiny', SHAKESPEARE.size)],
    tables: [
      'mlp',
      () => model(tableNetwork(initialValues(tableSettings) as ValuesOf<typeof tableSettings>)),
    ],
  } as const;

  it.each(Object.entries(models))('%s: its default network takes the weights', (page, [name, create]) => {
    const folder = join(import.meta.dirname, '../../demos', page, 'trained');
    const file = join(folder, name);
    const report = create().load(unpackWeights(readFileSync(`${file}.safetensors`), file));
    expect([report.missing, report.unused]).toEqual([[], []]);
    const record = JSON.parse(readFileSync(`${file}.json`, 'utf8')) as TrainedRecord;
    expect(record.command).toBe(`npm run site:train -- ${page}`);
    expect(record.recording.moments.at(-1)!.step).toBe(record.steps);
    const html = readFileSync(join(folder, '../index.html'), 'utf8');
    const titles = [...html.matchAll(/<training-chart [^>]*title="([^"]+)"/g)].map(([, title]) => title);
    expect(titles.length).toBeGreaterThan(0);
    // Every chart of the page shows the run that the network comes from.
    expect(record.recording.charts.map(({ title }) => title).toSorted()).toEqual(titles.toSorted());
    const series = record.recording.charts.flatMap((chart) => chart.series);
    expect(series.filter(({ points }) => points.length < 10).map(({ name: own }) => own)).toEqual([]);
    const bytes = readdirSync(folder).reduce((sum, each) => sum + statSync(join(folder, each)).size, 0);
    expect(bytes).toBeLessThan(1e6);
    expect(existsSync(`${file}.png`)).toBe(true);
  });
});

describe('Recorder', () => {
  const chart = {
    title: 'Loss',
    scale: 'linear',
    series: { loss: { name: 'training', colour: '--training' } },
  } as const;

  it('takes pictures from step 0 to the last one, early ones nearer to each other', () => {
    const recorder = new Recorder(3375, [chart], { label: '' });
    const moments = Array.from({ length: 3376 }, (_, step) => step).filter((step) => recorder.isMoment(step));
    expect(moments).toEqual([0, 1, 8, 27, 64, 125, 216, 343, 512, 729, 1000, 1331, 1728, 2197, 2744, 3375]);
  });

  it('keeps means over equal parts of the axis, and only what a chart shows', async () => {
    const recorder = new Recorder(8000, [chart], { label: 'ink' });
    recorder.add(1, { loss: 2, other: 5 });
    recorder.add(7990, { loss: 0.25 });
    recorder.add(8000, { loss: 0.75 });
    recorder.take(0, 'dark', { width: 2, height: 1, data: Uint8Array.of(0, 255) });
    recorder.take(8000, 'bright', { width: 2, height: 1, data: Uint8Array.of(255, 0) });
    const { recording, png } = await recorder.finish();
    expect(recording).toEqual({
      charts: [
        {
          ...chart,
          series: [
            {
              ...chart.series.loss,
              points: [
                [1, 2],
                [7995, 0.5],
              ],
            },
          ],
        },
      ],
      moments: [
        { step: 0, text: 'dark' },
        { step: 8000, text: 'bright' },
      ],
      picture: { width: 2, height: 1, label: 'ink' },
    });
    expect(new DataView(png.buffer).getUint32(20)).toBe(2); // both pictures, one below the other
  });
});
