import { describe, expect, it } from 'vitest';
import { controlsHtml, hintHtml } from '../../../demos/frame/build/controlsHtml.ts';
import {
  by,
  dependents,
  hidden,
  initialOf,
  numbers,
  options,
  range,
  settings,
  toggle,
  whole,
} from '../../../demos/frame/settings.ts';

const own = settings({
  rate: range({
    label: 'Learning rate',
    acts: 'now',
    scale: 'log',
    min: 1e-4,
    max: 1,
    step: 0.1,
    limits: [0, 2],
    initial: by('net', { small: 0.1, large: 0.01 }),
  }),
  net: options({
    label: 'Network',
    acts: 'anew',
    initial: 'small',
    values: ['small', 'large'],
    notes: { large: 'a < b' },
  }),
  batch: numbers({
    label: 'Batch size',
    acts: 'restart',
    initial: 64,
    values: [32, 64],
    limits: [1, 4096],
    softwareMost: 32,
  }),
  seed: whole({ label: 'Seed', acts: 'anew', initial: 0, min: 0, max: 9 }),
  noisy: toggle({ label: 'Noise', acts: 'rebuild' }),
  test: hidden.number({ initial: undefined, min: 1, max: 10, softwareMost: 5 }),
});

describe('settings', () => {
  it('read what makes sense, 0 included, and nothing else', () => {
    const parsed = (name: keyof typeof own, texts: string[]) => texts.map((text) => own[name].parse(text));
    expect(parsed('rate', ['0', '1e-3', '2', '2.1', '-1', '', 'x', 'Infinity'])).toEqual([
      0,
      0.001,
      2,
      ...Array(5).fill(undefined),
    ]);
    expect(parsed('net', ['large', 'huge', ''])).toEqual(['large', undefined, undefined]);
    expect(parsed('batch', ['48', '0', '1.5'])).toEqual([48, undefined, undefined]);
    expect(parsed('noisy', ['1', '0', 'true'])).toEqual([true, false, undefined]);
  });

  it('have initial values that follow another setting, and smaller ones on a software adapter', () => {
    expect(initialOf(own, 'rate', { net: 'large' }, false)).toBe(0.01);
    expect(dependents(own, 'net')).toEqual(['rate']);
    const of = (name: string) => [false, true].map((software) => initialOf(own, name, {}, software));
    expect(of('batch')).toEqual([64, 32]);
    expect(of('test')).toEqual([undefined, 5]);
    expect(of('seed')).toEqual([0, 0]);
  });

  it('refuse to follow a setting that there is not', () => {
    expect(() => settings({ rate: { ...own.rate, initial: by('preset', {}) } })).toThrow(/'rate'.*'preset'/);
  });

  it('become controls, in their order, with a sentence on what changes do', () => {
    const html = controlsHtml(own) + hintHtml(own);
    expect([...html.matchAll(/id="([\w-]+)"/g)].map(([, id]) => id)).toEqual(
      'rate-value rate net net-note batch seed noisy'.split(' '),
    );
    expect(html).toContain('min="-4" max="0" step="0.1" value="-1"');
    expect(html).toContain('<option value="64" selected>');
    expect(html).toContain('Learning rate and noise change a running training.');
    expect(html).toContain('Network, batch size and seed start a new one.');
    expect(html).not.toMatch(/ (style|on\w+)=/); // a strict policy forbids them
  });
});
