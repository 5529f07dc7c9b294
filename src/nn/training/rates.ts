import type { Minimizer } from '../../runtime/minimizer.ts';

/** Learning rates that callers have set: steps repeated after the loss of a GPU use the same ones. */
export class Rates {
  /** At the steps at which they changed. */
  readonly #atSteps: { readonly step: number; readonly rates: readonly number[] }[] = [];
  /** Before the callbacks of an epoch, and after them, by the steps done. */
  readonly #beforeCallbacks = new Map<number, readonly number[]>();
  readonly #afterCallbacks = new Map<number, readonly number[]>();
  /** Steps that were submitted. */
  #steps = 0;
  /** After the loss of a GPU: the rates of the later steps. */
  #left: readonly number[] | undefined;

  /** Call it before a step is submitted. */
  atStep(step: number, minimizers: readonly Minimizer[]): void {
    const before = this.#atSteps.findLast((own) => own.step <= step)?.rates;
    if (step < this.#steps) return set(minimizers, before!);
    this.#steps = step + 1;
    const rates = ratesOf(minimizers);
    if (String(rates) !== String(before)) this.#atSteps.push({ step, rates });
  }

  /** Call it when `steps` steps are submitted. */
  after(steps: number, minimizers: readonly Minimizer[]): void {
    if (!this.#left || steps < this.#steps) return;
    set(minimizers, this.#left);
    this.#left = undefined;
  }

  /** Call it before the callbacks of an epoch. */
  beforeCallbacks(step: number, minimizers: readonly Minimizer[]): void {
    const known = this.#beforeCallbacks.get(step);
    if (known) set(minimizers, known);
    else this.#beforeCallbacks.set(step, ratesOf(minimizers));
  }

  /** Call it when `onEpoch` is done. @param again whether it has been reported before, and is not called this time */
  afterCallbacks(step: number, minimizers: readonly Minimizer[], again: boolean): void {
    if (again) set(minimizers, this.#afterCallbacks.get(step)!);
    else this.#afterCallbacks.set(step, ratesOf(minimizers));
  }

  /** Call it after the loss of a GPU. */
  leave(minimizers: readonly Minimizer[]): void {
    this.#left = ratesOf(minimizers);
  }
}

const ratesOf = (minimizers: readonly Minimizer[]): number[] => minimizers.map((own) => own.learningRate);

function set(minimizers: readonly Minimizer[], rates: readonly number[]): void {
  minimizers.forEach((own, i) => {
    if (own.learningRate !== rates[i]) own.learningRate = rates[i];
  });
}
