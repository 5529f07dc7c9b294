import { zeros } from './array.ts';
import type { Array64 } from './array.ts';

export type Kind = 'lstm' | 'gru' | 'simpleRnn';

/** y = f(x) and dy/dx, from y. */
export const activations = {
  linear: { f: (x: number) => x, slope: () => 1 },
  tanh: { f: Math.tanh, slope: (y: number) => 1 - y * y },
  sigmoid: { f: (x: number) => 1 / (1 + Math.exp(-x)), slope: (y: number) => y * (1 - y) },
  relu: { f: (x: number) => Math.max(x, 0), slope: (y: number) => (y > 0 ? 1 : 0) },
  hardSigmoid: {
    f: (x: number) => Math.min(Math.max(x / 6 + 0.5, 0), 1),
    slope: (y: number) => (y > 0 && y < 1 ? 1 / 6 : 0),
  },
  elu: { f: (x: number) => (x > 0 ? x : Math.expm1(x)), slope: (y: number) => (y > 0 ? 1 : y + 1) },
  selu: {
    f: (x: number) => 1.05070098735548 * (x > 0 ? x : 1.67326324235437 * Math.expm1(x)),
    slope: (y: number) => (y > 0 ? 1.05070098735548 : y + 1.05070098735548 * 1.67326324235437),
  },
  leakyRelu: { f: (x: number) => (x > 0 ? x : 0.2 * x), slope: (y: number) => (y > 0 ? 1 : 0.2) },
} as const;

export interface RecurrentInputs {
  /** [batch, steps, features], or without a kernel x W itself, [batch, steps, gates · units] */
  readonly x: Array64;
  /** [features, gates · units] */
  readonly kernel?: Array64;
  /** [units, gates · units] */
  readonly recurrentKernel: Array64;
  /** [gates · units] */
  readonly bias?: Array64;
  /** GRU: [gates · units] */
  readonly recurrentBias?: Array64;
  /** [batch, steps] */
  readonly mask?: Array64;
  /** h, and for the LSTM c: [batch, units] each. */
  readonly initial?: readonly Array64[];
}

export interface RecurrentSettings {
  readonly activation?: keyof typeof activations;
  readonly recurrentActivation?: keyof typeof activations;
  readonly reversed?: boolean;
}

/** Gates of one row at one step, and the states before it. */
interface Moment {
  readonly t: number;
  readonly gates: number[][];
  readonly before: readonly Float64Array[];
  readonly after: readonly Float64Array[];
  /** GRU: h U_h + b_h. */
  readonly inner: number[];
  readonly counts: boolean;
}

/**
 * Keras's equations, a row, a step and a unit at a time (gates i, f, c, o of the LSTM, z, r, h of the GRU with resetAfter), and
 * their derivatives, from the last step to the first.
 */
