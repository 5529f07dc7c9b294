import { describe, expect, it } from 'vitest';
import { gradients } from '../../../src/graph/autodiff.ts';
import * as ew from '../../../src/ops/elementwise/elementwise.ts';
import { constant } from '../../../src/ops/core/leaves.ts';
import { reduceSum } from '../../../src/ops/reduce/sum.ts';
import type { Tensor } from '../../../src/ops/core/op.ts';
import { array } from '../../reference/array.ts';
import type { Array64 } from '../../reference/array.ts';
import { binaryTable, unaryTable } from '../../reference/elementwise.ts';
import type { Binary, Unary } from '../../reference/elementwise.ts';
import { cases, evaluateAll, isGradientOp, names, STEPS } from './elementwiseCases.ts';
import type { Graph, OpName } from './elementwiseCases.ts';

/** What an op may meet: no number, no end, no sign, and the ends of what f32 and its exponential hold. */
const SPECIAL = [
  NaN, Infinity, -Infinity, 0, -0, 1, -1, 0.5, -2, 3, 1e4, -1e4, 88, -88, 89, -89, 3.4e38, -3.4e38, 1e-40, -1e-40,
].map(Math.fround); // prettier-ignore
const FEW = [NaN, Infinity, -Infinity, 0, -0, 1, -2, 0.5];
/** What arrives from behind, dL/dy. Infinities there meet slopes of 0, where 0 and NaN are equally right. */
const ARRIVING = [NaN, 0.75, -2, 0];
const TARGETS = [NaN, 0, 0.5, 1];
const ROWS = SPECIAL.length ** 2;

/** Special values for each input of an op, all combinations, repeated to ROWS. */
function inputsOf(name: OpName): Array64[] {
  const arity = cases[name].domains.length;
  const own = arity < 3 ? SPECIAL : FEW.slice(0, 7);
  const last = isGradientOp(name) || name.startsWith('if') ? ARRIVING : own;
  const values = Array.from({ length: arity }, (_, j) => (j === arity - 1 ? last : own));
  if (/^b(ce|inary)/.test(name)) values[1] = TARGETS;
  return values.map((list, j) => {
    const before = values.slice(0, j).reduce((product, { length }) => product * length, 1);
    return array(
      [ROWS],
      Array.from({ length: ROWS }, (_, i) => list[Math.floor(i / before) % list.length]),
    );
  });
}

/**
 * Whether `found` is f(xs), rounded to f32. Open are the sign of zero, whether a denormal is one, and how well an adapter
 * finds the phase of a large angle.
 */
function isRight(
  name: OpName,
  f: (...xs: number[]) => number,
  xs: readonly number[],
  found: number,
): boolean {
  const tiny = (x: number) => x !== 0 && Math.abs(x) < 2 ** -126;
  const readings = (x: number) => (tiny(x) ? [x, 0, Math.sign(x) * 2 ** -126] : x === 0 ? [0, -0] : [x]);
  const allowed = xs
    .reduce<number[][]>((all, x) => all.flatMap((some) => readings(x).map((own) => [...some, own])), [[]])
    .map((own) => Math.fround(f(...own)));
  if (allowed.some(Number.isNaN) || Number.isNaN(found)) {
    return allowed.some(Number.isNaN) && Number.isNaN(found) ? true : xs.some(tiny) && !Number.isNaN(found);
  }
  if ((name === 'sin' || name === 'cos') && Math.abs(xs[0]) > 4) return Math.abs(found) <= 1.0001;
  // Between the readings of a denormal.
  const [low, high] = [Math.min(...allowed), Math.max(...allowed)];
  const off = (y: number) => found === y || Math.abs(found - y) <= 1e-5 + 1e-4 * Math.abs(y);
  return allowed.some(off) || (xs.some(tiny) && found >= low && found <= high);
}

interface Checked extends Graph {
  readonly name: OpName;
  readonly what: string;
  readonly f: (...xs: number[]) => number;
}

