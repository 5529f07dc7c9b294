import { required } from '../../src/options.ts';
import type { Options } from './ours.ts';
import { spansOf } from './pages.ts';
import type { Row } from './pages.ts';
import { camel, literal, plain, python, sameDefault } from './theirs.ts';

/** The words of the kind that a row belongs to. */
export interface Known {
  readonly keras: ReadonlyMap<string, Options>;
  readonly tfjs: ReadonlyMap<string, Options>;
  /** The row of what all words of the kind take. */
  readonly every: Row | undefined;
}

/** What the last column of a row says of the options of others. */
function remarksOf({ notes }: Row) {
  const all = (pattern: RegExp) => [...notes.matchAll(pattern)];
  return {
    /** `alpha_initializer` is `initializer`. */
    names: new Map(all(/`(\w+)` is `(\w+)`/g).map(([, theirs, own]): [string, string] => [theirs, own])),
    /** `momentum=0.99`. */
    defaults: all(/`([a-z_0-9]+)=([^`]*)`/g).map(([, option, value]) => ({ option, value })),
    /** Without `renorm`, `renorm_clipping`: …; `synchronized`: …. */
    absent: all(/Without ([^.]*)\./g)
      .flatMap(([, text]) => text.split(';'))
      .flatMap((part) => spansOf(part.split(':')[0])),
  };
}

/**
 * What a row fails to say of the options of its words.
 *
 * @param options of wgrad's word
 */
export function complaints(row: Row, options: Options, { keras, tfjs, every }: Known): string[] {
  if (row.ours.length === 0 && !row.every) return [];
  // A function of the name of a class has what the class has, if it says nothing else.
  const words = [...keras].filter(([name]) => row.keras.some((own) => plain(own) === plain(name)));
  const inOrder = words.toSorted(([a], [b]) => Number(row.keras.includes(a)) - Number(row.keras.includes(b)));
  const ofKeras: Options = Object.assign({}, ...inOrder.map(([, own]) => own));
  const ofTfjs: Options = Object.assign({}, ...row.tfjs.map((name) => tfjs.get(name)));
  const placed = row.ours.flatMap((word) => word.placed);
  const mentioned = [row, every ?? row].flatMap(({ notes }) => spansOf(notes));
  const { names, defaults } = remarksOf(row);
  const absent = [row, every ?? row].flatMap((own) => remarksOf(own).absent);
  const found: string[] = [];
  for (const [option, theirs] of Object.entries(ofKeras)) {
    const name = names.get(option) ?? camel(option);
    const told = defaults.some((own) => own.option === option);
    if (placed.includes(name)) continue;
    if (!(name in options)) {
      if (!mentioned.includes(option)) found.push(`says nothing of Keras's option ${option}`);
    } else if (sameDefault(theirs, options[name])) {
      if (told) found.push(`says that Keras has another default of ${option}, but it is the same`);
    } else if (theirs === required) {
      if (!mentioned.includes(option)) found.push(`must say that Keras requires ${option}`);
    } else if (!told) {
      found.push(`must say \`${option}=${python(theirs)}\`, as wgrad has ${literal(options[name])}`);
    }
  }
  const known = new Set([...Object.keys(ofKeras).map(camel), ...Object.keys(options), ...placed]);
  for (const [option, theirs] of Object.entries(ofTfjs)) {
    const says = `${option}: ${literal(theirs)}`;
    if (!known.has(option) && !names.has(option) && !mentioned.includes(option)) {
      found.push(`says nothing of tfjs's option ${option}`);
    } else if (theirs !== required && option in options && !sameDefault(theirs, options[option])) {
      if (!mentioned.includes(says)) found.push(`must say \`${says}\`, which is tfjs's default`);
    }
  }
  for (const { option, value } of defaults) {
    if (option in ofKeras && ofKeras[option] !== required && python(ofKeras[option]) === value) continue;
    found.push(`says that Keras has \`${option}=${value}\`, which it has not`);
  }
  for (const name of names.values()) {
    if (!(name in options) && !placed.includes(name))
      found.push(`names an option ${name}, which wgrad has not`);
  }
  for (const option of new Set(absent)) {
    if ((option in ofKeras || option in ofTfjs) && camel(option) in options)
      found.push(`says that wgrad has no ${option}, but it has`);
  }
  return found.map((text) => `${row.place} ${text}`);
}
