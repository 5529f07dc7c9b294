import { describe, expect, expectTypeOf, it } from 'vitest';
import { ArgumentError } from '../src/errors.ts';
import { checkOptions, required, settle } from '../src/options.ts';
import type { Defaults, OptionTable } from '../src/options.ts';

interface Options {
  filters: number;
  kernelSize: number | readonly number[];
  dilation?: number;
  useBias?: boolean;
  learningRate?: number;
  name?: string;
}

const table: OptionTable<Options> = {
  filters: required,
  kernelSize: required,
  dilation: true,
  useBias: true,
  learningRate: true,
  name: true,
};
const defaults = {
  filters: required,
  kernelSize: required,
  dilation: 1,
  useBias: true,
  learningRate: 0.1,
  name: undefined,
} as const satisfies Defaults<Options>;

const check = (given: unknown) => () => checkOptions('conv', given, table);
const valid = { filters: 1, kernelSize: 3 };

describe('checkOptions', () => {
  it('lets known options pass', () => {
    expect(check(valid)).not.toThrow();
    expect(check({ ...valid, name: 'a', dilation: undefined })).not.toThrow();
    expect(() => checkOptions('f', undefined, { a: true })).not.toThrow();
  });

  it.each([
    ['dilationRate', 'dilation'],
    ['dilation_rate', 'dilation'],
    ['kernel_size', 'kernelSize'],
    ['KERNELSIZE', 'kernelSize'],
    ['lr', 'learningRate'],
    ['learning_rate', 'learningRate'],
    ['out_channels', 'filters'],
    ['bias', 'useBias'],
    ['fliters', 'filters'],
  ])('tells %s from %s', (wrong, right) => {
    expect(check({ ...valid, [wrong]: 1 })).toThrow(
      new ArgumentError(
        `conv: there is no option "${wrong}"; did you mean "${right}"? It takes filters, kernelSize, dilation, useBias, learningRate, name`,
      ),
    );
  });

  it.each(['quux', '__proto__', 'constructor', 'toString', 'hasOwnProperty'])('knows no %s', (name) => {
    const given = JSON.parse(JSON.stringify(valid).replace('{', `{"${name}":1,`)) as unknown;
    expect(check(given)).toThrow(new RegExp(`^conv: there is no option "${name}"\\. It takes filters, `));
  });

  it.each([
    [32, 'conv: takes its options by name, conv({ filters, kernelSize, … }), but was given 32'],
    ['same', 'was given "same"'],
    [null, 'was given null'],
    [[3, 3], 'was given an array of 2'],
    [new Float32Array(2), 'was given a value of the class Float32Array'],
    [new Map(), 'was given an iterator'],
    [() => 1, 'was given a function'],
    [Promise.resolve(valid), 'was given a promise in place of its options; await it first, and call conv({'],
    [undefined, 'conv: its options are missing; call conv({ filters, kernelSize, … })'],
    [{}, 'conv: the option "filters" is missing; call conv({ filters, kernelSize, … })'],
    [{ filters: 2 }, 'conv: the option "kernelSize" is missing'],
    [{ ...valid, name: Promise.resolve('a') }, 'the option "name" is a promise; await it first'],
  ])('refuses %s', (given, message) => {
    expect(check(given)).toThrow(ArgumentError);
    expect(check(given)).toThrow(message);
  });

  it('shows what stands before the options', () => {
    expect(() => checkOptions('fit', 3, { epochs: true }, 'data, ')).toThrow('fit(data, { epochs })');
  });

  it('stays short where a name is long', () => {
    const long = 'x'.repeat(1e5);
    expect(check({ ...valid, [long]: 1 })).toThrow(/^.{0,300}$/);
  });
});

describe('settle', () => {
  it('fills in defaults, also for undefined, and copies arrays', () => {
    const kernelSize = [3, 5];
    const given: Options = { filters: 2, kernelSize, dilation: undefined };
    const settled = settle('conv', given, defaults);
    expectTypeOf(settled.dilation).toEqualTypeOf<number>();
    expectTypeOf(settled.name).toEqualTypeOf<string | undefined>();
    kernelSize[0] = 9;
    expect(settled).toEqual({
      filters: 2,
      kernelSize: [3, 5],
      dilation: 1,
      useBias: true,
      learningRate: 0.1,
      name: undefined,
    });
  });

  it.each([0, 1, 'yes', null])('takes no %s for true or false', (useBias) => {
    const given = { ...valid, useBias } as unknown as Options;
    expect(() => settle('conv', given, defaults)).toThrow(/conv: useBias is .*; it must be true or false/);
  });
});