export function recurrent(kind: Kind, inputs: RecurrentInputs, settings: RecurrentSettings = {}) {
  const { x, kernel, recurrentKernel, bias, recurrentBias, mask, initial } = inputs;
  const { activation = 'tanh', recurrentActivation = 'sigmoid', reversed = false } = settings;
  const [phi, rho] = [activations[activation], activations[recurrentActivation]];
  const [batch, steps, features] = x.shape;
  const [units, columns] = recurrentKernel.shape;
  const hidden = zeros([batch, steps, units]);
  const states = Array.from({ length: kind === 'lstm' ? 2 : 1 }, () => zeros([batch, units]));
  const history: Moment[][] = [];
  /** What the kernels keep for the gradient: gates, then the LSTM's c, or the GRU's h U_h + b_h and h before the step. */
  const kept = zeros([batch, steps, 5 * units]);

  for (let b = 0; b < batch; b++) {
    const moments: Moment[] = [];
    let own = states.map((state, i) => (initial?.[i] ?? state).data.slice(b * units, (b + 1) * units));
    for (let s = 0; s < steps; s++) {
      const t = reversed ? steps - 1 - s : s;
      const ofInput = Array.from({ length: columns }, (_, n) => {
        let sum = bias?.data[n] ?? 0;
        if (!kernel) return sum + x.data[(b * steps + t) * columns + n];
        for (let i = 0; i < features; i++)
          sum += x.data[(b * steps + t) * features + i] * kernel.data[i * columns + n];
        return sum;
      });
      const ofState = Array.from({ length: columns }, (_, n) => {
        let sum = recurrentBias?.data[n] ?? 0;
        for (let k = 0; k < units; k++) sum += own[0][k] * recurrentKernel.data[k * columns + n];
        return sum;
      });
      const counts = !mask || mask.data[b * steps + t] !== 0;
      const after = own.map((state) => state.slice());
      const gates = Array.from({ length: units }, (_, u) => {
        const sum = (g: number) => ofInput[g * units + u] + ofState[g * units + u];
        if (kind === 'simpleRnn') {
          after[0][u] = phi.f(sum(0));
          return [after[0][u]];
        }
        if (kind === 'gru') {
          const [z, r] = [rho.f(sum(0)), rho.f(sum(1))];
          const g = phi.f(ofInput[2 * units + u] + r * ofState[2 * units + u]);
          after[0][u] = z * own[0][u] + (1 - z) * g;
          return [z, r, g];
        }
        const [i, f, g, o] = [rho.f(sum(0)), rho.f(sum(1)), phi.f(sum(2)), rho.f(sum(3))];
        after[1][u] = f * own[1][u] + i * g;
        after[0][u] = o * phi.f(after[1][u]);
        return [i, f, g, o];
      });
      moments.push({ t, gates, before: own, after, inner: ofState.slice(2 * units), counts });
      const before = own;
      if (counts) own = after;
      gates.forEach((gate, u) => {
        const rest = kind === 'lstm' ? [own[1][u]] : [ofState[2 * units + u], before[0][u]];
        [...gate, ...rest].forEach((value, i) => {
          if (kind !== 'simpleRnn') kept.data[((b * steps + t) * 5 + i) * units + u] = value;
        });
      });
      hidden.data.set(own[0], (b * steps + t) * units);
    }
    own.forEach((state, i) => states[i].data.set(state, b * units));
    history.push(moments);
  }

  /** dL/d(inputs), of L's derivatives by h of all steps and by the last states. */
  function gradient(dHidden: Array64, dStates: readonly (Array64 | undefined)[] = []) {
    const d = {
      x: zeros(x.shape),
      kernel: zeros(kernel?.shape ?? []),
      recurrentKernel: zeros(recurrentKernel.shape),
      bias: zeros([columns]),
      recurrentBias: zeros([columns]),
      initial: states.map(({ shape }) => zeros(shape)),
      /** By h U + b of each step, [batch, steps, gates · units]. */
      products: zeros([batch, steps, columns]),
    };
    for (let b = 0; b < batch; b++) {
      let carried = states.map(
        ({ shape }, i) => (dStates[i] ?? zeros(shape)).data.slice(b * units, (b + 1) * units), // prettier-ignore
      );
      for (const { t, gates, before, after, inner, counts } of history[b].toReversed()) {
        const dh = carried[0].map((value, u) => value + dHidden.data[(b * steps + t) * units + u]);
        if (!counts) {
          carried = [dh, ...carried.slice(1)];
          continue;
        }
        const next = before.map(() => new Float64Array(units));
        const dInput = new Float64Array(columns);
        const dState = new Float64Array(columns);
        gates.forEach((gate, u) => {
          const set = (g: number, ofInput: number, ofState = ofInput) => {
            dInput[g * units + u] = ofInput;
            dState[g * units + u] = ofState;
          };
          if (kind === 'simpleRnn') set(0, dh[u] * phi.slope(gate[0]));
          else if (kind === 'gru') {
            const [z, r, g] = gate;
            const dg = dh[u] * (1 - z) * phi.slope(g);
            set(0, dh[u] * (before[0][u] - g) * rho.slope(z));
            set(1, dg * inner[u] * rho.slope(r));
            set(2, dg, dg * r);
            next[0][u] += dh[u] * z;
          } else {
            const [i, f, g, o] = gate;
            const shown = phi.f(after[1][u]);
            const dc = carried[1][u] + dh[u] * o * phi.slope(shown);
            set(0, dc * g * rho.slope(i));
            set(1, dc * before[1][u] * rho.slope(f));
            set(2, dc * i * phi.slope(g));
            set(3, dh[u] * shown * rho.slope(o));
            next[1][u] = dc * f;
          }
        });
        d.products.data.set(dState, (b * steps + t) * columns);
        if (!kernel) d.x.data.set(dInput, (b * steps + t) * columns);
        for (let n = 0; n < columns; n++) {
          d.bias.data[n] += dInput[n];
          d.recurrentBias.data[n] += dState[n];
          for (let i = 0; i < (kernel ? features : 0); i++) {
            const at = (b * steps + t) * features + i;
            d.x.data[at] += dInput[n] * kernel!.data[i * columns + n];
            d.kernel.data[i * columns + n] += dInput[n] * x.data[at];
          }
          for (let k = 0; k < units; k++) {
            next[0][k] += dState[n] * recurrentKernel.data[k * columns + n];
            d.recurrentKernel.data[k * columns + n] += dState[n] * before[0][k];
          }
        }
        carried = next;
      }
      carried.forEach((state, i) => d.initial[i].data.set(state, b * units));
    }
    return d;
  }
  return { hidden, states, kept, gradient };
}
