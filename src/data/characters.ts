import { ArgumentError } from '../errors.ts';

/** The characters of a text, in the order of their code points; each one's place is its index. */
export class Characters {
  readonly list: readonly string[];
  readonly #places: ReadonlyMap<string, number>;

  /** @throws ArgumentError if the text is empty */
  constructor(text: string) {
    this.list = [...new Set(text)].sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!);
    if (this.list.length === 0) throw new ArgumentError('Characters: the text is empty');
    this.#places = new Map(this.list.map((character, i) => [character, i]));
  }

  get size(): number {
    return this.list.length;
  }

  /** @throws ArgumentError that names a character which the text has not */
  encode(text: string): Int32Array {
    return Int32Array.from(text, (character) => {
      const place = this.#places.get(character);
      if (place !== undefined) return place;
      throw new ArgumentError(
        `The text has no '${character}', so that the network cannot read it; it has ${JSON.stringify(this.list.join(''))}.`,
      );
    });
  }

  decode(indices: ArrayLike<number>): string {
    return Array.from(indices, (index) => this.list[index]).join('');
  }
}
