import type { GradientRule, Op, Tensor } from '../core/op.ts';
import { sumTo } from '../reduce/sum.ts';
import * as ew from './elementwise.ts';
import { call } from './op.ts';
import type { Literals } from './op.ts';

/** s′(x) t for a slope s of x, or of y where the slope is known from the result. */
type Curve = (x: Tensor, t: Tensor, literals: Literals) => Tensor;

const ops = ew.elementwiseOps;

/** Of x, or of x and y, where they are broadcast. */
const rule =
  (
    derivatives: (inputs: readonly Tensor[], u: Tensor, literals: Literals) => (Tensor | undefined)[],
  ): GradientRule<Literals> =>
  ({ inputs, attrs }, [u]) =>
    u ? derivatives(inputs, u, attrs).map((each, i) => each && sumTo(each, inputs[i].shape)) : [];

/**
 * A gradient g(x, dy) = s(x) dy with the slope s of a function; some know it from the result y in the place of x. It is linear
 * in dy, so its own gradient by dy is the same op, and by x it is s′(x) dy u for u = dL/dg: 0 for slopes that are steps.
 */
const slope = (op: Op<Literals>, curve?: Curve): [Op, GradientRule] => [
  op,
  rule(([x, dy], u, literals) => [curve?.(x, ew.multiply(dy, u), literals), call(op, [x, u], literals)]),
];

/** The same of a loss s(x, target) dy. */
const slopeOfTwo = (
  op: Op<Literals>,
  curves: (x: Tensor, target: Tensor, t: Tensor) => Tensor[],
): [Op, GradientRule] => [
  op,
  rule(([x, target, dy], u) => [...curves(x, target, ew.multiply(dy, u)), call(op, [x, target, u])]),
];

/** As FAR of shaders/shared/activations.wgsl: beyond it e^−|x| is 0, and products with it would be Infinity · 0. */
const near = (x: Tensor) => ew.clip(x, -104, 104);

const sigmoidSlope = (y: Tensor, t: Tensor) => call(ops.sigmoidGradient, [y, t]);
const tanhSlope = (y: Tensor, t: Tensor) => call(ops.tanhGradient, [y, t]);

// y + α below 0
const ofElu: Curve = (y, t) => ew.keepNan(y, ew.where(ew.greater(y, 0), 0, t));

// s = Φ + x φ with φ = e^(−x²/2) / √(2π), s′ = φ (2 − x²)
const ofGelu: Curve = (x, t) => {
  const q = ew.square(near(x));
  const density = ew.scale(ew.exp(ew.scale(q, -0.5)), 1 / Math.sqrt(2 * Math.PI));
  return ew.multiply(ew.multiply(t, density), ew.subtract(2, q));
};

// y = x/2 (1 + T) with T = tanh(u), u = C (x + c x³): y″ = (1 − T²) (C (1 + 6 c x²) − x T u′²)
const ofGeluTanh: Curve = (own, t) => {
  const [C, c] = [Math.sqrt(2 / Math.PI), 0.044715];
  const x = near(own);
  const q = ew.square(x);
  const T = ew.tanh(ew.multiply(x, ew.shift(ew.scale(q, C * c), C)));
  const du = ew.shift(ew.scale(q, 3 * C * c), C);
  const bend = ew.subtract(
    ew.shift(ew.scale(q, 6 * C * c), C),
    ew.multiply(ew.multiply(x, T), ew.square(du)),
  );
  return ew.multiply(tanhSlope(T, t), bend);
};

// y = x σ: y″ = σ (1 − σ) (2 + x (1 − 2σ))
const ofSilu: Curve = (x, t) => {
  const s = ew.sigmoid(x);
  const bend = ew.shift(ew.multiply(near(x), ew.shift(ew.scale(s, -2), 1)), 2);
  return ew.multiply(sigmoidSlope(s, t), bend);
};

// y = x T with T = tanh(softplus(x)): y″ = (1 − T²) σ (2 + x (1 − σ − 2 T σ))
const ofMish: Curve = (x, t) => {
  const s = ew.sigmoid(x);
  const T = ew.tanh(ew.softplus(x));
  const inner = ew.subtract(1, ew.multiply(s, ew.shift(ew.scale(T, 2), 1)));
  const bend = ew.multiply(s, ew.shift(ew.multiply(near(x), inner), 2));
  return ew.multiply(tanhSlope(T, t), bend);
};

/** Of the gradients that have a WGSL function of their own. */
export const ofElementwise = (): [Op, GradientRule][] => [
  slope(ops.clipGradient),
  slope(ops.reluGradient),
  slope(ops.leakyReluGradient),
  slope(ops.hardSigmoidGradient),
  slope(ops.eluGradient, ofElu),
  slope(ops.seluGradient, ofElu),
  slope(ops.geluGradient, ofGelu),
  slope(ops.geluTanhGradient, ofGeluTanh),
  slope(ops.siluGradient, ofSilu),
  slope(ops.mishGradient, ofMish),
  // s = (1 + x / r) / 2 with r = √(x² + b), s′ = b / (2 r³)
  slope(ops.squareplusGradient, (x, t, { b }) => {
    const r = ew.rsqrt(ew.shift(ew.square(x), b));
    return ew.multiply(ew.scale(t, b / 2), ew.multiply(r, ew.square(r)));
  }),
  // s = y (1 − y)
  slope(ops.sigmoidGradient, (y, t) => ew.multiply(t, ew.shift(ew.scale(y, -2), 1))),
  // s = 1 − y²
  slope(ops.tanhGradient, (y, t) => ew.multiply(t, ew.scale(y, -2))),
  // s = σ
  slope(ops.softplusGradient, (x, t) => sigmoidSlope(ew.sigmoid(x), t)),
  // s = (1 + |x|)^−2, s′ = −2 sign(x) s / (1 + |x|)
  slope(ops.softsignGradient, (x, t) =>
    ew.multiply(
      ew.scale(call(ops.softsignGradient, [x, t]), -2),
      ew.divide(ew.sign(x), ew.shift(ew.abs(x), 1)),
    ),
  ),
  // s = σ(x) − target
  slopeOfTwo(ops.bceWithLogitsGradient, (x, _target, t) => [sigmoidSlope(ew.sigmoid(x), t), ew.negate(t)]),
  // s = (1 − target) / q − target / p with q = 1 − p, within the clip
  slopeOfTwo(ops.binaryCrossentropyGradient, (p, target, t) => {
    const ends = { low: 1e-7, high: 1 };
    const q = ew.subtract(1, p);
    const inside = call(ops.clipGradient, [p, call(ops.clipGradient, [q, t], ends)], ends);
    const [yes, no] = [p, q].map((own) => ew.reciprocal(ew.clip(own, ends.low, ends.high)));
    const bend = ew.add(
      ew.multiply(target, ew.square(yes)),
      ew.multiply(ew.subtract(1, target), ew.square(no)),
    );
    return [ew.multiply(inside, bend), ew.negate(ew.multiply(inside, ew.add(yes, no)))];
  }),
];
