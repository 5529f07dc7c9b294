import { randomStream } from '../../data/random.ts';
import type { Device } from '../../device/device.ts';
import { DeviceLostError, WgradError } from '../../errors.ts';
import { checkLimits, PipelineCache } from '../../kernels/pipelineCache.ts';
import { input } from '../../ops/core/leaves.ts';
import { createNode } from '../../ops/core/node.ts';
import type { Node, Target, Tensor } from '../../ops/core/op.ts';
import { sizeOf } from '../../ops/core/shape.ts';
import { build } from '../build.ts';
import type { Build } from '../build.ts';
import type { Location } from '../location.ts';
import { checkBinding, inputUsage } from '../memory.ts';
import { Program } from '../program.ts';
import type { VariableStore } from '../variables.ts';
import { agreeing, isTelling } from './agreement.ts';
import type { Outputs } from './agreement.ts';
import type { Choice, Question } from './choice.ts';
import { halve } from './halving.ts';
import type { TunedChoice } from './measurements.ts';
import { Stopwatch } from './stopwatch.ts';

export interface TunerContext {
  readonly device: Device;
  readonly variables: VariableStore;
  readonly target: Target;
}

/** The result of a candidate: its time, or why it was not timed. */
export interface Trial {
  readonly variant: string;
  readonly microseconds?: number;
  readonly refused?: string;
}

/** One choice, measured. */
export interface TuningReport {
  /** Of the first node that has this choice. */
  readonly label: string;
  readonly key: string;
  /** What is taken from now on. */
  readonly choice: TunedChoice;
  readonly trials: readonly Trial[];
  /** Of the candidates that gave other numbers than most: kernels that are wrong on this device. */
  readonly wrong: readonly string[];
}

/** The factor by which the winner must be faster than the rule's choice: less may be noise. */
const LEAST_GAIN = 1.03;

interface Candidate {
  readonly variant: string;
  readonly build: Build;
  program?: Program;
  outputs?: Outputs;
  refused?: string;
}

/** One choice with its candidates, as far as they are known without a GPU. */
interface Contest {
  readonly label: string;
  readonly question: Question;
  readonly candidates: readonly Candidate[];
  readonly inputs: readonly Tensor[];
}

/**
 * Measures choices: programs of the single op, one per candidate, are compiled together, compared with each other on
 * random inputs, and timed. `tell` is called with each choice as soon as it is made.
 *
 * @throws DeviceLostError; any other error of a candidate only excludes that candidate
 */
export async function measureChoices(
  context: TunerContext,
  choices: readonly Choice[],
  tell: (report: TuningReport, done: number) => void,
): Promise<void> {
  const contests = choices.map((choice) => contestOf(context, choice));
  // A cache of their own, which goes with the losers.
  const pipelines = new PipelineCache(context.device.gpu);
  const all = contests.flatMap(({ label, candidates }) =>
    candidates.flatMap(({ build: own }) => own.dispatches.map(({ kernel }) => pipelines.get(kernel, label))),
  );
  await context.device.untilLost(Promise.allSettled(all));
  const stopwatch = new Stopwatch(context.device);
  try {
    for (const [i, contest] of contests.entries()) {
      const report = await hold(context, pipelines, stopwatch, contest);
      if (report) tell(report, i + 1);
    }
  } finally {
    stopwatch.destroy();
  }
}

/** Whether an error only excludes a candidate; the loss of the device ends all measuring. */
const isOfCandidate = (error: unknown): error is WgradError =>
  error instanceof WgradError && !(error instanceof DeviceLostError);

/** Lowers every candidate. Those beyond the device's limits are excluded, and of equal plans the first one stays. */
function contestOf(context: TunerContext, { node, question }: Choice): Contest {
  const { inputs, outputs } = standIn(node!);
  const { maxBufferSize, maxStorageBufferBindingSize } = context.device.limits;
  const plans = new Set<string>();
  const candidates: Candidate[] = [];
  const names = [question!.preferred, ...question!.candidates.filter((own) => own !== question!.preferred)];
  for (const variant of names) {
    try {
      const built = build(
        { outputs, objectives: [], effects: [] },
        {
          target: context.target,
          answers: { find: () => ({ variant, by: 'tuned' }) },
          maxSlabBytes: Math.min(maxBufferSize, maxStorageBufferBindingSize),
        },
      );
      for (const { label, kernel, bindings } of built.dispatches) {
        checkLimits(kernel, label, context.device.gpu);
        for (const { operand } of bindings) checkBinding(context.device, label, operand);
      }
      const plan = fingerprintOf({ build: built });
      if (!plans.has(plan)) candidates.push({ variant, build: built });
      plans.add(plan);
    } catch (error) {
      if (!isOfCandidate(error)) throw error;
    }
  }
  return { label: node!.label, question: question!, candidates, inputs };
}

const fingerprintOf = ({ build: { dispatches } }: Pick<Candidate, 'build'>): string =>
  dispatches.find(({ choice }) => choice !== undefined)!.choice!.fingerprint();

