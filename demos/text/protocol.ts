export type Calls = {
  /** Shows what the network makes of a text, and of the character so many before its last one. */
  show(text: string, back: number): void;
  /** Continues a text, and gives what it adds. */
  write(text: string, count: number): string;
  /** Keeps a text of the reader's own, for the setting `own`. */
  keep(name: string, text: string): void;
};

export type Tells = {
  model: {
    readonly parameters: number;
    readonly blocks: number;
    /** Of each block. */
    readonly heads: number;
    /** Characters that it sees at once. */
    readonly context: number;
    /** The different characters that it knows. */
    readonly characters: readonly string[];
  };
  reading: Reading;
  sample: Sample;
};

/** What there is to say of a text, as the network sees it. */
export interface Reading {
  /** Its last characters: those that the network sees. */
  readonly seen: readonly string[];
  /** The chosen one of them, from 0. */
  readonly place: number;
  /** Places of characters in the list of those that it knows: the one that most likely follows the chosen one first. */
  readonly order: Float32Array;
  /** In this order: probabilities as the network gives them, and as it draws, after temperature and top-k. */
  readonly given: Float32Array;
  readonly drawn: Float32Array;
  /** [blocks · heads, context]: how much the chosen character looks at each. */
  readonly weights: Float32Array;
}

/** What the network writes after so many steps. */
export interface Sample {
  readonly step: number;
  /** Nats per character, of validation. */
  readonly loss: number;
  readonly text: string;
}

/** How a sample reads as the text of a recorded moment, and back. */
export const momentText = ({ loss, text }: Pick<Sample, 'loss' | 'text'>): string =>
  `${loss.toFixed(2)} nats per character. It writes: ${text}`;
export function sampleOf({ step, text }: { readonly step: number; readonly text: string }): Sample {
  const mark = '. It writes: ';
  const at = text.indexOf(mark);
  return { step, loss: Number.parseFloat(text), text: text.slice(at + mark.length) };
}

/** What samples begin with, where the network knows these characters. */
export const OPENING = '\n';
/** Characters of a sample. */
export const SAMPLE_LENGTH = 110;
