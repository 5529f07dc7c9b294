import { describe, expect, it } from 'vitest';
import '../helpers/close.ts';
import { Collapse, COLLAPSE_UPDATES, Diagnosis } from '../../demos/dcgan/diagnosis.ts';
import { noiseWidth } from '../../demos/drawing/latentShape.ts';
import { between, mapBetween } from '../../demos/drawing/latentWalk.ts';
import { fillNormal } from '../../src/nn/philox.ts';

const norm = (vector: Float32Array) => Math.hypot(...vector);

describe('the latent walk', () => {
  const corners = [0, 1, 2, 3].map((stream) => fillNormal(new Float32Array(64), { seed: 7, stream }));

  it('has the samples themselves in its corners', () => {
    expect(between(corners, 0, 0)).toBeAllClose(corners[0]);
    expect(between(corners, 1, 0)).toBeAllClose(corners[1]);
    expect(between(corners, 0, 1)).toBeAllClose(corners[2]);
    expect(between(corners, 1, 1)).toBeAllClose(corners[3]);
  });

  it('keeps to the length of the samples on its way', () => {
    const mean = corners.reduce((sum, corner) => sum + norm(corner) / 4, 0);
    expect(norm(between(corners, 0.5, 0.5))).toBeCloseTo(mean, 4);
    const edge = 0.75 * norm(corners[0]) + 0.25 * norm(corners[1]);
    expect(norm(between(corners, 0.25, 0))).toBeCloseTo(edge, 4);
  });

  it('goes over a map row by row', () => {
    const size = corners[0].length;
    const map = mapBetween(corners, 3);
    expect(map).toHaveLength(9 * size);
    const at = (index: number) => map.slice(index * size, (index + 1) * size);
    expect(at(1)).toEqual(between(corners, 0.5, 0));
    expect(at(5)).toEqual(between(corners, 1, 0.5));
    expect(at(8)).toBeAllClose(corners[3]);
  });

  it('stays finite where the samples cancel each other', () => {
    const [one] = corners;
    const opposite = one.map((value) => -value);
    for (const value of between([one, opposite, one, opposite], 0.5, 0.3)) expect(value).toBe(0);
  });
});

it('draws latent vectors as pictures that are not too wide', () => {
  expect([64, 100, 128].map(noiseWidth)).toEqual([8, 10, 16]);
});

describe('the diagnosis', () => {
  const point = (realAccuracy: number, fakeAccuracy: number) => ({
    step: 1,
    discriminatorLoss: 1,
    generatorLoss: 1,
    realAccuracy,
    fakeAccuracy,
  });
  const leadOf = (real: number, fake: number, steps = 100) => {
    const diagnosis = new Diagnosis();
    for (let step = 0; step < steps; step++) diagnosis.add(point(real, fake));
    return diagnosis.lead;
  };

  it('calls collapse what is left of the digits, once there were more or the generator has had its time', () => {
    const [few, many] = [Math.log(3), Math.log(7)];
    const collapse = new Collapse();
    expect(collapse.add({ entropy: few, generatorUpdates: 100 })).toBe(false); // blots
    expect(collapse.add({ entropy: few, generatorUpdates: COLLAPSE_UPDATES })).toBe(true);
    expect(collapse.add({ entropy: many, generatorUpdates: 100 })).toBe(false);
    expect(collapse.add({ entropy: few, generatorUpdates: 110 })).toBe(true);
    collapse.clear();
    expect(collapse.add({ entropy: many, generatorUpdates: 3 })).toBe(false); // random weights
    expect(collapse.add({ entropy: few, generatorUpdates: 60 })).toBe(false);
  });

  it('says who is far ahead, and nothing too early', () => {
    expect(leadOf(1, 1, 5)).toBeUndefined();
    expect(leadOf(1, 1)).toBe('discriminator');
    expect(leadOf(0.9, 0.05)).toBe('generator');
    expect(leadOf(0.8, 0.8)).toBe('neither');
  });
});
