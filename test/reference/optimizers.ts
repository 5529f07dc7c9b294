/**
 * Optimizers, one parameter vector each. Keras's defaults and conventions.
 */
export interface Optimizer {
  /** Updates `weights` in place from the gradient there; `factor` multiplies the learning rate in this step. */
  step(weights: Float64Array, gradient: Float64Array, factor?: number): void;
  /** The vectors carried from step to step, each starting at zero. */
  state: Record<string, Float64Array>;
}

/** w ← w − η g. */
export function sgd(size: number, { learningRate = 0.01, momentum = 0, nesterov = false } = {}): Optimizer {
  const velocity = new Float64Array(size);
  return {
    state: momentum === 0 ? ({} as Record<string, Float64Array>) : { velocity },
    step(w, g, factor = 1) {
      const rate = learningRate * factor;
      for (let i = 0; i < size; i++) {
        // v ← μ v − η g;  w ← w + v, or with Nesterov's look-ahead  w ← w + μ v − η g
        velocity[i] = momentum * velocity[i] - rate * g[i];
        w[i] += nesterov ? momentum * velocity[i] - rate * g[i] : velocity[i];
      }
    },
  };
}

/**
 * s ← ρ s + (1 − ρ) g²;  w ← w − η g / √(s + ε). Tieleman & Hinton 2012, lecture 6.5. Centred (Graves 2013): with
 * s − m² in place of s, m ← ρ m + (1 − ρ) g. With momentum: v ← μ v + η g / √(s + ε);  w ← w − v.
 */
export function rmsprop(
  size: number,
  { learningRate = 0.001, rho = 0.9, momentum = 0, centered = false, epsilon = 1e-7 } = {},
): Optimizer {
  const meanSquare = new Float64Array(size);
  const mean = new Float64Array(size);
  const velocity = new Float64Array(size);
  return {
    state: { meanSquare, ...(centered && { mean }), ...(momentum > 0 && { velocity }) },
    step(w, g, factor = 1) {
      for (let i = 0; i < size; i++) {
        meanSquare[i] = rho * meanSquare[i] + (1 - rho) * g[i] ** 2;
        mean[i] = rho * mean[i] + (1 - rho) * g[i];
        const square = centered ? Math.max(0, meanSquare[i] - mean[i] ** 2) : meanSquare[i];
        velocity[i] = momentum * velocity[i] + (learningRate * factor * g[i]) / Math.sqrt(square + epsilon);
        w[i] -= velocity[i];
      }
    },
  };
}

/** s ← s + g² from s₀ on;  w ← w − η g / √(s + ε). Duchi, Hazan & Singer 2011, Figure 1. */
export function adagrad(
  size: number,
  { learningRate = 0.001, initialAccumulatorValue = 0.1, epsilon = 1e-7 } = {},
): Optimizer {
  const sum = new Float64Array(size);
  return {
    state: { sum },
    step(w, g, factor = 1) {
      for (let i = 0; i < size; i++) {
        sum[i] += g[i] ** 2;
        w[i] -= (learningRate * factor * g[i]) / Math.sqrt(initialAccumulatorValue + sum[i] + epsilon);
      }
    },
  };
}

/**
 * s ← ρ s + (1 − ρ) g²;  Δ = −√(d + ε) / √(s + ε) · g;  d ← ρ d + (1 − ρ) Δ²;  w ← w + η Δ.
 * Zeiler 2012, Algorithm 1, where η is 1.
 */
export function adadelta(size: number, { learningRate = 0.001, rho = 0.95, epsilon = 1e-7 } = {}): Optimizer {
  const meanSquare = new Float64Array(size);
  const meanSquareStep = new Float64Array(size);
  return {
    state: { meanSquare, meanSquareStep },
    step(w, g, factor = 1) {
      for (let i = 0; i < size; i++) {
        meanSquare[i] = rho * meanSquare[i] + (1 - rho) * g[i] ** 2;
        const change = (-Math.sqrt(meanSquareStep[i] + epsilon) / Math.sqrt(meanSquare[i] + epsilon)) * g[i];
        meanSquareStep[i] = rho * meanSquareStep[i] + (1 - rho) * change ** 2;
        w[i] += learningRate * factor * change;
      }
    },
  };
}

