import { input } from '../ops/core/leaves.ts';
import { sizeOf } from '../ops/core/shape.ts';
import type { Variable } from '../ops/core/leaves.ts';
import type { Shape } from '../ops/core/shape.ts';
import { joinNodes } from '../graph/passes/join.ts';
import { optimize } from '../graph/passes/optimize.ts';
import { cropUnreadOutputs } from '../graph/passes/unreadOutputs.ts';
import { lowerGraph } from '../runtime/lower.ts';
import type { Network } from './network.ts';

export interface LayerSummary {
  readonly name: string;
  readonly type: string;
  readonly description: string;
  /** Names of the layers or inputs of the model that it is applied to. */
  readonly from: readonly string[];
  /** Of one sample. */
  readonly outputShape: Shape;
  readonly parameters: number;
  /** Parameters that training does not change: moving statistics, and all of a frozen layer. */
  readonly frozenParameters: number;
  readonly bytes: number;
  /** Floating-point operations of the forward pass for one sample. */
  readonly flops: number;
}

const limits = {
  maxComputeWorkgroupStorageSize: 16384,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupsPerDimension: 65535,
  maxUniformBufferBindingSize: 65536,
};

/** Shapes, sizes and work of each layer, from the kernels that its forward pass is lowered to. */
export function layerSummaries(model: Network): LayerSummary[] {
  const inputs = model.inputs.map(({ shape, dtype }) => input('summary', [1, ...shape], dtype));
  const outputs = model.callLayers(inputs);
  const used = new Set(model.applications.flatMap(({ from }) => from));
  // Values that no layer uses are the roots: further ones would prevent layers from being fused.
  // Work counts for the layer that asks for it, also where the kernel of another layer does it.
  const roots = optimize(
    outputs.filter((_, i) => !used.has(inputs.length + i)),
    [cropUnreadOutputs, joinNodes],
  );
  const dispatches = lowerGraph(roots, [], [], { target: { software: true, limits } });
  const { layers } = model;
  const names = model.layerNames;
  const places = [...model.inputs.map(({ name }) => name), ...layers.map((layer) => names.get(layer)!)];
  return layers.map((layer, i) => {
    // A layer that is applied again works again, but has its parameters only once.
    const again = layers.indexOf(layer) < i;
    const count = (variables: readonly Variable[]) =>
      again ? 0 : variables.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
    const parameters = count(layer.variables);
    const own = dispatches.filter(({ label }) => label.startsWith(`${i}/`));
    return {
      name: names.get(layer)!,
      type: layer.type,
      description: layer.describe(),
      from: model.applications[i].from.map((place) => places[place]),
      outputShape: outputs[i].shape.slice(1),
      parameters,
      frozenParameters: count(layer.variables.filter(({ trainable }) => !(trainable && layer.trainable))),
      bytes: parameters * 4,
      flops: own.reduce((sum, { flops }) => sum + flops, 0),
    };
  });
}

/** The summary as a table for a terminal. */
export function summarize(model: Network): string {
  const layers = layerSummaries(model);
  const chain = model.applications.every(({ from }, i) => from.length === 1 && from[0] === i);
  const header = ['layer', chain ? '' : 'of', 'output', 'parameters', 'bytes', 'FLOPs'];
  const rows = layers.map((layer) => [
    layer.name,
    [chain ? '' : layer.from.join(' + '), layer.description].filter(Boolean).join('; '),
    layer.outputShape.join(' × ') || 'scalar',
    count(layer.parameters),
    count(layer.bytes),
    count(layer.flops),
  ]);
  const sum = (key: 'parameters' | 'frozenParameters' | 'bytes' | 'flops') =>
    count(layers.reduce((total, layer) => total + layer[key], 0));
  const total = ['total', '', '', sum('parameters'), sum('bytes'), sum('flops')];
  const widths = header.map((_, column) =>
    Math.max(...[header, ...rows, total].map((row) => row[column].length)),
  );
  const line = (row: string[]) =>
    row
      .map((cell, i) => (i >= 3 ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
      .join('  ')
      .trimEnd();
  const inputs = model.inputs
    .map(
      ({ name, shape }) =>
        `${model.inputs.length === 1 ? 'input' : `input ${name}`} ${shape.join(' × ') || 'scalar'}`,
    )
    .join(', ');
  const frozen = sum('frozenParameters');
  const rule = '─'.repeat(widths.reduce((a, b) => a + b + 2, -2));
  return [
    `${model.name}: ${inputs}; outputs and FLOPs of one sample`,
    rule,
    line(header),
    rule,
    ...rows.map(line),
    rule,
    line(total),
    ...(frozen === '0' ? [] : [line(['not trained', '', '', frozen])]),
  ].join('\n');
}

const count = (value: number): string => value.toLocaleString('en-US');
