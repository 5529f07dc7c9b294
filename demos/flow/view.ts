import { ops } from '../../src/index.ts';
import type { CompileOptions, Gpu, Program, Tensor } from '../../src/index.ts';
import { logDeterminant, normalNll } from '../../src/models/flow.ts';
import type { Flow } from '../../src/models/flow.ts';
import { pointsOf } from '../../src/models/planeToys.ts';
import type { PlaneToy } from '../../src/models/planeToys.ts';
import type { Range } from '../drawing/kind.ts';
import type { Source } from '../drawing/renderer.ts';
import { FIELD, GRID_REACH, LINE_POINTS, LINES, POINTS, REACH } from './protocol.ts';
import type { Reading, Way } from './protocol.ts';

/** They compile in a tenth of the time that others take: good for a first look. */
const QUICK = { matmul: 'naive' };
const GRID_POINTS = 2 * LINES * LINE_POINTS;
/** Rows that are moved: points, then the grid. */
const MOVED = POINTS + GRID_POINTS;
const FLOAT_BYTES = 4;

/** As many points of N(0, 1), the same each time. */
const NOISE: PlaneToy = { name: 'noise', place: () => [0, 0], noise: [1, 1] };

/**
 * Where points and the lines of a grid are after each coupling, on both ways, and the density of the plane. A second program, of one
 * product, places them between two couplings, so that the slider needs no network. All of it stays on the GPU; two numbers are read.
 */
export class View {
  readonly #gpu: Gpu;
  readonly #couplings: number;
  readonly #graph: Graph;
  #program: Program;
  #placing: Program;
  #isDestroyed = false;
  readonly #labels: GPUBuffer;
  readonly #starts: Record<Way, Float32Array>;
  #at = { way: 'data' as Way, couplings: 0 };

  private constructor(gpu: Gpu, couplings: number, graph: Graph, [program, placing]: Programs) {
    this.#gpu = gpu;
    this.#couplings = couplings;
    this.#graph = graph;
    this.#program = program;
    this.#placing = placing;
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
    this.#labels = gpu.device.gpu.createBuffer({ label: 'quarters', size: POINTS, usage });
    const noise = pointsOf(NOISE, POINTS, 1, 20);
    this.#starts = { data: noise, noise };
    this.#write();
  }

  static async create(gpu: Gpu, flow: Flow): Promise<View> {
    const graph = graphOf(flow);
    const couplings = flow.towardsNoise.outputs.length;
    const variants = gpu.device.software ? QUICK : undefined;
    return new View(gpu, couplings, graph, await compilePrograms(gpu, graph, couplings, variants));
  }

