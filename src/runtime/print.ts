import type { Expression } from '../ops/core/expression.ts';
import { formatShape } from '../ops/core/shape.ts';
import type { Build } from './build.ts';
import { describeMemory } from './describe/memory.ts';
import { describeNodes } from './describe/nodes.ts';
import { table } from './table.ts';

/**
 * A program as a table: a row per dispatch with its kernel, the variant and the source of that choice (if there was
 * one), the functions fused into it, its workgroups, what it reads and writes, and its FLOPs. `%3` is the result of
 * dispatch 3, `∇w` the gradient of w in its optimizer's memory, `%3 [10] = y` the output y.
 */
export function formatGraph(build: Build): string {
  const nodes = describeNodes(build);
  const rows = nodes.map(({ index, label, kernel, variant, fused, workgroups, bindings, flops }) => {
    const writes = bindings.filter(({ access }) => access === 'read_write');
    const reads = bindings.filter(({ access }) => access !== 'read_write').map(textOf);
    const results = writes.map((own) => [textOf(own), ...own.outputs].join(' = '));
    return [
      String(index),
      label,
      kernel,
      variant || '–',
      fused.join(', ') || '–',
      formatWorkgroups(workgroups),
      `${reads.join(', ') || '–'} → ${results.join(', ')}`,
      flops > 0 ? formatCount(flops) : '–',
    ];
  });
  const header = ['#', 'dispatch', 'kernel', 'variant', 'fused', 'workgroups', 'reads → writes', 'FLOPs'];
  const flops = nodes.reduce((sum, node) => sum + node.flops, 0);
  const total = `${plural(nodes.length, 'dispatch', 'dispatches')}, ${formatCount(flops)}FLOP per step`;
  return `${table([header, ...rows], [0, 5, 7])}\n${total}`;
}

const textOf = ({ tensor, shape }: { readonly tensor: string; readonly shape: readonly number[] }): string =>
  `${tensor} ${formatShape(shape)}`;

/** Columns of a lifetime chart. */
const CHART_WIDTH = 48;

/**
 * The memory of a program: every slab with what lies in it, where, how large, and from which dispatch
 * to which; and what it all takes, with sharing and without.
 */
export function formatPlan(build: Build): string {
  const { slabs, tensors, unshared, kept, gradients } = describeMemory(build);
  const count = Math.max(1, build.dispatches.length);
  const width = Math.min(count, CHART_WIDTH);
  const column = (dispatch: number) => Math.floor((Math.min(dispatch, count - 1) * width) / count);
  const sections = slabs.map((bytes, slab) => {
    const rows = tensors
      .filter((own) => own.slab === slab)
      .map(({ name, shape, offset, bytes: size, from, to, of, outputs }) => {
        const [first, last] = [column(from), column(to)];
        const bar = '·'.repeat(first) + '█'.repeat(last - first + 1) + '·'.repeat(width - 1 - last);
        const wanted = [textOf({ tensor: name, shape }), ...outputs].join(' = ');
        return [String(offset), formatBytes(size), bar, wanted, of];
      });
    const scale = `0${String(count - 1).padStart(width - 1)}`;
    const header = ['offset', 'size', width > 1 ? scale : '0', 'tensor', 'of'];
    return `slab ${slab}, ${formatBytes(bytes)}\n${table([header, ...rows], [0, 1])}`;
  });
  const shared = slabs.reduce((sum, bytes) => sum + bytes, 0);
  const percent = unshared > 0 ? Math.round((100 * shared) / unshared) : 100;
  const summary = [
    `${plural(tensors.length, 'tensor')} in ${plural(slabs.length, 'slab')}: ${formatBytes(shared)}; without sharing ${formatBytes(unshared)} (${percent}%)`,
  ];
  if (kept !== undefined) summary.push(`if nothing were computed again: ${formatBytes(kept)}`);
  if (gradients.count > 0) {
    const { count: own, bytes } = gradients;
    summary.push(`${plural(own, 'gradient')} in the memory of the optimizers: ${formatBytes(bytes)}`);
  }
  return [...sections, summary.join('\n')].join('\n\n');
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