/** What is wrong with the results, in words. */
function wrongOf(graphs: readonly Checked[], results: readonly Array64[]): string[] {
  const wrong = graphs.flatMap(({ name, what, f, inputs }, g) =>
    [...results[g].data].flatMap((found, i) => {
      const xs = inputs.map(({ data }) => data[i]);
      return isRight(name, f, xs, found)
        ? []
        : [`${what} at (${xs.join(', ')}) is ${found}, and should be ${f(...xs)}`];
    }),
  );
  return [...new Set(wrong)];
}

describe('NaN, infinities, zeros, large numbers and denormals', () => {
  it('give what the float64 function gives', async () => {
    const graphs = names.map((name) => ({ ...cases[name], name, what: name, inputs: inputsOf(name) }));
    expect(wrongOf(graphs, await evaluateAll(graphs, { driverAlone: true }))).toEqual([]);
  });

  /** Slopes in float64, by input: of the tables, and of the ops that are in none. */
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
  const slopes: Partial<Record<OpName, readonly ((...xs: number[]) => number)[]>> = {
    scale: [() => -2.5],
    shift: [() => 1],
    where: [() => 0, (c) => (c > 0 ? 1 : 0), (c) => (c > 0 ? 0 : 1)],
    bceWithLogits: [(x, t) => sigmoid(x) - t, (x) => -x],
    logCosh: [Math.tanh],
    huber: [(x) => Math.min(Math.max(x, -0.7), 0.7)],
    keepNan: [() => 0, (x) => (Number.isNaN(x) ? x : 1)],
  };
  const parameters: Partial<Record<OpName, number[]>> = {
    leakyRelu: [0.1],
    elu: [0.7],
    clip: [-1, 0.5],
    squareplus: [3],
  };
  const slopesOf = (name: OpName): readonly ((...xs: number[]) => number)[] => {
    if (slopes[name]) return slopes[name];
    if (name in unaryTable) {
      const { df } = unaryTable[name as keyof typeof unaryTable] as Unary;
      return [(x) => df(x, ...(parameters[name] ?? []))];
    }
    const entry = binaryTable[name as keyof typeof binaryTable] as Binary | undefined;
    return entry ? [entry.da, entry.db] : [];
  };
  const differentiable = names.filter((name) => slopesOf(name).length > 0 && !STEPS.includes(name));
  // The second half of the rows gets a NaN from behind.
  const arriving = Float32Array.from({ length: 2 * ROWS }, (_, i) => (i < ROWS ? 0.75 : NaN));
  const graphs = differentiable.flatMap((name) =>
    slopesOf(name).map((slope, wrt) => ({
      name,
      what: `d ${name} / d input ${wrt}`,
      inputs: inputsOf(name).map(({ data }) => array([2 * ROWS], [...data, ...data])),
      build: (...tensors: Tensor[]): Tensor => {
        const loss = reduceSum(ew.multiply(cases[name].build(...tensors), constant(arriving)));
        return gradients(loss, [tensors[wrt]])[0] ?? ew.where(tensors[wrt], 0, 0);
      },
      f: (...xs: number[]) => 0.75 * Math.fround(slope(...xs)),
    })),
  );

  it('have the slope of the float64 function, and NaN where NaN arrives from behind', async () => {
    const results = await evaluateAll(graphs, { driverAlone: true });
    const [slopesFound, behind] = [0, ROWS].map((from) =>
      results.map(({ data }) => array([ROWS], data.slice(from, from + ROWS))),
    );
    const halves = graphs.map((graph) => ({ ...graph, inputs: inputsOf(graph.name) }));
    expect(wrongOf(halves, slopesFound)).toEqual([]);
    const selecting = (what: string) => /where|keepNan \/ d input 0/.test(what); // what is not taken has no slope at all
    expect(
      graphs.flatMap(({ what }, g) =>
        selecting(what) || behind[g].data.every(Number.isNaN)
          ? []
          : [`${what} hides a NaN that arrives from behind`],
      ),
    ).toEqual([]);
  });
});