/**
 * m ← β₁ m + (1 − β₁) g;  v ← β₂ v + (1 − β₂) g²;  w ← w − η √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + ε), t = 1, 2, …
 * Kingma & Ba 2015, section 2 ("epsilon hat"). AMSGrad (Reddi, Kale & Kumar 2018): with the largest v so far.
 */
export function adam(
  size: number,
  { learningRate = 0.001, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7, amsgrad = false } = {},
): Optimizer {
  return adamW(size, { learningRate, beta1, beta2, epsilon, amsgrad, weightDecay: 0 });
}

/** Adam with decoupled weight decay: before its update, w ← w − η λ w. Loshchilov & Hutter 2019, Algorithm 2. */
export function adamW(
  size: number,
  {
    learningRate = 0.001,
    beta1 = 0.9,
    beta2 = 0.999,
    epsilon = 1e-7,
    amsgrad = false,
    weightDecay = 0.004,
  } = {},
): Optimizer {
  const m = new Float64Array(size);
  const v = new Float64Array(size);
  const largest = new Float64Array(size);
  let t = 0;
  return {
    state: { m, v, ...(amsgrad && { largest }) },
    step(w, g, factor = 1) {
      t++;
      for (let i = 0; i < size; i++) {
        m[i] = beta1 * m[i] + (1 - beta1) * g[i];
        v[i] = beta2 * v[i] + (1 - beta2) * g[i] ** 2;
        largest[i] = Math.max(largest[i], v[i]);
        const corrected = (learningRate * factor * Math.sqrt(1 - beta2 ** t)) / (1 - beta1 ** t);
        w[i] -= learningRate * factor * weightDecay * w[i];
        w[i] -= (corrected * m[i]) / (Math.sqrt(amsgrad ? largest[i] : v[i]) + epsilon);
      }
    },
  };
}

/** m ← β₁ m + (1 − β₁) g;  u ← max(β₂ u, |g|);  w ← w − η / (1 − β₁ᵗ) · m / (u + ε). Kingma & Ba 2015, Algorithm 2. */
export function adamax(
  size: number,
  { learningRate = 0.001, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 } = {},
): Optimizer {
  const m = new Float64Array(size);
  const u = new Float64Array(size);
  let t = 0;
  return {
    state: { m, u },
    step(w, g, factor = 1) {
      t++;
      for (let i = 0; i < size; i++) {
        m[i] = beta1 * m[i] + (1 - beta1) * g[i];
        u[i] = Math.max(beta2 * u[i], Math.abs(g[i]));
        w[i] -= ((learningRate * factor) / (1 - beta1 ** t)) * (m[i] / (u[i] + epsilon));
      }
    },
  };
}

/**
 * Dozat 2016 with the momenta μ(t) = β₁ (1 − 0.96^(ψ t) / 2), ψ = 1 in Keras: m and v as in Adam,
 * m̂ = μ(t+1) m / (1 − μ(1) ⋯ μ(t+1)) + (1 − μ(t)) g / (1 − μ(1) ⋯ μ(t));  w ← w − η m̂ / (√v̂ + ε).
 */
export function nadam(
  size: number,
  { learningRate = 0.001, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7, momentumDecay = 1 } = {},
): Optimizer {
  const m = new Float64Array(size);
  const v = new Float64Array(size);
  const momentum = (step: number) => beta1 * (1 - 0.5 * 0.96 ** (momentumDecay * step));
  let t = 0;
  let product = 1;
  return {
    state: { m, v },
    step(w, g, factor = 1) {
      t++;
      product *= momentum(t);
      for (let i = 0; i < size; i++) {
        m[i] = beta1 * m[i] + (1 - beta1) * g[i];
        v[i] = beta2 * v[i] + (1 - beta2) * g[i] ** 2;
        const mHat =
          (momentum(t + 1) * m[i]) / (1 - product * momentum(t + 1)) +
          ((1 - momentum(t)) * g[i]) / (1 - product);
        w[i] -= (learningRate * factor * mHat) / (Math.sqrt(v[i] / (1 - beta2 ** t)) + epsilon);
      }
    },
  };
}

