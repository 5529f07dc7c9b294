/** How the network that comes with a page was trained: written by `npm run site:train`, read by the page. */
export interface TrainedRecord {
  /** What was trained, in words: "the quick network, 5,994 weights". */
  readonly model: string;
  /** What it was trained on: "MNIST, 60,000 training images". */
  readonly data: string;
  /** What makes it again. */
  readonly command: string;
  readonly adapter: string;
  /** 2026-11-30 */
  readonly date: string;
  readonly steps: number;
  readonly batchSize: number;
  /** What a batch has so many of; default: images. */
  readonly samples?: string;
  /** What the weights in the file reach, by name: `test accuracy` 0.992. */
  readonly scores: Readonly<Record<string, number>>;
  readonly recording: Recording;
}

/** A run that plays back without a GPU. */
export interface Recording {
  readonly charts: readonly RecordedChart[];
  /** From step 0 to the last one; one picture for each. */
  readonly moments: readonly { readonly step: number; readonly text: string }[];
  readonly picture: RecordedPicture;
}

/** The pictures stand one below the other in the PNG file: grey, 0 paper to 255 ink. */
export interface RecordedPicture {
  /** Of one of them, in pixels. */
  readonly width: number;
  readonly height: number;
  /** What they show. */
  readonly label: string;
  /** 0 has the colour of negative numbers, 255 that of positive ones, and the middle none. */
  readonly signed?: boolean;
}

export interface RecordedChart {
  readonly title: string;
  readonly scale: 'linear' | 'log';
  /** The values are shares of 1, shown in per cent. */
  readonly percent?: boolean;
  readonly series: readonly RecordedSeries[];
}

export interface RecordedSeries {
  readonly name: string;
  /** A variable of style.css. */
  readonly colour: string;
  readonly points: readonly (readonly [step: number, value: number])[];
}

/** Early steps change more than late ones: a recording gives them more room, as the cube root does. 0 … 1. */
export const placeOf = (step: number, steps: number): number => Math.cbrt(step / steps);

/**
 * How a network was trained, with the recording of it.
 *
 * @param url of its files, without an ending: `new URL('trained/quick', location.href).href`
 */
export async function loadRecord(url: string): Promise<TrainedRecord> {
  const response = await fetch(`${url}.json`);
  if (!response.ok) throw new Error(`${url}.json: HTTP ${response.status}`);
  return (await response.json()) as TrainedRecord;
}
