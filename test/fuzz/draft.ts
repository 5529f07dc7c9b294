import { constant, fill, input, read } from '../../src/ops/core/leaves.ts';
import type { Variable } from '../../src/ops/core/leaves.ts';
import { modelInput } from '../../src/nn/layerGraph.ts';
import { model } from '../../src/nn/model.ts';
import * as ops from '../../src/ops/index.ts';
import type { Tensor } from '../../src/ops/core/op.ts';
import type { DType, Shape } from '../../src/ops/core/shape.ts';
import { full, map, zeros } from '../reference/array.ts';
import type { Array64 } from '../reference/array.ts';
import type { Call, Drawing, Id, Value } from './entry.ts';
import { layers } from './layers.ts';
import { Rng } from './rng.ts';
import { table } from './table.ts';
import type { OpName } from './table.ts';
import { Tape } from './tape.ts';

/** There is no such shape in a large case. */
class Unfit extends Error {}

const functions: Readonly<Record<string, unknown>> = { ...ops };

type Extent = 'small' | 'rows' | 'huge';

interface Made {
  readonly name: OpName;
  readonly tensors: readonly Tensor[];
  readonly args: readonly unknown[];
  readonly build: (args: readonly unknown[]) => Tensor;
}

/** How the tape of a case is written again, with noise. */
type Replay = (tape: Tape) => Id;

const PRIMES = [2, 3, 5, 7, 11, 13, 17, 31];
/** Values above this are scaled down, so that chains neither overflow nor die out. */
const MOST = 8;
/** Whole numbers up to this in the operands keep products and their sums exact in f32's 24 bits. */
const WHOLE = 64;

/** A random graph in the making: the tensors for the device beside the values of the references. */
export class Draft implements Drawing {
  readonly rng: Rng;
  readonly extent: Extent;
  readonly values: Value[] = [];
  readonly feed = new Map<Tensor, Array64>();
  /** Weights of layers. */
  readonly variables = new Map<Variable, Array64>();
  readonly tape = new Tape();
  /** Every call, to be made again with other arguments. */
  readonly calls: Made[] = [];
  readonly #replays: Replay[] = [];

  constructor(seed: number) {
    this.rng = new Rng(seed);
    const draw = this.rng.next();
    this.extent = draw < 0.003 ? 'huge' : draw < 0.02 ? 'rows' : 'small';
  }

  /** Large cases have few ops, those whose references are fast enough. */
  get large(): boolean {
    return this.extent !== 'small';
  }

  /** An extent: often 1 or odd, sometimes around 64. */
  size(most = 80): number {
    const { rng } = this;
    const kind = rng.next();
    const found =
      kind < 0.2
        ? 1
        : kind < 0.5
          ? rng.int(2, 8)
          : kind < 0.8
            ? rng.pick(PRIMES)
            : kind < 0.93
              ? 4 * rng.int(1, 4)
              : rng.int(62, 66);
    return found <= most ? found : rng.int(1, most);
  }

  /** A shape of some rank; the first extent of large ones is above 65,535, or the product above 4,194,240. */
  shape(rank = this.rng.int(0, 4), most = 1500): number[] {
    const { rng } = this;
    if (this.large) {
      const rows = this.extent === 'huge' ? 4_194_240 : 65_535;
      const last = rng.pick([1, 2, 3, 4]);
      return [
        Math.ceil(rows / (this.extent === 'huge' ? last : 1)) + rng.int(1, 9),
        ...(rank > 1 ? [last] : []),
      ];
    }
    const shape: number[] = [];
    for (let axis = 0, left = most; axis < rank; axis++) {
      const extent = this.size(Math.max(1, Math.min(left, rank > 3 ? 17 : 80)));
      shape.push(extent);
      left = Math.floor(left / extent);
    }
    return rng.shuffled(shape);
  }

  /** [N, H, W, C]. */
  image(): number[] {
    const { rng } = this;
    return [rng.int(1, 3), this.size(13), this.size(13), rng.pick([1, 1, 2, 3, 4, 5, 8])];
  }