/** w ← w − η sign(β₁ m + (1 − β₁) g);  m ← β₂ m + (1 − β₂) g. Chen et al. 2023, Algorithm 2. */
export function lion(size: number, { learningRate = 0.001, beta1 = 0.9, beta2 = 0.99 } = {}): Optimizer {
  const m = new Float64Array(size);
  return {
    state: { m },
    step(w, g, factor = 1) {
      for (let i = 0; i < size; i++) {
        w[i] -= learningRate * factor * Math.sign(beta1 * m[i] + (1 - beta1) * g[i]);
        m[i] = beta2 * m[i] + (1 - beta2) * g[i];
      }
    },
  };
}

/**
 * n' = n + g²;  z ← z + g + 2 λₛ w − (n'ᵖ − nᵖ) / η · w;  w ← (clamp(z, ±λ₁) − z) / ((β + n'ᵖ) / η + 2 λ₂).
 * McMahan et al. 2013, Algorithm 1, as Keras has it.
 */
export function ftrl(
  size: number,
  {
    learningRate = 0.001,
    learningRatePower = -0.5,
    initialAccumulatorValue = 0.1,
    l1RegularizationStrength: l1 = 0,
    l2RegularizationStrength: l2 = 0,
    l2ShrinkageRegularizationStrength: shrinkage = 0,
    beta = 0,
  } = {},
): Optimizer {
  const n = new Float64Array(size);
  const z = new Float64Array(size);
  return {
    state: { n, z },
    step(w, g, factor = 1) {
      const rate = learningRate * factor;
      for (let i = 0; i < size; i++) {
        const before = (initialAccumulatorValue + n[i]) ** -learningRatePower;
        n[i] += g[i] ** 2;
        const after = (initialAccumulatorValue + n[i]) ** -learningRatePower;
        z[i] += g[i] + 2 * shrinkage * w[i] - ((after - before) / rate) * w[i];
        const rest = Math.sign(z[i]) * l1 - z[i];
        w[i] = Math.abs(z[i]) <= l1 ? 0 : rest / ((beta + after) / rate + 2 * l2);
      }
    },
  };
}

/**
 * m and v as in Adam, m̂ = m / (1 − β₁ᵗ), ρ = ρ∞ − 2 t β₂ᵗ / (1 − β₂ᵗ) with ρ∞ = 2 / (1 − β₂) − 1. If ρ > 5
 * w ← w − η m̂ √((ρ − 4) (ρ − 2) ρ∞ / ((ρ∞ − 4) (ρ∞ − 2) ρ)) √(1 − β₂ᵗ) / (√v + ε), else w ← w − η m̂.
 * Liu et al. 2020, Algorithm 2, as in PyTorch.
 */
