import { required } from '../../src/options.ts';
import words from './kerasWords.json';
import type { Options } from './ours.ts';

/** `BinaryCrossentropy` and `binary_crossentropy` are one word. */
export const plain = (name: string) => name.replaceAll('_', '').toLowerCase();

/** `useBias` of `use_bias`. */
export const camel = (name: string) =>
  name.replaceAll(/_+(\w)/g, (_, letter: string) => letter.toUpperCase());

/** The parts of Keras that the pages are about. */
export const kinds = Object.keys(words.keras);

/**
 * The words of a framework, each with its options: `required`, or the default, with null for None. kerasWords.json has them as
 * texts, `kernel_size, strides=[1,1]`: names and defaults as `inspect.signature` gives them for Keras 3.15.1, and as the
 * declarations of tfjs-layers and tfjs-core 4.22.0 list them; of these only those defaults that are not Keras's. Options that all
 * words of a kind have stand with `Layer`, `Loss`, `Metric`, `Optimizer` and `layer`.
 */
export function theirWords(framework: 'keras' | 'tfjs', kind: string): ReadonlyMap<string, Options> {
  const all: Readonly<Record<string, Readonly<Record<string, string>>>> = words[framework];
  const parsed = (option: string): [string, unknown] => {
    const [, name, value] = /^(\w+)(?:=(.*))?$/.exec(option)!;
    return [name, value === undefined ? required : JSON.parse(value)];
  };
  return new Map(
    Object.entries(all[kind] ?? {}).flatMap(([names, text]) => {
      const options = Object.fromEntries(text.split(', ').filter(Boolean).map(parsed));
      return names.split(' ').map((name): [string, Options] => [name, options]);
    }),
  );
}

/** A default as a program of wgrad's has it: `1e-7`, `'same'`, `[1, 1]`. */
export function literal(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    return `{ ${Object.entries(value)
      .map(([name, own]) => `${name}: ${literal(own)}`)
      .join(', ')} }`;
  }
  return typeof value === 'number' && value > 0 && value < 1e-4 ? value.toExponential() : String(value);
}

/** A default as Keras writes it. */
export function python(value: unknown): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'string') return `'${value}'`;
  return Array.isArray(value) ? `(${value.map(python).join(', ')})` : String(value);
}

/**
 * Whether a default of Keras's is one of wgrad's: None is what is not given, (2, 2) is 2, 'glorot_uniform' is
 * 'glorotUniform', 'uniform' is 'randomUniform', 'val_loss' is 'validationLoss'.
 */
export function sameDefault(theirs: unknown, own: unknown): boolean {
  if (theirs === required || own === required) return theirs === own;
  if (theirs === null)
    return own === undefined || own === 'linear' || (Array.isArray(own) && own.length === 0);
  if (Array.isArray(own) && own.length === 1) return sameDefault(theirs, own[0]);
  if (Array.isArray(theirs)) {
    return theirs.every((one, i) => sameDefault(one, Array.isArray(own) ? own[i] : own));
  }
  if (typeof own === 'object' && own !== null) return sameDefault(theirs, (own as { name?: unknown }).name);
  if (typeof theirs !== 'string') return theirs === own;
  const others = [theirs, `random_${theirs}`, theirs.replace(/^val_/, 'validation_')];
  return others.map(plain).includes(plain(String(own)));
}
