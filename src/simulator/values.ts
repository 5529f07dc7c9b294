import type { Scalar, Type } from './types.ts';

/** Part of a memory: `W` workgroup variables, `L` what one invocation has, `C` constants, `B0`, `B1` … bindings. */
export interface MemoryPlace {
  readonly kind: 'memory';
  readonly type: Type;
  readonly memory: string;
  /** Where it begins, in words: JavaScript text that may be evaluated again, plus a number. */
  readonly term: string;
  readonly base: number;
  readonly writable: boolean;
  /** A statement to make before a write, because an index was not checked: reads outside are allowed. */
  readonly guard?: string;
  /** Of a component: the vector that a write to it may touch. */
  readonly vector?: MemoryPlace;
}

/** JavaScript variables, one for each scalar. */
export interface LocalPlace {
  readonly kind: 'local';
  readonly type: Type;
  readonly parts: readonly string[];
  readonly writable: boolean;
}

/** The component, or column, `index` of a local vector or matrix. */
export interface ElementPlace {
  readonly kind: 'element';
  readonly type: Type;
  readonly of: LocalPlace;
  readonly index: string;
}

export type Place = MemoryPlace | LocalPlace | ElementPlace;

/** What an expression gives. */
export interface Value {
  readonly type: Type;
  /** JavaScript text of each scalar; for arrays there may be a place instead. */
  readonly parts: readonly string[];
  /** Its parts are literals. */
  readonly constant?: boolean;
  /** Where an array lies, or what a pointer points to. */
  readonly place?: Place;
  /** All zeros: an array of any size. */
  readonly zero?: boolean;
}

/** What a name stands for in a function. */
export type Binding =
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'variable'; readonly place: Place }
  | { readonly kind: 'pointer'; readonly place: Place; readonly space: string };

/** A word of memory, `offset` words after a place begins. */
export function at({ term, base }: MemoryPlace, offset = 0): string {
  const number = base + offset;
  return term === '' ? String(number) : number === 0 ? term : `${term} + ${number}`;
}

const VIEWS: Readonly<Record<string, string>> = { f32: 'F', f16: 'F', i32: 'I', u32: 'U', bool: 'U' };

/** The typed array that has the scalars of a type. */
export const viewOf = (memory: string, { name }: Scalar): string => `${memory}$${VIEWS[name]}`;