export function radam(
  size: number,
  { learningRate = 0.001, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = {},
): Optimizer {
  const m = new Float64Array(size);
  const v = new Float64Array(size);
  const longest = 2 / (1 - beta2) - 1;
  let t = 0;
  return {
    state: { m, v },
    step(w, g, factor = 1) {
      t++;
      const rho = longest - (2 * t * beta2 ** t) / (1 - beta2 ** t);
      const share = ((rho - 4) * (rho - 2) * longest) / ((longest - 4) * (longest - 2) * rho);
      for (let i = 0; i < size; i++) {
        m[i] = beta1 * m[i] + (1 - beta1) * g[i];
        v[i] = beta2 * v[i] + (1 - beta2) * g[i] ** 2;
        const adaptive = Math.sqrt(share * (1 - beta2 ** t)) / (Math.sqrt(v[i]) + epsilon);
        w[i] -= ((learningRate * factor * m[i]) / (1 - beta1 ** t)) * (rho > 5 ? adaptive : 1);
      }
    },
  };
}

/** What stands around any rule; see `withOptions`. */
export interface Options {
  learningRate: number;
  schedule?: (step: number) => number;
  weightDecay?: number;
  l1?: number;
  l2?: number;
  clipValue?: number;
  globalClipNorm?: number;
  clipNorm?: number;
  ema?: { decay: number; overwriteFrequency?: number };
  gradientAccumulationSteps?: number;
  /** Of the variables that make up the vector; by default it is one. */
  sizes?: readonly number[];
  /** Whether a variable is left out of the weight decay. */
  isExcluded?: (variable: number) => boolean;
}

/**
 * g ← mean of the last n gradients, after each n-th; g ← g + λ₁ sign(w) + 2 λ₂ w, clipped by value, by its norm or by that of
 * each variable;  w ← rule(w, g, η) − η λ w;  a ← d a + (1 − d) w at each step, where a = w until after the first update.
 * The state has the averages and the sum of gradients as well.
 */
export function withOptions(rule: Optimizer, size: number, options: Options): Optimizer {
  const { learningRate, schedule, weightDecay = 0, l1 = 0, l2 = 0 } = options;
  const { clipValue, globalClipNorm, clipNorm, ema, gradientAccumulationSteps: n = 1 } = options;
  const { sizes = [size], isExcluded = () => false } = options;
  const variableOf = Float64Array.from(sizes.flatMap((own, i) => Array.from({ length: own }, () => i)));
  const averages = new Float64Array(size);
  const accumulated = new Float64Array(size);
  let step = 0;
  const clipped = (g: Float64Array): Float64Array => {
    const norm = (isIn: (i: number) => boolean) => Math.hypot(...g.filter((_, i) => isIn(i)));
    if (clipValue !== undefined) return g.map((value) => Math.max(-clipValue, Math.min(clipValue, value)));
    if (globalClipNorm !== undefined) {
      const all = norm(() => true);
      return all > globalClipNorm ? g.map((value) => (value * globalClipNorm) / all) : g;
    }
    if (clipNorm === undefined) return g;
    const norms = sizes.map((_, variable) => norm((i) => variableOf[i] === variable));
    return g.map((value, i) => (value * clipNorm) / Math.max(clipNorm, norms[variableOf[i]]));
  };
  return {
    state: { ...rule.state, accumulated, averages },
    step(w, loss) {
      const rate = learningRate * (schedule?.(step) ?? 1);
      const updates = Math.floor(step / n);
      loss.forEach((value, i) => (accumulated[i] += value));
      if ((step + 1) % n === 0) {
        const g = accumulated.map((value, i) => value / n + l1 * Math.sign(w[i]) + 2 * l2 * w[i]);
        for (let i = 0; i < size; i++) {
          if (!isExcluded(variableOf[i])) w[i] -= rate * weightDecay * w[i];
        }
        rule.step(w, clipped(g), rate / learningRate);
        accumulated.fill(0);
      }
      const decay = updates === 0 ? 0 : (ema?.decay ?? 0);
      for (let i = 0; i < size; i++) averages[i] = decay * averages[i] + (1 - decay) * w[i];
      const { overwriteFrequency } = ema ?? {};
      if (overwriteFrequency !== undefined && (updates + 1) % overwriteFrequency === 0) w.set(averages);
      step++;
    },
  };
}

/** Weights after each of `steps` steps from `start`, with the gradient taken at the current weights. */
export function trajectory(
  optimizer: Optimizer,
  start: Float64Array,
  gradient: (weights: Float64Array) => Float64Array,
  steps: number,
): Float64Array[] {
  const w = start.slice();
  return Array.from({ length: steps }, () => {
    optimizer.step(w, gradient(w));
    return w.slice();
  });
}
