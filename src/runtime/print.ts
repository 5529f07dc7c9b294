import type { Expression } from '../ops/core/expression.ts';
import type { FillAttrs, InputAttrs, VariableAttrs } from '../ops/core/leaves.ts';
import type { Node, Operand, Tensor } from '../ops/core/op.ts';
import { bytesOf, formatShape } from '../ops/core/shape.ts';
import { mapOp } from '../ops/elementwise/map.ts';
import type { MapAttrs } from '../ops/elementwise/map.ts';
import type { Build } from './build.ts';
import { isTensor, ownerOf } from './lower.ts';
import type { LoweredBinding } from './lower.ts';
import { table } from './table.ts';
import { formatChoice } from './tuning/report.ts';

/**
 * A program as a table: a row per dispatch with its kernel, the variant and the source of that choice (if there was
 * one), the functions fused into it, its workgroups, what it reads and writes, and its FLOPs. `%3` is the result of
 * dispatch 3, `∇w` the gradient of w in its optimizer's memory, `%3 [10] = y` the output y.
 */
export function formatGraph(build: Build): string {
  const name = operandNames(build);
  const outputs = outputNames(build);
  const text = ({ operand }: LoweredBinding) => `${name(operand)} ${formatShape(operand.shape)}`;
  const rows = build.dispatches.map(({ label, kernel, bindings, workgroups, flops, node, choice }, i) => {
    const writes = bindings.filter(({ access }) => access === 'read_write');
    const reads = bindings.filter(({ access }) => access !== 'read_write').map(text);
    const results = writes.map((b) => [text(b), ...(outputs.get(b.operand) ?? [])].join(' = '));
    const last = build.dispatches[i + 1]?.node !== node;
    return [
      String(i),
      label,
      kernel.name,
      formatChoice(choice) || '–',
      (node && last && fusedFunctions(node)) || '–',
      formatWorkgroups(workgroups),
      `${reads.join(', ') || '–'} → ${results.join(', ')}`,
      flops > 0 ? formatCount(flops) : '–',
    ];
  });
  const header = ['#', 'dispatch', 'kernel', 'variant', 'fused', 'workgroups', 'reads → writes', 'FLOPs'];
  const flops = build.dispatches.reduce((sum, dispatch) => sum + dispatch.flops, 0);
  const total = `${plural(build.dispatches.length, 'dispatch', 'dispatches')}, ${formatCount(flops)}FLOP per step`;
  return `${table([header, ...rows], [0, 5, 7])}\n${total}`;
}

/** Functions that one kernel computes besides its own: the steps of a map, or of an epilogue. */
function fusedFunctions({ op, attrs, epilogue }: Node): string {
  const expression = op === mapOp ? (attrs as MapAttrs).expression : epilogue?.expression;
  const steps = expression?.steps.filter(({ fn }) => fn !== 'Value').map(({ fn }) => fn) ?? [];
  return steps.join(', ');
}

/** Columns of a lifetime chart. */
const CHART_WIDTH = 48;

/**
 * The memory of a program: every slab with what lies in it, where, how large, and from which dispatch
 * to which; and what it all takes, with sharing and without.
 */
export function formatPlan(build: Build): string {
  const { plan, blocks, pinned } = build;
  const name = operandNames(build);
  const outputs = outputNames(build);
  const count = Math.max(1, build.dispatches.length);
  const width = Math.min(count, CHART_WIDTH);
  const column = (dispatch: number) => Math.floor((Math.min(dispatch, count - 1) * width) / count);
  const sections = plan.slabBytes.map((bytes, slab) => {
    const placed = blocks
      .map((block) => ({ ...block, ...plan.placements.get(block.key)! }))
      .filter((block) => block.slab === slab)
      .sort((a, b) => a.offset - b.offset || a.first - b.first);
    const rows = placed.map(({ key, offset, first, last }) => {
      const [from, to] = [column(first), column(last)];
      const bar = '·'.repeat(from) + '█'.repeat(to - from + 1) + '·'.repeat(width - 1 - to);
      const wanted = [`${name(key)} ${formatShape(key.shape)}`, ...(outputs.get(key) ?? [])].join(' = ');
      return [String(offset), formatBytes(bytesOf(key)), bar, wanted, isTensor(key) ? key.node.label : ''];
    });
    const scale = `0${String(count - 1).padStart(width - 1)}`;
    const header = ['offset', 'size', width > 1 ? scale : '0', 'tensor', 'of'];
    return `slab ${slab}, ${formatBytes(bytes)}\n${table([header, ...rows], [0, 1])}`;
  });
  const shared = plan.slabBytes.reduce((sum, bytes) => sum + bytes, 0);
  const percent = plan.unsharedBytes > 0 ? Math.round((100 * shared) / plan.unsharedBytes) : 100;
  const summary = [
    `${plural(blocks.length, 'tensor')} in ${plural(plan.slabBytes.length, 'slab')}: ${formatBytes(shared)}; without sharing ${formatBytes(plan.unsharedBytes)} (${percent}%)`,
  ];
  if (pinned.size > 0) {
    const bytes = [...pinned.keys()].reduce((sum, operand) => sum + bytesOf(operand), 0);
    summary.push(`${plural(pinned.size, 'gradient')} in the memory of the optimizers: ${formatBytes(bytes)}`);
  }
  return [...sections, summary.join('\n')].join('\n\n');
}

