/** Learning-rate schedules as Keras and PyTorch compute them, as factors of the learning rate and as rates. */

/** tf.keras.optimizers.schedules.ExponentialDecay. */
export const exponentialDecay =
  (decaySteps: number, decayRate: number, staircase = false) =>
  (step: number) => {
    const p = step / decaySteps;
    return Math.exp(Math.log(decayRate) * (staircase ? Math.floor(p) : p));
  };

/** PiecewiseConstantDecay: "the learning rate is values[0] for step ≤ boundaries[0], …". */
export const piecewiseConstantDecay = (boundaries: number[], values: number[]) => (step: number) => {
  const i = boundaries.findIndex((boundary) => step <= boundary);
  return i < 0 ? values.at(-1)! : values[i];
};

/** CosineDecay without warm-up. */
export const cosineDecay =
  (decaySteps: number, alpha = 0) =>
  (step: number) => {
    const completed = Math.min(step, decaySteps) / decaySteps;
    const decayed = 0.5 * (1 + Math.cos(Math.PI * completed));
    return (1 - alpha) * decayed + alpha;
  };

/** CosineDecay of rates, with a warm-up. */
export const cosineDecayOfRates =
  (initial: number, decaySteps: number, alpha: number, target: number, warmupSteps: number) =>
  (step: number) =>
    step < warmupSteps
      ? (step / warmupSteps) * (target - initial) + initial
      : target * cosineDecay(decaySteps, alpha)(step - warmupSteps);

/** PolynomialDecay. */
export const polynomialDecay =
  (initial: number, decaySteps: number, end: number, power: number, cycle: boolean) => (step: number) => {
    const whole = cycle ? decaySteps * (step === 0 ? 1 : Math.ceil(step / decaySteps)) : decaySteps;
    return (initial - end) * (1 - Math.min(step, whole) / whole) ** power + end;
  };

/** CosineDecayRestarts; the number of restarts from the sum of the geometric series, as in the paper. */
export const cosineDecayRestarts =
  (firstDecaySteps: number, tMul: number, mMul: number, alpha: number) => (step: number) => {
    const completed = step / firstDecaySteps;
    let restart = Math.floor(completed);
    let fraction = completed - restart;
    if (tMul !== 1) {
      restart = Math.floor(Math.log(1 - completed * (1 - tMul)) / Math.log(tMul) + 1e-12);
      const sum = (1 - tMul ** restart) / (1 - tMul);
      fraction = (completed - sum) / tMul ** restart;
    }
    const decayed = 0.5 * mMul ** restart * (1 + Math.cos(Math.PI * fraction));
    return (1 - alpha) * decayed + alpha;
  };

/** CosineDecay's warm-up, then another schedule. */
export const warmUp = (steps: number, from: number, next: (step: number) => number) => (step: number) =>
  step < steps ? (1 - from) * (step / steps) + from : next(step - steps);

/** torch.optim.lr_scheduler.OneCycleLR with anneal_strategy='cos', three_phase=False. */
export const oneCycle =
  (totalSteps: number, pctStart = 0.3, divFactor = 25, finalDivFactor = 1e4) =>
  (step: number) => {
    const anneal = (start: number, end: number, pct: number) =>
      end + ((start - end) / 2) * (Math.cos(Math.PI * pct) + 1);
    const initial = 1 / divFactor;
    const minimum = initial / finalDivFactor;
    const phases = [
      { end: pctStart * totalSteps - 1, from: initial, to: 1 },
      { end: totalSteps - 1, from: 1, to: minimum },
    ];
    let start = 0;
    for (const { end, from, to } of phases) {
      if (step <= end) return anneal(from, to, (step - start) / (end - start));
      start = end;
    }
    return minimum;
  };
