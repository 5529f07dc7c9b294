import type { RaceFinder } from './races.ts';

/** An access to workgroup or storage memory, as it is reported. */
export interface Access {
  readonly memory: Memory;
  readonly how: 'read' | 'write' | 'atomic';
  /** First word, from the start of the memory, and how many. */
  readonly word: number;
  readonly words: number;
  /** Number of the place in the code. */
  readonly site: number;
}

/** Memory of a kernel, seen as each of the three types of 32 bits. */
export class Memory {
  readonly name: string;
  readonly words: number;
  readonly F: Float32Array;
  readonly I: Int32Array;
  readonly U: Uint32Array;
  /** Finds races; undefined where they are not asked for. */
  races: RaceFinder | undefined;
  /** Called with each access. */
  onAccess: ((access: Access) => void) | undefined;

  constructor(name: string, data: ArrayBufferLike, byteOffset = 0, words = data.byteLength >> 2) {
    this.name = name;
    this.words = words;
    this.F = new Float32Array(data, byteOffset, words);
    this.I = new Int32Array(data, byteOffset, words);
    this.U = new Uint32Array(data, byteOffset, words);
  }

  /** The generated code calls this before it reads words; gives `word`. */
  read(word: number, words: number, site: number): number {
    if (!(word >= 0 && word < this.words)) return word; // outside, where that is allowed
    this.races?.read(word, words, site);
    this.onAccess?.({ memory: this, how: 'read', word, words, site });
    return word;
  }

  write(word: number, words: number, site: number): number {
    this.races?.write(word, words, site);
    this.onAccess?.({ memory: this, how: 'write', word, words, site });
    return word;
  }

  /** Atomic operations are in order among themselves, and nothing else touches an atomic. */
  atomic(word: number, site: number): number {
    this.onAccess?.({ memory: this, how: 'atomic', word, words: 1, site });
    return word;
  }
}
