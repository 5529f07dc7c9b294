import type { SpecializedKernel } from '../kernels/kernel.ts';
import type { Site } from './module.ts';
import { placeOf } from './place.ts';
import type { CodePlace } from './place.ts';
import { pathTo } from './types.ts';
import type { Type } from './types.ts';

/** Where an invocation of the workgroup stands. */
export interface LaneState {
  /** `stopped` before a statement, `waiting` for others at a barrier or an operation of its subgroup, `ended`. */
  readonly status: 'stopped' | 'waiting' | 'ended';
  /** The statement that is next, or what it waits at; undefined at the end. */
  readonly place: CodePlace | undefined;
  /** The calls that it is in, outermost first. */
  readonly calls: readonly CodePlace[];
}

/** An element that a step read or wrote. */
export interface StepAccess {
  readonly lane: number;
  /** The variable, the path to the element, and its words from the start of the variable. */
  readonly variable: string;
  readonly element: string;
  readonly word: number;
  readonly words: number;
  readonly how: 'read' | 'write' | 'atomic';
  /** It is not a read. */
  readonly writes: boolean;
  readonly place: CodePlace;
}

/** An access whose texts are made only when they are read. */
export class Told implements StepAccess {
  readonly lane: number;
  readonly variable: string;
  readonly word: number;
  readonly words: number;
  readonly how: StepAccess['how'];
  readonly #type: Type;
  readonly #kernel: SpecializedKernel;
  readonly #site: Site;

  constructor(
    lane: number,
    variable: string,
    type: Type,
    word: number,
    words: number,
    how: StepAccess['how'],
    kernel: SpecializedKernel,
    site: Site,
  ) {
    this.lane = lane;
    this.variable = variable;
    this.word = word;
    this.words = words;
    this.how = how;
    this.#type = type;
    this.#kernel = kernel;
    this.#site = site;
  }

  get writes(): boolean {
    return this.how !== 'read';
  }

  get element(): string {
    return this.variable + pathTo(this.#type, this.word);
  }

  get place(): CodePlace {
    return placeOf(this.#kernel, this.#site);
  }
}
