import { usesOf } from '../../kernels/uses.ts';
import type { Operand } from '../../ops/core/op.ts';
import { bytesOf } from '../../ops/core/shape.ts';
import type { Build } from '../build.ts';
import type { Command } from '../commands.ts';
import { isTensor } from '../lower.ts';
import { operandNames } from './names.ts';
import type { MemoryKind, StepEdge, StepSource } from './types.ts';

/** Bytes of a piece of memory: a tensor of the plan, or a buffer that lasts. */
interface Range {
  readonly memory: Operand | GPUBuffer;
  readonly from: number;
  readonly to: number;
}

interface Access extends Range {
  readonly dispatch: number;
  readonly operand: Operand;
  readonly reads: boolean;
  readonly writes: boolean;
}

/** Where a program's buffers are bound: `program.commands`. */
type Bound = readonly Pick<Command, 'bound'>[];

/**
 * Which dispatch's result each dispatch reads. Tensors of the plan are told apart though they share memory; what lasts is
 * followed by its place: an optimizer reads the gradients in one piece, which many dispatches have written.
 */
export function describeEdges(build: Build, commands: Bound): { edges: StepEdge[]; sources: StepSource[] } {
  const { dispatches, plan, pinned, assigned } = build;
  const name = operandNames(build);
  const all = dispatches.map((_, i) => accessesOf(build, commands, i));
  const variables = all.flat().filter(({ operand }) => leafOf(operand) === 'variable');
  const sources = new Map<Operand, StepSource>();
  const edges = new Map<string, StepEdge>();
  let written: Access[] = [];

  const add = (from: number, to: number, operand: Operand, kind: MemoryKind) => {
    const tensor = name(operand);
    const { shape, dtype } = operand;
    edges.set(`${from} ${to} ${tensor}`, { from, to, tensor, kind, shape, dtype });
  };
  const addSource = (access: Access) => {
    const { operand, dispatch } = access;
    const kind = variables.some((own) => overlap(own, access)) ? 'variable' : lastingKind(operand);
    const known = sources.get(operand) ?? { name: name(operand), kind, shape: operand.shape };
    sources.set(operand, known);
    add(-1 - [...sources.keys()].indexOf(operand), dispatch, operand, known.kind);
  };

  for (const accesses of all) {
    for (const access of accesses.filter(({ reads }) => reads)) {
      const writers = written.filter((own) => overlap(own, access));
      for (const { dispatch, operand } of writers) {
        const own = assigned.has(operand) ? 'variable' : lastingKind(operand);
        const kind = pinned.has(operand) ? 'gradient' : own;
        add(dispatch, access.dispatch, operand, plan.placements.has(operand) ? 'tensor' : kind);
      }
      if (writers.length === 0) addSource(access);
    }
    for (const access of accesses.filter(({ writes }) => writes)) {
      // What it has made of the old values stands for them.
      if (access.reads) written = written.filter((own) => !overlap(own, access));
      written.push(access);
    }
  }
  return { edges: [...edges.values()], sources: [...sources.values()] };
}

function accessesOf({ dispatches, plan }: Build, commands: Bound, dispatch: number): Access[] {
  const { kernel, bindings } = dispatches[dispatch];
  const uses = usesOf(kernel);
  return bindings.map(({ operand, slice, name }) => {
    const bytes = slice?.bytes ?? bytesOf(operand);
    const { buffer, offset } = commands[dispatch].bound.get(name)!;
    const [memory, from] = plan.placements.has(operand) ? [operand, slice?.offset ?? 0] : [buffer, offset];
    return { dispatch, operand, memory, from, to: from + bytes, ...uses.get(name)! };
  });
}

const overlap = (a: Range, b: Range): boolean => a.memory === b.memory && a.from < b.to && b.from < a.to;

const leafOf = (operand: Operand): string => (isTensor(operand) ? operand.node.op.name : '');

function lastingKind(operand: Operand): StepSource['kind'] {
  if (!isTensor(operand)) return 'state';
  const leaf = leafOf(operand);
  return leaf === 'variable' || leaf === 'input' ? leaf : leaf === 'programState' ? 'state' : 'constant';
}
