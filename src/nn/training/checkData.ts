import { inputsOf, targetsOf } from '../../data/dataset.ts';
import type { Dataset } from '../../data/dataset.ts';
import { ArgumentError, ShapeError } from '../../errors.ts';
import { formatShape, sameShape } from '../../ops/core/shape.ts';
import type { Network } from '../network.ts';
import type { Objective } from '../objective.ts';

/** Throws a ShapeError unless a data set's samples fit the inputs of a model. */
export function checkInputs({ name: model, inputs }: Pick<Network, 'name' | 'inputs'>, data: Dataset): void {
  const fields = inputsOf(data);
  if (fields.length !== inputs.length) {
    const names = inputs.map(({ name }) => name).join(', ');
    throw new ShapeError(
      `${model}: takes ${inputs.length} inputs (${names}), but data set '${data.name}' has ${fields.length}; pass one array for each, dataset({ x: [...], inputShape: [...] })`,
    );
  }
  inputs.forEach(({ name, shape }, i) => {
    if (sameShape(fields[i].shape, shape)) return;
    const which = fields.length > 1 ? ` for input ${name}` : '';
    throw new ShapeError(
      `${model}: takes samples of shape ${formatShape(shape)}${which}, but those of data set '${data.name}' have ${formatShape(fields[i].shape)}; change inputShape or the data`,
    );
  });
}

/**
 * `checkInputs`, and that there are targets for every trained output.
 *
 * @throws ArgumentError if the model was compiled without a loss
 */
export function checkTargets(network: Network, objective: Objective, data: Dataset): void {
  const { goals } = objective;
  checkInputs(network, data);
  requireLoss(network, objective);
  const { length } = targetsOf(data);
  if (length === goals.length) return;
  const names = goals.map(({ name }) => name).join(', ');
  throw new ShapeError(
    `${network.name}: is trained on ${goals.length} outputs (${names}), but data set '${data.name}' has ${length} targets; pass one array for each, dataset({ y: [...], targetShape: [...] })`,
  );
}

/** @throws ArgumentError if the model was compiled without a loss */
export function requireLoss(network: Pick<Network, 'name'>, { goals }: Objective): void {
  if (goals.length === 0) {
    throw new ArgumentError(
      `${network.name}: was compiled without a loss, so it only predicts; call compile({ loss, metrics }) to evaluate, compile({ optimizer, loss }) to train`,
    );
  }
}