/** The same node with inputs of its own, and its outputs by name. */
function standIn(node: Node): { inputs: Tensor[]; outputs: Record<string, Tensor> } {
  const made = new Map<Tensor, Tensor>();
  const replace = (tensor: Tensor): Tensor => {
    if (tensor.node.op.name === 'programState') return tensor;
    const known = made.get(tensor) ?? input(`input ${made.size}`, tensor.shape, tensor.dtype);
    made.set(tensor, known);
    return known;
  };
  const inputs = node.inputs.map(replace);
  const epilogue = node.epilogue && {
    ...node.epilogue,
    extras: node.epilogue.extras.map((extra) => ({ ...extra, tensor: replace(extra.tensor) })),
  };
  const own = createNode(node.op, inputs, node.attrs, node.outputs, node.label, epilogue);
  return {
    inputs: [...made.values()],
    outputs: Object.fromEntries(own.outputs.map((tensor, i) => [`output ${i}`, tensor])),
  };
}

/** Measures one choice. Undefined where there is nothing to compare: fewer than two candidates, or none that runs. */
async function hold(
  context: TunerContext,
  pipelines: PipelineCache,
  stopwatch: Stopwatch,
  { label, question, candidates, inputs }: Contest,
): Promise<TuningReport | undefined> {
  const { device } = context;
  if (candidates.length < 2) return undefined;
  const buffers = new Map<Tensor, Location>();
  try {
    await device.scoped(`tuning ${label}`, () => {
      for (const tensor of inputs) buffers.set(tensor, randomInput(device, tensor, buffers.size, 'signed'));
    });
    await Promise.all(
      candidates.map((own) =>
        attempt(own, async () => {
          const options = { label: `${label} ${own.variant}`, buffers };
          own.program = await Program.create({ ...context, pipelines }, own.build, options);
        }),
      ),
    );
    await runAll(candidates);
    // Where signed numbers give no finite results (the root of a negative variance), positive ones may.
    const [first] = candidates;
    if (first.outputs && !isTelling(first.outputs)) {
      inputs.forEach((tensor, i) =>
        device.write(buffers.get(tensor)!.buffer, 0, randomValues(tensor, i, 'positive')),
      );
      await runAll(candidates);
    }
    const run = candidates.filter(({ outputs }) => outputs !== undefined);
    if (run.length < 2 || !isTelling(run[0].outputs!)) return undefined;
    const right = agreeing(run, ({ outputs }) => outputs!);
    const wrong = run.filter((own) => !right.has(own));
    for (const own of wrong) own.refused = 'its numbers differ from those of the others';
    const field = [...right];
    const [keep] = field; // the rule's choice, unless it is wrong
    const times = await halve(field, keep, ({ program }) => stopwatch.time(program!));
    const fastest = field.reduce((best, own) => (times.get(own)! < times.get(best)! ? own : best));
    const winner = times.get(keep)! >= LEAST_GAIN * times.get(fastest)! ? fastest : keep;
    return {
      label,
      key: question.key,
      choice: {
        variant: winner.variant,
        microseconds: times.get(winner)!,
        rule: keep.variant,
        ruleMicroseconds: times.get(keep)!,
        sources: question.sources,
        fingerprint: fingerprintOf(winner),
      },
      trials: candidates.map((own) => ({
        variant: own.variant,
        microseconds: times.get(own),
        refused: own.refused,
      })),
      wrong: wrong.map(({ variant }) => variant),
    };
  } finally {
    for (const { program } of candidates) program?.destroy();
    for (const { buffer } of buffers.values()) buffer.destroy();
  }
}

/** Runs a part of a candidate's contest; an error there excludes the candidate. */
async function attempt(candidate: Candidate, part: () => Promise<void>): Promise<void> {
  try {
    await part();
  } catch (error) {
    if (!isOfCandidate(error)) throw error;
    candidate.refused = error.message;
    candidate.outputs = undefined;
  }
}

async function runAll(candidates: readonly Candidate[]): Promise<void> {
  for (const own of candidates) {
    const { program } = own;
    if (!program || own.refused !== undefined) continue;
    await attempt(own, async () => {
      program.reset(0);
      await program.step();
      await program.finish();
      const names = Object.keys(own.build.outputs);
      own.outputs = await Promise.all(names.map((name) => program.read(name)));
    });
  }
}

function randomInput(device: Device, tensor: Tensor, stream: number, range: Range): Location {
  const values = randomValues(tensor, stream, range);
  const buffer = device.createBuffer('tuner', values.byteLength, inputUsage());
  device.write(buffer, 0, values);
  return { buffer, offset: 0, bytes: values.byteLength };
}

type Range = 'signed' | 'positive';

/**
 * Numbers from −1 to 1, or from ½ to 1½. Whole numbers are 0 or 1, which nearly everything takes: classes, positions,
 * masks, bytes.
 */
function randomValues(
  { shape, dtype }: Tensor,
  stream: number,
  range: Range,
): Float32Array | Uint32Array | Uint8Array {
  const next = randomStream(1, stream);
  const length = sizeOf(shape);
  if (dtype === 'f32') {
    return Float32Array.from({ length }, () => (range === 'signed' ? 2 * next() - 1 : 0.5 + next()));
  }
  const bit = () => (next() < 0.5 ? 0 : 1);
  if (dtype === 'u8') return Uint8Array.from({ length: Math.ceil(length / 4) * 4 }, bit);
  return Uint32Array.from({ length }, bit);
}
