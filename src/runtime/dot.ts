import { topologicalOrder } from '../graph/traverse.ts';
import type { Node, Operand, Tensor } from '../ops/core/op.ts';
import { bytesOf, formatShape } from '../ops/core/shape.ts';
import { mapOp } from '../ops/elementwise/map.ts';
import type { MapAttrs } from '../ops/elementwise/map.ts';
import type { Build } from './build.ts';
import { isTensor, ownerOf } from './lower.ts';
import { leafName } from './describe/names.ts';
import { formatBytes, formatExpression } from './print.ts';

const COLORS = {
  input: '#cfe8fc',
  variable: '#fde9b8',
  constant: '#eeeeee',
  kernel: '#d9f2d9',
  effect: '#f6d5e5',
};

/**
 * The program's graph for Graphviz: a box per node with its shape and what is fused into it, an edge
 * per tensor with its bytes, a dashed edge to a variable from its gradient, and from what is computed in its place.
 *
 * ```sh
 * … > graph.dot && dot -Tsvg graph.dot > graph.svg
 * ```
 */
export function toDot(build: Build): string {
  const effects = build.dispatches.filter(({ node }) => node === undefined);
  const roots = [
    ...Object.values(build.outputs),
    ...[
      ...build.pinned.keys(),
      ...build.assigned.keys(),
      ...effects.flatMap(({ bindings }) => bindings.map((b) => b.operand)),
    ].filter(isTensor),
  ];
  const nodes = topologicalOrder(roots);
  const lines: string[] = [];
  const node = (id: string, text: readonly string[], attributes: Readonly<Record<string, string>>) =>
    lines.push(`${quote(id)} [${attributeList({ label: text.join('\n'), ...attributes })}];`);
  const edge = (from: string, to: string, attributes: Readonly<Record<string, string>>) =>
    lines.push(`${quote(from)} -> ${quote(to)} [${attributeList(attributes)}];`);
  const bytes = (operand: Operand) => {
    const owner = isTensor(operand) ? ownerOf(operand) : operand;
    return formatBytes(bytesOf(build.halves?.get(owner) ?? operand));
  };

  for (const own of nodes) {
    const shapes = own.outputs.map(
      ({ shape, dtype }) => `${formatShape(shape)}${dtype === 'f32' ? '' : ` ${dtype}`}`,
    );
    node(idOf(own), [leafName(own), ...fusedText(own), shapes.join(', ')], styleOf(own));
    own.inputs.forEach((tensor) => edge(idOf(tensor.node), idOf(own), { label: bytes(tensor) }));
  }
  for (const [name, tensor] of Object.entries(build.outputs)) {
    node(`output ${name}`, [name], { shape: 'plaintext', fontcolor: '#b03060' });
    edge(idOf(tensor.node), `output ${name}`, { label: bytes(tensor) });
  }
  const drawn = new Map(
    nodes.flatMap((own) => (own.op.name === 'variable' ? [[own.attrs.variable, idOf(own)]] : [])),
  );
  for (const [operand, { variable }] of build.pinned) {
    const to = drawn.get(variable);
    const attributes = { label: `∇ ${bytes(operand)}`, style: 'dashed', constraint: 'false' };
    if (to !== undefined) edge(idOf((operand as Tensor).node), to, attributes);
  }
  for (const [operand, variable] of build.assigned) {
    const to = drawn.get(variable.node.attrs.variable);
    const attributes = { label: `new ${bytes(operand)}`, style: 'dashed', constraint: 'false' };
    if (to !== undefined) edge(idOf((operand as Tensor).node), to, attributes);
  }
  effects.forEach(({ label, bindings }, i) => {
    const id = `effect ${i}`;
    node(id, [label], { shape: 'box', style: 'filled', fillcolor: COLORS.effect });
    for (const { operand, access } of bindings) {
      if ('scratch' in operand) continue;
      const other = isTensor(operand) ? idOf(operand.node) : `resource ${operand.resource}`;
      if (!isTensor(operand))
        node(other, [operand.resource, formatShape(operand.shape)], { shape: 'cylinder' });
      if (access !== 'read_write') edge(other, id, { label: bytes(operand) });
      else edge(id, other, { label: bytes(operand) });
    }
  });
  const unique = [...new Set(lines)].map((line) => `  ${line}`);
  const style =
    '  node [shape=box, fontname="sans-serif", fontsize=11];\n  edge [fontname="sans-serif", fontsize=9];';
  return `digraph program {\n${style}\n${unique.join('\n')}\n}\n`;
}

const idOf = ({ id }: Node) => `node ${id}`;

/** What is computed in a map, or on the way out of a kernel. */
function fusedText({ op, attrs, inputs, epilogue }: Node): string[] {
  const names = inputs.map(({ node }) => leafName(node));
  if (op === mapOp) return [formatExpression((attrs as MapAttrs).expression, names)];
  if (!epilogue) return [];
  const extras = epilogue.extras.length > 0 ? names.slice(-epilogue.extras.length) : [];
  return [`+ ${formatExpression(epilogue.expression, ['·', ...extras])}`];
}

function styleOf({ op }: Node): Record<string, string> {
  if (op.kind === 'alias') return { style: 'dashed' };
  if (op.kind !== 'leaf')
    return { style: op.kind === 'kernel' ? 'filled' : 'filled,rounded', fillcolor: COLORS.kernel };
  const color = op.name === 'input' || op.name === 'variable' ? COLORS[op.name] : COLORS.constant;
  return { shape: 'ellipse', style: 'filled', fillcolor: color };
}

function quote(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}

function attributeList(attributes: Readonly<Record<string, string>>): string {
  return Object.entries(attributes)
    .map(([key, value]) => `${key}=${quote(value)}`)
    .join(', ');
}
