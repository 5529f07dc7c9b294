import { isValues, typedArrayName } from '../../data/arrays.ts';
import type { Values } from '../../data/arrays.ts';
import { dataset } from '../../data/dataset.ts';
import type { Dataset } from '../../data/dataset.ts';
import { isDataset } from '../../data/requireDataset.ts';
import { ArgumentError } from '../../errors.ts';
import { describe } from '../../options.ts';
import { sizeOf } from '../../ops/core/shape.ts';
import type { Shape } from '../../ops/core/shape.ts';
import type { Network } from '../network.ts';
import type { Objective } from '../objective.ts';
import { trainedOutputs } from './compiled.ts';

/** Samples of a batch: a data set, or values in any form that `dataset` takes; a list of them for several inputs. */
export type BatchInput = Dataset | Values | readonly Values[];

/** Targets of a batch: values in any form that `dataset` takes; a list of them for several outputs. */
export type BatchTarget = Values | readonly Values[];

/**
 * A batch as a data set. Shapes are those of the model: targets in a flat array are numbers in the shape of the output, or one
 * class for each of its rows, as their number says.
 *
 * @param caller for messages: `tiny: trainOnBatch`
 * @throws ArgumentError if there are no targets, or they come beside a data set
 * @throws ShapeError if the values do not fit the model
 */
export function batchOf(
  caller: string,
  network: Network,
  objective: Objective,
  x: BatchInput,
  y: BatchTarget | undefined,
  sampleWeight: Values | undefined,
): Dataset {
  if (isDataset(x)) {
    if (y === undefined && sampleWeight === undefined) return x;
    throw new ArgumentError(
      `${caller}: was given a data set, which has targets and weights of its own; leave y and sampleWeight out`,
    );
  }
  for (const [name, values] of Object.entries({ x, y })) {
    if (isValues(values)) continue;
    throw new ArgumentError(
      `${caller}: ${name} is ${describe(values)}; give the values of all samples of the batch, an array`,
    );
  }
  const inputs = network.inputs.map(({ shape }) => shape);
  const ports = trainedOutputs(network, objective);
  const inputShape = inputs.length > 1 ? inputs : inputs[0];
  const first = (inputs.length > 1 ? (x as readonly Values[])[0] : x) as Values;
  const size = typedArrayName(first) === undefined ? first.length : first.length / sizeOf(inputs[0]);
  const targets = (ports.length > 1 ? (y as readonly Values[]) : [y]) as readonly Values[];
  const shapes = targets.map((own, i) => targetShape(own, size, ports[i]?.shape ?? []));
  return dataset({
    name: 'the batch',
    x: x as Values,
    y: y!,
    inputShape,
    targetShape: ports.length > 1 ? shapes : shapes[0],
    ...(sampleWeight && { weights: sampleWeight }),
  });
}

/** Shape of one target: nested arrays have it, for a flat one it follows from the length. */
function targetShape(values: Values, size: number, output: Shape): Shape {
  if (typedArrayName(values) === undefined) {
    const shape: number[] = [];
    for (let own: unknown = values[0]; isValues(own); own = own[0]) shape.push(own.length);
    return shape;
  }
  const rows = output.slice(0, -1);
  const count = values.length / size;
  if (count === 1) return [];
  return count === sizeOf(rows) ? rows : output;
}
