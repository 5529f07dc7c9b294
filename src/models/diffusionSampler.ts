import { ArgumentError } from '../errors.ts';
import { fill, input, read, Variable } from '../ops/core/leaves.ts';
import type { Tensor } from '../ops/core/op.ts';
import { add, clip, equal, multiply, scale, shift, subtract, where } from '../ops/elementwise/elementwise.ts';
import { cast } from '../ops/movement/cast.ts';
import { concat } from '../ops/movement/concat.ts';
import { gather } from '../ops/movement/gather.ts';
import { reshape, slice } from '../ops/movement/movement.ts';
import { assign } from '../ops/optimizer/assign.ts';
import { randomNormal } from '../ops/random/random.ts';
import { stepCount } from '../ops/random/stepCount.ts';
import { broadcastTo } from '../ops/reduce/sum.ts';
import type { Location } from '../runtime/location.ts';
import type { Precision } from '../runtime/precision.ts';
import type { Program } from '../runtime/program.ts';
import type { Gpu } from '../runtime/session.ts';
import { IMAGE_SHAPE } from './autoencoderFacts.ts';
import type { Diffusion } from './diffusion.ts';
import { NO_LABEL } from './diffusion.ts';
import { DIFFUSION_TIMES, samplingPlan } from './diffusionSchedule.ts';
import type { SamplingPlan, SamplingPlanOptions } from './diffusionSchedule.ts';

/** Numbers of a plan's step: its time, and the factors of a guess and of a jump. */
const COLUMNS = 6;

/** A plan as rows for the GPU, [T, 6]; those behind its steps are zeros. */
export function planRows({ times, guesses, jumps }: SamplingPlan): Float32Array {
  const rows = new Float32Array(DIFFUSION_TIMES * COLUMNS);
  guesses.forEach((guess, i) => {
    const { x0, x, noise } = jumps[i];
    rows.set([times[i], guess.x, guess.output, x0, x, noise], i * COLUMNS);
  });
  return rows;
}

/** What a network says about images x [N, …] of times f32 [N]: v or ε, [N, …]. */
export type Denoise = (x: Tensor, times: Tensor) => Tensor;

/**
 * One step of sampling, that which `stepCount` says: x_t [N, …] → x_s, and the guess x̂₀ that it goes towards. In the first step
 * x is noise N(0, 1), whatever is given.
 *
 * @param plan [T, 6], see planRows
 * @param options.clipped whether x̂₀ is brought into −1 … 1, where images are; default true
 */
export function samplingStep(
  x: Tensor,
  denoise: Denoise,
  plan: Tensor,
  { clipped = true }: { clipped?: boolean } = {},
): { next: Tensor; guess: Tensor } {
  const count = stepCount();
  const row = gather(plan, reshape(cast(count, 'i32'), [1]));
  const ones = x.shape.map(() => 1);
  const [time, ofX, ofOutput, jumpX0, jumpX, noise] = Array.from({ length: COLUMNS }, (_, i) =>
    reshape(slice(row, [0, i], [1, 1]), ones),
  );
  const now = where(equal(reshape(cast(count, 'f32'), ones), 0), randomNormal(x.shape), x);
  const output = denoise(now, broadcastTo(reshape(time, [1]), [x.shape[0]]));
  const free = add(multiply(ofX, now), multiply(ofOutput, output));
  const guess = clipped ? clip(free, -1, 1) : free;
  const along = add(multiply(jumpX0, guess), multiply(jumpX, now));
  return { next: add(along, multiply(noise, randomNormal(x.shape))), guess };
}

/**
 * Classifier-free guidance (Ho & Salimans 2022): what the network says without a label, and w times how the label changes it. Both
 * are computed as one batch of twice the size.
 *
 * @param classes i32 [N]
 * @param guidance w, []: 0 ignores the labels, 1 is the network itself, above 1 exaggerates them
 */
export function guided({ denoiser }: Diffusion, classes: Tensor, guidance: Tensor): Denoise {
  return (x, times) => {
    const [count] = x.shape;
    const nothing = fill([count], NO_LABEL, 'i32');
    const both = denoiser.call([concat([x, x], 0), concat([times, times], 0), concat([classes, nothing], 0)]);
    const [labelled, plain] = [0, count].map((from) => slice(both, [from, 0, 0, 0], x.shape));
    return add(plain, multiply(guidance, subtract(labelled, plain)));
  };
}

export interface DiffusionDrawerOptions {
  /** Images of a draw. */
  readonly count: number;
  /** False: the labelled pass alone, at half the cost; guidance is then 1. Default true. */
  readonly guided?: boolean;
  /** See samplingStep; default true. */
  readonly clipped?: boolean;
  readonly precision?: Precision;
}

