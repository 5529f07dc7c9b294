import { ops } from '../../src/index.ts';
import type { Gpu, Tensor } from '../../src/index.ts';
import { normalQuantile } from '../../src/models/normalDistribution.ts';
import { drawCodes, sampleCode } from '../../src/models/vae.ts';
import type { Vae } from '../../src/models/vae.ts';
import type { Place } from '../drawing/codes.ts';
import { DigitsView } from '../drawing/digitsView.ts';
import { codes, pictures } from '../drawing/outputs.ts';
import type { Staged } from '../drawing/staged.ts';
import type { TensorSource } from '../drawing/tiles.ts';
import { BETWEEN, DRAWS, PIXELS, SHEET, SHOWN, SIDE, YOURS } from './protocol.ts';
import type { Reading } from './protocol.ts';

const IMAGES = SHOWN + 1;
/** Noise of this size has the full colour. */
const LARGEST = 3;

/** What is decoded, one group after the other. */
const GROUPS = { sheet: SHEET * SHEET, rebuilt: SHOWN, draws: DRAWS, between: BETWEEN, chosen: 1 };
type Group = keyof typeof GROUPS;
const firstOf = (group: Group): number => {
  const names = Object.keys(GROUPS) as Group[];
  return names.slice(0, names.indexOf(group)).reduce((sum, name) => sum + GROUPS[name], 0);
};

/**
 * The sheet of digits, the draws for the reader's digit, the ten test digits and the walk between two of these eleven. All of
 * it stays on the GPU; what the page says in numbers is read where someone asks.
 */
export class View extends DigitsView<Graph> {
  readonly #latent: number;

  private constructor(latent: number, graph: Graph, staged: Staged) {
    super(graph, staged);
    this.#latent = latent;
  }

  static async create(gpu: Gpu, vae: Vae): Promise<View> {
    const graph = graphOf(vae);
    return new View(vae.latent, graph, await DigitsView.compile(gpu, graph));
  }

  /**
   * The two numbers of a code, from 0 on, that the sheet goes through, as dense as N(0, 1), and what they are in the chosen code.
   * The others are those of the reader's digit.
   */
  place({ right, up }: { right: number; up: number }, [x, y]: Place): void {
    const places = Array.from({ length: SHEET }, (_, i) => normalQuantile((i + 0.5) / SHEET));
    const sheet = new Float32Array(SHEET * SHEET * this.#latent);
    for (let cell = 0; cell < SHEET * SHEET; cell++) {
      const [row, column] = [Math.floor(cell / SHEET), cell % SHEET];
      sheet[cell * this.#latent + right] = places[column];
      sheet[cell * this.#latent + up] = places[SHEET - 1 - row];
    }
    const [chosen, others] = [new Float32Array(this.#latent), new Float32Array(this.#latent).fill(1)];
    others[right] = others[up] = 0;
    [chosen[right], chosen[up]] = [x, y];
    this.staged.write(this.graph.sheet, sheet);
    this.staged.write(this.graph.chosen, chosen);
    this.staged.write(this.graph.others, others);
  }

  /** What each panel shows. */
  get sources(): Map<string, TensorSource> {
    const { program } = this;
    const decoded = (Object.keys(GROUPS) as Group[]).map(
      (group) =>
        [group, pictures(program, 'decoded', { count: GROUPS[group], first: firstOf(group) })] as const,
    );
    const draws = { count: DRAWS };
    return new Map<string, TensorSource>([
      ...decoded,
      ['yours', pictures(program, 'originals', { count: 1, first: YOURS })],
      ['originals', pictures(program, 'originals', { count: SHOWN })],
      ['pixels', pictures(program, 'mixed', { count: BETWEEN })],
      ['noise', codes(program, 'noise', 'largest', draws)],
      ['codes', codes(program, 'codes', 'largest', draws)],
    ]);
  }

  /** What the encoder says of the reader's digit, and the noise of the last draws. */
  async read(): Promise<Reading> {
    const values = (await this.program.read('reading')) as Float32Array;
    const size = this.#latent;
    return {
      mean: values.slice(0, size),
      deviation: values.slice(size, 2 * size),
      noise: values.slice(2 * size),
    };
  }
}

type Graph = ReturnType<typeof graphOf>;

/** What the view computes, and the inputs of that. */
function graphOf(vae: Vae) {
  const { latent } = vae;
  const images = ops.input('images', [IMAGES, SIDE, SIDE, 1]);
  const mix = ops.input('mix', [BETWEEN, IMAGES]);
  const sheet = ops.input('sheet', [GROUPS.sheet, latent]);
  const chosen = ops.input('chosen', [1, latent]);
  const others = ops.input('others', [1, latent]);
  const define = (): Record<string, Tensor> => {
    const [means, logVariances] = vae.encoder.callAll(images);
    const own = (rows: Tensor) => ops.slice(rows, [YOURS, 0], [1, latent]);
    const [mean, logVariance] = [own(means), own(logVariances)];
    const noise = ops.randomNormal([DRAWS, latent]);
    const drawn = sampleCode(mean, logVariance, noise);
    const rest = ops.multiply(mean, others);
    const all: Record<Group, Tensor> = {
      sheet: ops.add(sheet, rest),
      rebuilt: ops.slice(means, [0, 0], [SHOWN, latent]),
      draws: drawn,
      between: ops.matmul(mix, means),
      chosen: ops.add(chosen, rest),
    };
    const mixed = ops.matmul(mix, ops.reshape(images, [IMAGES, PIXELS]));
    const deviation = ops.exp(ops.multiply(logVariance, 0.5));
    const flat = (x: Tensor) => ops.reshape(x, [-1]);
    return {
      one: ops.fill([1], 1),
      largest: ops.fill([1], LARGEST),
      originals: images,
      mixed: ops.reshape(mixed, [BETWEEN, SIDE, SIDE, 1]),
      noise,
      codes: drawn,
      decoded: drawCodes(
        vae,
        ops.concat(
          (Object.keys(GROUPS) as Group[]).map((group) => all[group]),
          0,
        ),
      ),
      reading: ops.concat([flat(mean), flat(deviation), flat(noise)], 0),
    };
  };
  return { images, mix, sheet, chosen, others, define };
}