  /** Kernels that run quickly in place of those that compile quickly. @param onReplaced shows their outputs */
  async complete(onReplaced: () => void): Promise<void> {
    if (!this.#gpu.device.software) return;
    const programs = await compilePrograms(this.#gpu, this.#graph, this.#couplings);
    const old = this.#isDestroyed ? programs : [this.#program, this.#placing];
    if (!this.#isDestroyed) {
      [this.#program, this.#placing] = programs;
      this.#write();
      onReplaced();
    }
    for (const program of old) program.destroy();
  }

  #write(): void {
    this.#program.write(this.#graph.noise, this.#starts.noise);
    this.#program.write(this.#graph.points, this.#starts.data);
  }

  /** The points of the data that are shown. */
  take(toy: PlaneToy): void {
    this.#starts.data = pointsOf(toy, POINTS, 1, 21);
    this.#write();
    this.#colour();
  }

  /** What is shown: on which way, and how many couplings from the data. */
  place(way: Way, couplings: number): void {
    const isTurned = way !== this.#at.way;
    this.#at = { way, couplings };
    if (isTurned) this.#colour();
    const count = this.#couplings + 1;
    const weights = new Float32Array(2 * count);
    for (let state = 0; state < count; state++) {
      const share = Math.max(0, 1 - Math.abs(couplings - state));
      weights[(way === 'data' ? 0 : count) + state] = share;
    }
    this.#placing.write('weights', weights);
  }

  /** Each point keeps the colour of the quarter of the plane in which it begins. */
  #colour(): void {
    const start = this.#starts[this.#at.way];
    const labels = Uint8Array.from(
      { length: POINTS },
      (_, i) => Number(start[2 * i] > 0) + 2 * Number(start[2 * i + 1] > 0),
    );
    this.#gpu.device.gpu.queue.writeBuffer(this.#labels, 0, labels);
  }

  /** Computes anew where all is: the weights have changed, or the points. */
  async compute(): Promise<void> {
    await this.#program.step();
  }

  /** Places points and grid between two couplings, and draws. */
  async draw(add: (encoder: GPUCommandEncoder) => void): Promise<void> {
    await this.#placing.step(add);
  }

  get sources(): [panel: string, source: Source][] {
    const placed = this.#placing.location('placed');
    const from = POINTS * 2 * FLOAT_BYTES;
    const places: Range = { buffer: placed.buffer, offset: placed.offset + from, bytes: placed.bytes - from };
    const labels: Range = { buffer: this.#labels, offset: 0, bytes: POINTS };
    const program = this.#program;
    const [values, largest] = ['density', 'highest'].map((name) => program.location(name));
    const strides = { tileStride: 1, rowStride: FIELD, columnStride: 1 };
    const field = { count: 1, width: FIELD, height: FIELD, ...strides };
    return [
      ['grid', { kind: 'lines', places, lines: 2 * LINES, points: LINE_POINTS, reach: REACH }],
      [
        'points',
        { kind: 'points', rows: placed, stride: 2, count: POINTS, labels, reach: REACH, compared: true },
      ],
      ['density', { kind: 'tensor', values, largest, ...field, gamma: 0.5, picture: true }],
    ];
  }

  async read(): Promise<Reading> {
    const [inverseError, nll] = await this.#program.read('reading');
    return { inverseError, nll };
  }

  destroy(): void {
    this.#isDestroyed = true;
    this.#placing.destroy();
    this.#program.destroy();
    this.#labels.destroy();
  }
}

type Graph = ReturnType<typeof graphOf>;
type Programs = readonly [view: Program, placing: Program];

async function compilePrograms(
  gpu: Gpu,
  { define }: Graph,
  couplings: number,
  variants?: CompileOptions['variants'],
): Promise<Programs> {
  const view = await gpu.compile(define, { label: 'view', variants });
  return [view, await compilePlacing(gpu, view, couplings)];
}

/** Where all is after each coupling: [2 (couplings + 1), MOVED · 2], the states of the data's points first, each from data to noise. */
function graphOf({ forward, towardsNoise, towardsData }: Flow) {
  const points = ops.input('points', [POINTS, 2]);
  const noise = ops.input('noise', [POINTS, 2]);
  const define = (): Record<string, Tensor> => {
    const grid = ops.constant(gridPlaces(), [GRID_POINTS, 2]);
    const field = ops.constant(fieldPlaces(), [FIELD * FIELD, 2]);
    const start = ops.concat([points, grid, field], 0);
    const there = [start, ...towardsNoise.callAll(start)];
    const [z, stretches] = forward.callAll(start); // the last of the states, and what it costs
    const logDensities = ops.subtract(logDeterminant(stretches), normalNll(z));
    const end = ops.concat([noise, grid, ops.slice(z, [0, 0], [POINTS, 2])], 0);
    const back = [end, ...towardsData.callAll(end)].toReversed();
    const again = ops.slice(back[0], [MOVED, 0], [POINTS, 2]);
    const row = (state: Tensor) => ops.reshape(ops.slice(state, [0, 0], [MOVED, 2]), [1, 2 * MOVED]);
    const density = ops.exp(ops.slice(logDensities, [MOVED], [FIELD * FIELD]));
    const one = (value: Tensor) => ops.reshape(value, [1]);
    return {
      states: ops.concat([...there, ...back].map(row), 0),
      density,
      highest: ops.reduceMax(density),
      reading: ops.concat(
        [
          one(ops.reduceMax(ops.abs(ops.subtract(again, points)))),
          one(ops.multiply(ops.reduceMean(ops.slice(logDensities, [0], [POINTS])), -1)),
        ],
        0,
      ),
    };
  };
  return { points, noise, define };
}

/** A mixture of two neighbouring states, [1, MOVED · 2]. */
function compilePlacing(gpu: Gpu, view: Program, couplings: number): Promise<Program> {
  const count = 2 * (couplings + 1);
  const weights = ops.input('weights', [1, count]);
  const states = ops.input('states', [count, 2 * MOVED]);
  return gpu.compile(
    (g) => {
      g.buffers.set(states, view.location('states'));
      return { placed: ops.matmul(weights, states) };
    },
    { label: 'between couplings' },
  );
}

/** Points along the lines of a grid of squares: those up, then those to the right. */
function gridPlaces(): Float32Array {
  const places = new Float32Array(2 * GRID_POINTS);
  const along = (i: number, count: number) => (i / (count - 1)) * 2 * GRID_REACH - GRID_REACH;
  let at = 0;
  for (const isUp of [true, false]) {
    for (let line = 0; line < LINES; line++) {
      for (let i = 0; i < LINE_POINTS; i++) {
        const [across, far] = [along(line, LINES), along(i, LINE_POINTS)];
        places.set(isUp ? [across, far] : [far, across], at);
        at += 2;
      }
    }
  }
  return places;
}

/** The middles of the pixels of the density's picture, row by row from the top. */
const fieldPlaces = (): Float32Array =>
  Float32Array.from({ length: 2 * FIELD * FIELD }, (_, i) => {
    const at = (place: number) => ((place + 0.5) / FIELD) * 2 * REACH - REACH;
    const pixel = i >> 1;
    return i % 2 === 0 ? at(pixel % FIELD) : -at(Math.floor(pixel / FIELD));
  });
