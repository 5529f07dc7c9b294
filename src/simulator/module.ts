import type { SpecializedKernel } from '../kernels/kernel.ts';
import { parseFile } from '../kernels/parse.ts';
import type { Declaration } from '../kernels/parse.ts';
import type { Token } from '../kernels/tokens.ts';
import { Problem } from './problem.ts';
import { layout, leaves, typeName } from './types.ts';
import type { Type } from './types.ts';
import type { Value } from './values.ts';

export interface CompileOptions {
  /** Reports every access to workgroup and storage memory, or only those that write, and so finds races. Default true. */
  readonly checks?: boolean | 'writes';
  /** Stops before every statement. Default false. */
  readonly stops?: boolean;
  /**
   * What a read outside a buffer is. WebGPU gives some number, which a kernel may discard: with `poison` it is NaN, or 0
   * where it is whole; so is what is shuffled from a lane that is not there. Default `refuse`: an error with the line, as
   * for all other accesses outside.
   */
  readonly outside?: 'refuse' | 'poison';
}

/** A place of the code that the generated program names by number: a stop, a barrier, an access. */
export interface Site {
  readonly at: Token;
  /** The function that it is in. */
  readonly fn: string;
  /** Where all invocations of a workgroup or subgroup meet, and which memory is then in order. */
  readonly meets?: 'workgroup' | 'storage' | 'texture' | 'subgroup';
}

/** A variable at module scope, and where in its memory it lies. */
export interface Global {
  readonly name: string;
  readonly memory: string;
  readonly type: Type;
  readonly base: number;
}

/** A function that is compiled. */
export interface Compiled {
  readonly jsName: string;
  readonly text: string;
  readonly parameters: readonly { readonly name: string; readonly type: Type }[];
  readonly result: Type | undefined;
  /** Invocations meet in it: it is a generator. */
  readonly meets: boolean;
  /** It calls functions of the file. */
  readonly calls: boolean;
}

/** What the functions of one kernel share while they are compiled. */
export class Module {
  readonly checks: boolean | 'writes';
  readonly stops: boolean;
  readonly outside: 'refuse' | 'poison';
  readonly declarations: ReadonlyMap<string, Declaration>;
  readonly directives: readonly Declaration[];
  readonly sites: Site[] = [{ at: { text: '', space: '', line: 0, column: 0, word: false }, fn: '' }];
  /** Compiled module-scope constants and functions; undefined while they are being compiled. */
  readonly constants = new Map<string, Value | undefined>();
  readonly functions = new Map<string, Compiled | undefined>();
  readonly types = new Map<string, Type | undefined>();
  /** Module-scope variables in use. */
  readonly globals = new Map<string, Global>();
  /** Statements that set private variables to their initial values. */
  readonly initial: string[] = [];
  /** Words of constant arrays. */
  readonly constantWords: string[] = [];
  /** Types of the values that stops show. */
  readonly shownTypes: Type[] = [];
  /** Elements of runtime-sized arrays, by the name of the JavaScript variable. */
  readonly counts = new Map<string, string>();
  readonly #constantPlaces = new Map<string, number>();
  readonly #words: Record<string, number> = {};
  #unique = 0;

  constructor(
    kernel: SpecializedKernel,
    { checks = true, stops = false, outside = 'refuse' }: CompileOptions,
  ) {
    this.outside = outside;
    this.checks = checks;
    this.stops = stops;
    const { named, nameless } = parseFile({ name: kernel.name, source: kernel.code });
    this.declarations = named;
    this.directives = nameless;
  }

  /** A JavaScript name that nothing else has. */
  unique(name: string): string {
    return `${name}$${++this.#unique}`;
  }

  site(at: Token, fn: string, meets?: Site['meets']): number {
    return this.sites.push({ at, fn, meets }) - 1;
  }

  /** Room for a value in the memory of all workgroup variables (W) or of one invocation (L), in words. */
  allocate(memory: string, type: Type): number {
    const { size, align } = layout(type);
    const base = Math.ceil(this.wordsOf(memory) / align) * align;
    this.#words[memory] = base + size;
    return base;
  }

  /** Words in use of a memory. */
  wordsOf(memory: string): number {
    return this.#words[memory] ?? 0;
  }

  /** Where a constant array of these scalars lies, in words. */
  placeConstant(type: Type, parts: readonly string[]): number {
    const key = `${typeName(type)} ${parts.join()}`; // the same digits are other bits as another type
    const known = this.#constantPlaces.get(key);
    if (known !== undefined) return known;
    const base = this.constantWords.length;
    leaves(type).forEach(({ offset, of }, i) => {
      const text = parts[i];
      this.constantWords[base + offset] = of.name.startsWith('f')
        ? `float_bits(${text})`
        : of.name === 'bool'
          ? String(+(text === 'true'))
          : text;
    });
    for (let i = base; i < base + layout(type).size; i++) this.constantWords[i] ??= '0';
    this.#constantPlaces.set(key, base);
    return base;
  }

  /** Looks in a table for a declaration, making the entry at first; one that needs itself is an error. */
  once<T>(table: Map<string, T | undefined>, name: string, at: Token, make: () => T): T {
    const known = table.get(name);
    if (known !== undefined) return known;
    if (table.has(name)) throw new Problem(at, `"${name}" refers to itself`);
    table.set(name, undefined);
    const made = make();
    table.set(name, made);
    return made;
  }
}
