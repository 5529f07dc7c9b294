/**
 * Optimizers, one parameter vector each. Keras's defaults and conventions, except that epsilon stands outside
 * the square root everywhere and, in Adam, beside the corrected moment (the paper's Algorithm 1).
 */
export interface Optimizer {
  /** Updates `weights` in place from the gradient there. */
  step(weights: Float64Array, gradient: Float64Array): void;
  /** The vectors carried from step to step, each starting at zero. */
  state: Record<string, Float64Array>;
}

/** w ← w − η g. */
export function sgd(size: number, { learningRate = 0.01, momentum = 0, nesterov = false } = {}): Optimizer {
  const velocity = new Float64Array(size);
  return {
    state: momentum === 0 ? ({} as Record<string, Float64Array>) : { velocity },
    step(w, g) {
      for (let i = 0; i < size; i++) {
        // v ← μ v − η g;  w ← w + v, or with Nesterov's look-ahead  w ← w + μ v − η g
        velocity[i] = momentum * velocity[i] - learningRate * g[i];
        w[i] += nesterov ? momentum * velocity[i] - learningRate * g[i] : velocity[i];
      }
    },
  };
}

/** s ← ρ s + (1 − ρ) g²;  w ← w − η g / (√s + ε). Tieleman & Hinton 2012, lecture 6.5; not centred. */
export function rmsprop(size: number, { learningRate = 0.001, rho = 0.9, epsilon = 1e-7 } = {}): Optimizer {
  const meanSquare = new Float64Array(size);
  return {
    state: { meanSquare },
    step(w, g) {
      for (let i = 0; i < size; i++) {
        meanSquare[i] = rho * meanSquare[i] + (1 - rho) * g[i] ** 2;
        w[i] -= (learningRate * g[i]) / (Math.sqrt(meanSquare[i]) + epsilon);
      }
    },
  };
}

/**
 * s ← ρ s + (1 − ρ) g²;  Δ = −√(d + ε) / √(s + ε) · g;  d ← ρ d + (1 − ρ) Δ²;  w ← w + η Δ.
 * Zeiler 2012, Algorithm 1, with η = 1.
 */
export function adadelta(size: number, { learningRate = 1, rho = 0.95, epsilon = 1e-7 } = {}): Optimizer {
  const meanSquare = new Float64Array(size);
  const meanSquareStep = new Float64Array(size);
  return {
    state: { meanSquare, meanSquareStep },
    step(w, g) {
      for (let i = 0; i < size; i++) {
        meanSquare[i] = rho * meanSquare[i] + (1 - rho) * g[i] ** 2;
        const change = (-Math.sqrt(meanSquareStep[i] + epsilon) / Math.sqrt(meanSquare[i] + epsilon)) * g[i];
        meanSquareStep[i] = rho * meanSquareStep[i] + (1 - rho) * change ** 2;
        w[i] += learningRate * change;
      }
    },
  };
}

/**
 * m ← β₁ m + (1 − β₁) g;  v ← β₂ v + (1 − β₂) g²;  w ← w − η m̂ / (√v̂ + ε)
 * with m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ), t = 1, 2, …  Kingma & Ba 2015, Algorithm 1.
 */
export function adam(
  size: number,
  { learningRate = 0.001, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 } = {},
): Optimizer {
  return adamW(size, { learningRate, beta1, beta2, epsilon, weightDecay: 0 });
}

/** Adam with decoupled weight decay: before its update, w ← w − η λ w. Loshchilov & Hutter 2019, Algorithm 2. */
export function adamW(
  size: number,
  { learningRate = 0.001, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7, weightDecay = 0.004 } = {},
): Optimizer {
  const m = new Float64Array(size);
  const v = new Float64Array(size);
  let t = 0;
  return {
    state: { m, v },
    step(w, g) {
      t++;
      for (let i = 0; i < size; i++) {
        m[i] = beta1 * m[i] + (1 - beta1) * g[i];
        v[i] = beta2 * v[i] + (1 - beta2) * g[i] ** 2;
        const mHat = m[i] / (1 - beta1 ** t);
        const vHat = v[i] / (1 - beta2 ** t);
        w[i] -= learningRate * weightDecay * w[i];
        w[i] -= (learningRate * mHat) / (Math.sqrt(vHat) + epsilon);
      }
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