export interface DrawOptions extends Pick<SamplingPlanOptions, 'sampler' | 'steps'> {
  /** Of each image, or NO_LABEL. */
  readonly classes: ArrayLike<number>;
  /** w; default 2. */
  readonly guidance?: number;
  /** Default 0. The same weights, options and seed give the same images. */
  readonly seed?: number;
  readonly signal?: AbortSignal;
}

/**
 * Draws images with a diffusion model, on the GPU alone: each run of one program is a step from noise towards images. The plan,
 * the classes and the guidance are data, so one program serves all samplers and numbers of steps. The weights are those that the
 * model has at each run.
 */
export class DiffusionDrawer {
  readonly count: number;
  readonly program: Program;
  readonly #gpu: Gpu;
  readonly #model: Diffusion;
  readonly #state: Variable;
  readonly #guided: boolean;
  /** Steps of the draw under way, and those that are made. */
  #steps = 0;
  #made = 0;

  private constructor(gpu: Gpu, model: Diffusion, state: Variable, program: Program, guidedBy: boolean) {
    this.#gpu = gpu;
    this.#model = model;
    this.#state = state;
    this.program = program;
    this.count = state.shape[0];
    this.#guided = guidedBy;
  }

  static async create(
    gpu: Gpu,
    model: Diffusion,
    { count, guided: isGuided = true, clipped = true, precision }: DiffusionDrawerOptions,
  ): Promise<DiffusionDrawer> {
    const state = new Variable({
      name: 'diffusion/images',
      shape: [count, ...IMAGE_SHAPE],
      initialize: (values) => values.fill(0),
    });
    const own: Variable[] = [];
    try {
      const program = await gpu.compile(
        () => {
          const classes = input('classes', [count], 'i32');
          const denoise: Denoise = isGuided
            ? guided(model, classes, input('guidance', []))
            : (x, times) => model.denoiser.call([x, times, classes]);
          const plan = input('plan', [DIFFUSION_TIMES, COLUMNS]);
          const { next, guess } = samplingStep(read(state), denoise, plan, { clipped });
          assign(state, next);
          own.push(state);
          gpu.variables.retain(own);
          return { images: asPicture(next), guesses: asPicture(guess) };
        },
        { label: 'diffusion/draw', precision },
      );
      return new DiffusionDrawer(gpu, model, state, program, isGuided);
    } catch (error) {
      gpu.variables.release(own);
      throw error;
    }
  }

  /** Where the images lie on the GPU, [count, 28, 28, 1], 0 to 1. */
  get images(): Location {
    return this.program.location('images');
  }

  /** Steps of the draw that are left. */
  get left(): number {
    return this.#steps - this.#made;
  }

  /**
   * Begins a draw, with noise.
   *
   * @throws ArgumentError if an option is out of range
   */
  start({ classes, guidance = 2, seed = 0, sampler, steps = 25 }: Omit<DrawOptions, 'signal'>): void {
    const { target, schedule } = this.#model;
    const plan = samplingPlan({ target, schedule, sampler, steps });
    const labels = Int32Array.from(classes);
    if (labels.length !== this.count || labels.some((own) => own < 0 || own > NO_LABEL)) {
      throw new ArgumentError(
        `diffusion: ${labels.length} classes for ${this.count} images; give one of 0 … ${NO_LABEL} for each`,
      );
    }
    if (!Number.isFinite(guidance) || (!this.#guided && guidance !== 1)) {
      throw new ArgumentError(
        `diffusion: guidance is ${guidance}; give a finite number${this.#guided ? '' : ', or 1 where guided is false'}`,
      );
    }
    this.program.write('classes', labels);
    this.program.write('plan', planRows(plan));
    if (this.#guided) this.program.write('guidance', Float32Array.of(guidance));
    this.program.reset(0, seed);
    [this.#steps, this.#made] = [steps, 0];
  }

  /** Makes some of the steps that are left; default: all. */
  async run(steps = this.left, options: { signal?: AbortSignal } = {}): Promise<void> {
    const count = Math.min(steps, this.left);
    this.#made += count;
    await this.program.run(count, options);
  }

  /** Images from noise: `start` and all steps. */
  async draw({ signal, ...options }: DrawOptions): Promise<void> {
    this.start(options);
    await this.run(this.left, { signal });
  }

  /** The images as they are now, [count, 28, 28, 1], 0 to 1; `guesses`: what they look like without the noise. */
  async read(what: 'images' | 'guesses' = 'images'): Promise<Float32Array> {
    return (await this.program.read(what)) as Float32Array;
  }

  destroy(): void {
    this.program.destroy();
    this.#gpu.variables.release([this.#state]);
  }
}

/** −1 … 1 to 0 … 1. */
const asPicture = (x: Tensor): Tensor => clip(shift(scale(x, 0.5), 0.5), 0, 1);
