import { describe, expect, it } from 'vitest';
import { FormatError } from '../../../src/errors.ts';
import { parseVariant } from '../../../src/ops/core/variant.ts';
import { DEFAULTS } from '../../../src/runtime/tuning/defaults.ts';
import {
  decodeMeasurements,
  encodeMeasurements,
  merge,
  MOST_ADAPTERS,
  MOST_CHOICES,
  NOTHING,
  remember,
} from '../../../src/runtime/tuning/measurements.ts';
import type { TunedChoice } from '../../../src/runtime/tuning/measurements.ts';

const choice: TunedChoice = {
  variant: 'direct:12x2',
  microseconds: 10,
  rule: 'direct',
  ruleMicroseconds: 15,
  sources: '01234567',
  fingerprint: '89abcdef',
};
const known = { 'an adapter': { residentWorkgroups: 64, choices: { 'conv2d f32[1]': choice } } };

describe('a file of measurements', () => {
  it('comes back as it was written', () => {
    expect(decodeMeasurements(encodeMeasurements(known))).toEqual(known);
    expect(decodeMeasurements(encodeMeasurements({ other: NOTHING }))).toEqual({ other: NOTHING });
  });

  const text = encodeMeasurements(known);
  const changed = (change: (file: any) => void) => {
    // oxlint-disable-line typescript/no-explicit-any
    const file = JSON.parse(text);
    change(file);
    return JSON.stringify(file);
  };

  it.each<[string, string, RegExp]>([
    ['nothing', '', /not JSON/],
    ['the first half', text.slice(0, text.length / 2), /not JSON/],
    ['another file', '{"format":"safetensors"}', /holds no measurements/],
    ['a list', '[]', /holds no measurements/],
    ['null', 'null', /holds no measurements/],
    ['a later version', changed((file) => (file.version = 2)), /of version 2.* reads version 1/],
    ['no version', changed((file) => delete file.version), /of version undefined/],
    ['no adapters', changed((file) => delete file.adapters), /damaged/],
    ['a list of adapters', changed((file) => (file.adapters = [])), /damaged/],
    ['no choices', changed((file) => (file.adapters['an adapter'] = {})), /damaged/],
    [
      'a variant that is a number',
      changed((f) => (f.adapters['an adapter'].choices['conv2d f32[1]'].variant = 1)),
      /damaged/,
    ],
    [
      'a time that is a text',
      changed((f) => (f.adapters['an adapter'].choices['conv2d f32[1]'].microseconds = '1')),
      /damaged/,
    ],
    ['a choice that is null', changed((f) => (f.adapters['an adapter'].choices.x = null)), /damaged/],
    ['half a workgroup', changed((f) => (f.adapters['an adapter'].residentWorkgroups = 0.5)), /damaged/],
  ])('that holds %s is refused with the reason', (_, damaged, reason) => {
    expect(() => decodeMeasurements(damaged)).toThrow(FormatError);
    expect(() => decodeMeasurements(damaged)).toThrow(reason);
  });
});

it('what wgrad ships is such a file, of choices that gain something', () => {
  expect(decodeMeasurements(encodeMeasurements(DEFAULTS))).toEqual(DEFAULTS);
  for (const { choices } of Object.values(DEFAULTS)) {
    for (const { variant, rule, microseconds, ruleMicroseconds } of Object.values(choices)) {
      expect(variant).not.toBe(rule);
      expect(parseVariant(variant).rung).toMatch(/^\w+$/);
      expect(ruleMicroseconds).toBeGreaterThanOrEqual(1.1 * microseconds);
    }
  }
});

describe('merge', () => {
  it('keeps what is older where there is nothing newer', () => {
    const faster = { ...choice, variant: 'direct:8x1' };
    const merged = merge(
      { residentWorkgroups: 64, choices: { a: choice, b: choice } },
      { choices: { b: faster, c: faster } },
    );
    expect(merged).toEqual({ residentWorkgroups: 64, choices: { a: choice, b: faster, c: faster } });
    expect(merge(NOTHING, merged)).toEqual(merged);
  });

  it('forgets the oldest of too many choices: one that is measured again is new', () => {
    const many = Object.fromEntries(Array.from({ length: MOST_CHOICES }, (_, i) => [`key ${i}`, choice]));
    const { choices } = merge({ choices: many }, { choices: { 'key 0': choice, another: choice } });
    const keys = Object.keys(choices);
    expect(keys).toHaveLength(MOST_CHOICES);
    expect(keys[0]).toBe('key 2');
    expect(keys.slice(-2)).toEqual(['key 0', 'another']);
  });
});

it('remember forgets the adapters that were measured the longest ago', () => {
  let known = {};
  for (let i = 0; i < MOST_ADAPTERS; i++) known = remember(known, `adapter ${i}`, { choices: { a: choice } });
  known = remember(known, 'adapter 0', { choices: { b: choice } });
  known = remember(known, 'new', NOTHING);
  expect(Object.keys(known)).toHaveLength(MOST_ADAPTERS);
  expect(Object.keys(known)[0]).toBe('adapter 2');
  expect(known).toMatchObject({ 'adapter 0': { choices: { a: choice, b: choice } } });
});
