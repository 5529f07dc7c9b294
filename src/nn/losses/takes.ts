import { ArgumentError } from '../../errors.ts';
import { describe } from '../../options.ts';
import { isTensor } from '../../ops/core/node.ts';
import type { Tensor } from '../../ops/core/op.ts';

/**
 * What a loss takes its predictions for: `logits` before a sigmoid, `classLogits` before a softmax, `probabilities` each
 * from 0 to 1, a `distribution` of classes or `shares` that the loss divides by their sum, `margins` whose sign is the
 * class, `scores` of which the largest is the class, `rates` of events, above 0, or `values` that should come close to the
 * targets.
 */
export type Takes =
  | 'logits'
  | 'classLogits'
  | 'probabilities'
  | 'distribution'
  | 'shares'
  | 'margins'
  | 'scores'
  | 'rates'
  | 'values';

/** What a loss has declared about its predictions. */
export interface Claim {
  readonly loss: string;
  readonly takes: Takes;
  readonly prediction: Tensor;
}

/** @throws ArgumentError unless a loss or metric was given a tensor: it is passed itself, and not called */
export function requireGraph(name: string, prediction: unknown): void {
  if (isTensor(prediction)) return;
  throw new ArgumentError(
    `${name}: its predictions are ${describe(prediction)}, not a tensor. It is a function of predictions and targets: pass it itself, as in { loss: ${name} } or { metrics: [${name}] }, or its name`,
  );
}

let heard: Claim[] | undefined;

/** Every loss declares with it what it takes its predictions for. */
export function takesAs(loss: string, takes: Takes, prediction: Tensor): void {
  requireGraph(loss, prediction);
  heard?.push({ loss, takes, prediction });
}

/**
 * What the losses that are called in `run` say; also where a function of the user's calls them, with options of its own
 * say. An error that `run` throws is not passed on: what was said before it counts.
 */
export function claimsOf(run: () => void): { claims: readonly Claim[]; error?: unknown } {
  const outer = heard;
  const claims: Claim[] = (heard = []);
  try {
    run();
    return { claims };
  } catch (error) {
    return { claims, error };
  } finally {
    heard = outer;
  }
}
