import { encodePng } from '../../src/io/png.ts';
import { placeOf } from '../frame/trainedRecord.ts';
import type { RecordedChart, RecordedPicture, RecordedSeries, Recording } from '../frame/trainedRecord.ts';

const MOMENTS = 16;
/** Points of a series: each is the mean of the values in its part of the axis. */
const POINTS = 160;
const DIGITS = 4;

/** A grey picture of bytes, 0 paper to 255 ink. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** A chart, and the names of the values that it shows. */
export type ChartPlan = Omit<RecordedChart, 'series'> & {
  readonly series: Readonly<Record<string, Pick<RecordedSeries, 'name' | 'colour'>>>;
};

/** What the pictures show, and how. */
export type PictureWords = Omit<RecordedPicture, 'width' | 'height'>;

/** Takes down a training of known length as it goes: curves, and pictures at some moments. */
export class Recorder {
  readonly steps: number;
  readonly #charts: readonly ChartPlan[];
  readonly #described: PictureWords;
  readonly #moments: ReadonlySet<number>;
  readonly #taken: { step: number; text: string; picture: Picture }[] = [];
  /** By name and place: sums of steps and values, and how many. */
  readonly #bins = new Map<string, Map<number, { step: number; value: number; count: number }>>();

  constructor(steps: number, charts: readonly ChartPlan[], described: PictureWords) {
    this.steps = steps;
    this.#charts = charts;
    this.#described = described;
    const places = Array.from({ length: MOMENTS }, (_, i) => (i / (MOMENTS - 1)) ** 3);
    this.#moments = new Set(places.map((place, i) => Math.max(i, Math.round(steps * place))));
  }

  /** Whether a picture is to be taken after so many steps. */
  isMoment(step: number): boolean {
    return this.#moments.has(step);
  }

  take(step: number, text: string, picture: Picture): void {
    this.#taken.push({ step, text, picture });
    console.log(`step ${step}: ${text}`);
  }

  /** Values after so many steps; those that no chart shows are left out. */
  add(step: number, values: Readonly<Record<string, number>>): void {
    for (const [name, value] of Object.entries(values)) {
      if (!this.#charts.some(({ series }) => Object.hasOwn(series, name))) continue;
      const bins = this.#bins.get(name) ?? new Map();
      this.#bins.set(name, bins);
      const place = Math.min(POINTS - 1, Math.floor(placeOf(step, this.steps) * POINTS));
      const bin = bins.get(place) ?? { step: 0, value: 0, count: 0 };
      bins.set(place, { step: bin.step + step, value: bin.value + value, count: bin.count + 1 });
    }
  }

  /** The recording, and the file of its pictures. */
  async finish(): Promise<{ recording: Recording; png: Uint8Array }> {
    const [{ width, height }] = this.#taken.map(({ picture }) => picture);
    const data = new Uint8Array(this.#taken.flatMap(({ picture }) => [...picture.data]));
    const png = await encodePng({ width, height: height * this.#taken.length, channels: 1, data });
    const recording = {
      charts: this.#charts.map((chart) => ({
        ...chart,
        series: Object.entries(chart.series).map(([name, series]) => ({
          ...series,
          points: this.#points(name),
        })),
      })),
      moments: this.#taken.map(({ step, text }) => ({ step, text })),
      picture: { width, height, ...this.#described },
    };
    return { recording, png };
  }

  #points(name: string): [number, number][] {
    return [...(this.#bins.get(name) ?? [])]
      .toSorted(([a], [b]) => a - b)
      .map(([, { step, value, count }]) => [
        Math.round(step / count),
        Number((value / count).toPrecision(DIGITS)),
      ]);
  }
}