/** What a table calls each operand: leaves and resources by their names, results by their dispatch. */
export function operandNames({ dispatches, pinned }: Build): (operand: Operand) => string {
  const names = new Map<Operand, string>();
  dispatches.forEach(({ bindings }, i) => {
    for (const { operand, access } of bindings) {
      if (names.has(operand) || access !== 'read_write') continue;
      const target = pinned.get(operand);
      if (target) names.set(operand, `∇${target.variable.name}`);
      else if ('scratch' in operand) names.set(operand, `%${i}.${operand.scratch.split('.').at(-1)}`);
      else if (isTensor(operand) && operand.node.op.kind !== 'leaf') {
        names.set(operand, operand.node.outputs.length > 1 ? `%${i}.${operand.index}` : `%${i}`);
      }
    }
  });
  return (operand) => {
    if ('resource' in operand) return operand.resource;
    return names.get(operand) ?? ('scratch' in operand ? operand.scratch : leafName(operand.node));
  };
}

/** Input, variable or constant: the name its maker gave it. Other nodes: their label. */
export function leafName({ op, attrs, label }: Node): string {
  if (op.name === 'input') return (attrs as InputAttrs).name;
  if (op.name === 'variable') return (attrs as VariableAttrs).variable.name;
  if (op.name === 'fill') return String((attrs as FillAttrs).value);
  return op.kind === 'leaf' ? op.name : label;
}

/** The names under which the program's outputs are read, by the tensor that holds them. */
function outputNames({ outputs }: Build): Map<Operand, string[]> {
  const names = new Map<Operand, string[]>();
  for (const [output, tensor] of Object.entries(outputs)) {
    const owner: Tensor = ownerOf(tensor);
    names.set(owner, [...(names.get(owner) ?? []), output]);
  }
  return names;
}

/** An expression as one nested call, `relu(add(x, bias))`; a long one as the list of its functions. */
export function formatExpression({ steps }: Expression, inputs: readonly string[], longest = 60): string {
  const values = [...inputs];
  for (const { fn, args, literals } of steps) {
    const text = [...args.map((a) => values[a]), ...literals.map((value) => Number(value.toPrecision(6)))];
    const call = fn === 'Value' ? String(text[0]) : `${fn}(${text.join(', ')})`;
    if (call.length > longest)
      return steps
        .map((step) => step.fn)
        .filter((own) => own !== 'Value')
        .join(', ');
    values.push(call);
  }
  return values.at(-1)!;
}

/** `8×4` for (8, 4, 1). */
function formatWorkgroups([x, y, z]: readonly [number, number, number]): string {
  return z > 1 ? `${x}×${y}×${z}` : y > 1 ? `${x}×${y}` : String(x);
}

/** `1.5 KiB` */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const power = Math.min(3, Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1024 ** power).toFixed(1)} ${['', 'KiB', 'MiB', 'GiB'][power]}`;
}

/** `12.3 M` */
function formatCount(count: number): string {
  const power = count < 1000 ? 0 : Math.min(4, Math.floor(Math.log10(count) / 3));
  return power === 0
    ? `${count} `
    : `${(count / 1000 ** power).toFixed(1)} ${['', 'k', 'M', 'G', 'T'][power]}`;
}

function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
