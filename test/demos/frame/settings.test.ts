import { describe, expect, it, vi } from 'vitest';
import { controlsHtml, hintHtml } from '../../../demos/frame/build/controlsHtml.ts';
import { Address, refusal } from '../../../demos/frame/page/address.ts';
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
    expect(parsed('noisy', ['1', '0', 'true', 'constructor'])).toEqual([true, false, undefined, undefined]);
  });

  it('are whole numbers on a slider of whole steps, and only there', () => {
    const parsed = (step: number, scale?: 'log') =>
      range({ label: 'Samples', acts: 'page', min: 1, max: 8, step, scale, initial: 4 }).parse('2.5');
    expect([parsed(1), parsed(0.5), parsed(1, 'log')]).toEqual([undefined, 2.5, 2.5]);
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

describe('a value that an address cannot have', () => {
  const says = (name: keyof typeof own, text: string, value: unknown) => {
    expect(own[name].parse(text)).toBeUndefined();
    return refusal(own[name], name, text, value);
  };

  it('is named with what it must be, and what is used instead', () => {
    expect(says('rate', '-1', 0.002)).toBe(
      'The address asks for learning rate “-1”, which must be from 0 to 2: 0.002 is used.',
    );
    expect(says('net', 'huge', 'small')).toBe(
      'The address asks for network “huge”, which must be small or large: small is used.',
    );
    expect(says('play', 'yes', '0')).toBe(
      'The address asks for play “yes”, which must be 0 or 1: 0 is used.',
    );
  });

  it('is also one that another setting forbids', () => {
    const all = settings({
      modulus: numbers({ label: 'Modulus', acts: 'anew', initial: 7, values: [5, 7, 59] }),
      circle: range({
        label: 'Circle',
        acts: 'now',
        min: 0,
        max: 29,
        step: 1,
        initial: by('modulus', { 5: 0, 7: 0, 59: 0 }),
        most: ({ modulus }) => (modulus - 1) / 2,
      }),
    });
    const opened = (search: string) => {
      vi.stubGlobal('location', { search, href: `https://example.org/${search}` });
      vi.stubGlobal('history', { state: null, replaceState: () => {} });
      return new Address(all);
    };
    const beyond = opened('?modulus=5&circle=3');
    expect(beyond.values.circle).toBe(0);
    expect(beyond.refused).toEqual(['The address asks for circle “3”, which must be at most 2: 0 is used.']);
    const within = opened('?modulus=59&circle=29');
    expect([within.values.circle, within.refused]).toEqual([29, []]);
    within.set({ modulus: 5 });
    expect(within.values.circle).toBe(0);
    vi.unstubAllGlobals();
  });

  it('is cut short, as is what is used', () => {
    const image = hidden.text('0'.repeat(100), (text) => /^[01]{100}$/.test(text));
    expect(refusal(image, 'image', 'x'.repeat(1000), image.initial)).toBe(
      `The address asks for image “${'x'.repeat(40)}…”, which must be as in a copied link: the initial value is used.`,
    );
    const count = hidden.number({ initial: undefined, min: 1, max: 9 });
    expect(refusal(count, 'train', '2.5', undefined)).toBe(
      'The address asks for train “2.5”, which must be a whole number from 1 to 9: it is ignored.',
    );
  });
});