  /** A new input, constant or fill. `low` and `high` bound its numbers; whole ones are drawn half of the time. */
  leaf(
    shape: Shape,
    { low = -2, high = 2, dtype = 'f32' as DType, whole = this.rng.chance(0.4) } = {},
  ): Value {
    const { rng } = this;
    const integers = dtype !== 'f32' || (whole && Math.ceil(low) < Math.floor(high));
    const draw = () => (integers ? rng.int(Math.ceil(low), Math.floor(high)) : rng.real(low, high));
    const kind = rng.next();
    const filled = kind < 0.04;
    const value = filled ? full(shape, draw()) : map(zeros(shape), draw);
    const data = () =>
      (dtype === 'f32' ? Float32Array : dtype === 'i32' ? Int32Array : Uint32Array).from(value.data);
    const place = this.values.length;
    const fed = kind >= 0.12 || this.large || dtype === 'u8';
    const tensor = fed
      ? input(`x${place}`, shape, dtype)
      : filled
        ? fill(shape, value.data[0] ?? 0, dtype)
        : constant(data(), shape);
    if (fed) this.feed.set(tensor, value);
    const what = fed ? 'input' : filled ? `fill(${value.data[0]})` : 'constant';
    return this.#add((tape) => tape.leaf(value), {
      tensor,
      value,
      exact: true,
      differentiable: fed && dtype === 'f32',
      leaf: fed && dtype === 'f32',
      blocked: false,
      text: `${what} ${dtype} [${shape}]`,
    });
  }

  /** A value of that shape that is there, or a new one. */
  take(shape: Shape, { dtype = 'f32' as DType, reuse = 0.6, exact = false } = {}): Value {
    const fitting = this.values.filter(
      (own) => own.tensor.dtype === dtype && `${own.tensor.shape}` === `${shape}` && (!exact || own.exact),
    );
    if (fitting.length > 0 && this.rng.chance(reuse))
      return this.rng.chance(0.5) ? fitting.at(-1)! : this.rng.pick(fitting);
    return dtype === 'f32'
      ? this.leaf(shape)
      : this.leaf(shape, { dtype, low: dtype === 'i32' ? -9 : 0, high: 9 });
  }

  /** Any value with such a shape (the newest half of the time), or a new one. */
  any({
    rank,
    dtype = 'f32' as DType,
    exact = false,
    where = () => true,
  }: {
    rank?: readonly number[];
    dtype?: DType;
    exact?: boolean;
    where?: (value: Value) => boolean;
  } = {}): Value {
    const fits = (own: Value) =>
      own.tensor.dtype === dtype &&
      (!rank || rank.includes(own.tensor.shape.length)) &&
      (!exact || own.exact) &&
      where(own);
    const fitting = this.values.filter(fits);
    if (fitting.length > 0 && this.rng.chance(0.8))
      return this.rng.chance(0.6) ? fitting.at(-1)! : this.rng.pick(fitting);
    const ranks = (rank ?? [0, 1, 2, 3, 4]).filter((own) => !this.large || own === 1 || own === 2);
    if (ranks.length === 0) throw new Unfit();
    const own = this.rng.pick(ranks);
    return this.take(own === 4 && !this.large ? this.image() : this.shape(own), { dtype, reuse: 0 });
  }

  /** The values of an op, within a few units; undefined where its arguments found nothing to fit. */
  step(name: OpName): Value | undefined {
    try {
      const call = table[name].draw(this);
      return call && this.tame(this.call(name, call));
    } catch (error) {
      if (error instanceof Unfit) return undefined;
      throw error;
    }
  }

  call(name: OpName, { inputs, args = [] }: Call): Value {
    const entry = table[name];
    const tensors = inputs.map(({ tensor }) => tensor);
    const function_ = functions[name] as (...all: unknown[]) => Tensor;
    const build = (own: readonly unknown[]) =>
      entry.build ? entry.build(tensors, own) : function_(...tensors, ...own);
    this.calls.push({ name, tensors, args, build });
    const tensor = build(args);
    const ids = inputs.map(({ id }) => id);
    const all = inputs.every((own) => own.exact);
    const whole =
      entry.exact === 'whole' &&
      inputs.every(({ value }) => value.data.every((x) => Number.isInteger(x) && Math.abs(x) <= WHOLE));
    const exact = tensor.dtype !== 'f32' || (all && (entry.exact === 'always' || whole));
    const passes = inputs.some((own) => own.differentiable);
    return this.#add((tape) => tape.op(name, ids, args, exact), {
      tensor,
      exact,
      differentiable: passes && tensor.dtype === 'f32' && !entry.blocks,
      blocked: inputs.some((own) => own.blocked) || (entry.blocks === true && passes),
      text: `${name}(${[...inputs.map((own) => `x${this.values.indexOf(own)}`), ...args.map((arg) => JSON.stringify(arg))].join(', ')})`,
    });
  }

  /** Scaled by a power of two where it is large. */
  tame(own: Value): Value {
    const most = own.value.data.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
    if (most <= MOST || own.tensor.dtype !== 'f32' || (own.exact && most <= WHOLE)) return own;
    return this.call('scale', { inputs: [own], args: [2 ** -Math.ceil(Math.log2(most / 2))] });
  }

  /** x moved smoothly into (low, high), where its numbers are not all there. */
  within(own: Value, low: number, high: number): Value {
    if (own.value.data.every((x) => x > low && x < high)) return own;
    const unit = this.call('sigmoid', { inputs: [own] });
    const wide = this.call('scale', { inputs: [unit], args: [Math.fround(high - low)] });
    return this.call('shift', { inputs: [wide], args: [low] });
  }

  /** A layer as a model of its own, with weights drawn here. */
  layer(name: string): Value | undefined {
    const call = layers[name](this);
    if (!call) return undefined;
    const { layer, inputs, twin, exact = false } = call;
    const dtype = inputs[0].tensor.dtype === 'i32' ? 'i32' : 'f32';
    const entries = inputs.map(({ tensor }) => modelInput({ shape: tensor.shape.slice(1), dtype }));
    const network = model({ inputs: entries, outputs: layer.apply(entries) });
    const weights = layer.variables.map((variable) => this.#weight(layer.name, variable));
    const byName = Object.fromEntries(weights.map((own) => [own.text.split(' ')[1], own.id]));
    const ids = inputs.map(({ id }) => id);
    return this.tame(
      this.#add((tape) => twin(tape, ids, byName), {
        tensor: network.call(inputs.map(({ tensor }) => tensor), { training: false }), // prettier-ignore
        exact: exact && inputs.every((own) => own.exact),
        differentiable: [...inputs, ...weights].some((own) => own.differentiable),
        blocked: inputs.some((own) => own.blocked),
        text: `${call.text} of ${inputs.map((own) => `x${this.values.indexOf(own)}`).join(', ')}`,
      }),
    );
  }

  #weight(layer: string, variable: Variable): Value {
    const { shape, name, trainable } = variable;
    const spread = name.endsWith('Variance') ? { low: 0.5, high: 2 } : { low: -1, high: 1 };
    const value = map(zeros(shape), () => this.rng.real(spread.low, spread.high));
    this.variables.set(variable, value);
    return this.#add((tape) => tape.leaf(value), {
      tensor: read(variable),
      value,
      exact: true,
      differentiable: trainable,
      leaf: trainable,
      blocked: false,
      text: `variable ${name.slice(layer.length + 1)}`,
    });
  }

  /** The same graph by the references, with noise: its tape. */
  replay(noise: Rng): Tape {
    const tape = new Tape(noise);
    for (const replay of this.#replays) replay(tape);
    return tape;
  }

  #add(replay: Replay, own: Omit<Value, 'id' | 'value'> & { value?: Array64 }): Value {
    const id = replay(this.tape);
    const value = own.value ?? this.tape.value(id);
    const { shape } = own.tensor;
    if (`${shape}` !== `${value.shape}`)
      throw new Error(`${own.text}: the shape is [${shape}], the reference's [${value.shape}]`);
    const added = { ...own, id, value, text: `${own.text} → [${shape}]` };
    this.#replays.push(replay);
    this.values.push(added);
    return added;
  }
}
