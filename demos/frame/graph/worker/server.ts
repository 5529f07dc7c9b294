import { KernelError } from '../../../../src/index.ts';
import type { Gpu, Program } from '../../../../src/index.ts';
import { describeProgram } from '../../../../src/runtime/describe/index.ts';
import type { PanelRenderer } from '../../../drawing/renderer.ts';
import type { GraphCalls, StepCode, StepEdit, StepEdits, StepPictures } from '../calls.ts';
import type { StepGraph, StepTimes } from '../stepGraph.ts';
import { measure } from './measure.ts';
import { NodePictures } from './pictures.ts';

/** What the frame's worker has of a training. */
export interface GraphSession {
  readonly gpu: Gpu;
  readonly renderer: Pick<PanelRenderer, 'show' | 'hide' | 'draw'>;
  readonly runner: GraphRunner;
}

export interface GraphRunner {
  /** The step that trains now. */
  readonly program: Program | undefined;
  /** Compiles it, where that waits for someone who trains. */
  prepare(): void;
  /** Steps wait for this. */
  aside: Promise<unknown> | undefined;
  /** Draws what else is looked at, after the panels of the page. */
  alsoLook: (() => Promise<void>) | undefined;
  /** Awaited when a step has been compiled, before it runs. */
  alsoReady: ((program: Program) => Promise<void>) | undefined;
}

/** Answers what the graph in the page asks (`GraphCalls`), one question at a time. */
export class GraphServer {
  #last: Promise<unknown> = Promise.resolve();
  #described: { readonly program: Program; readonly graph: StepGraph } | undefined;
  #pictures: NodePictures | undefined;
  /** What the reader has edited last, by kernel file; of the step that is served now. */
  #texts = new Map<string, string>();
  #edited: Program | undefined;

  /** Undefined where the step that was asked about is gone: the page is told of the next one, and asks again. */
  async answer(
    session: GraphSession,
    name: string,
    args: readonly unknown[],
  ): Promise<{ readonly value: unknown } | undefined> {
    const answer = this.#last.then(async () => {
      const program = stepOf(session);
      if (!program) session.runner.prepare();
      if (name === 'graph') return { value: program && this.#graph(program) };
      if (!program || (typeof args[0] === 'number' && !program.commands[args[0]])) return undefined;
      const answers: Answers = {
        graph: () => this.#graph(program),
        graphCode: (index) => codeOf(program, index),
        graphMeasure: () => this.#measure(session, program),
        graphLook: (index) => this.#look(session, program, index),
        graphReplace: (...own) => {
          session.runner.alsoReady = (compiled) => this.#editAgain(compiled);
          return this.#replace(program, ...own);
        },
        graphEdits: () => this.#edits(program),
        graphInspect: (index) => program.inspect(index),
      };
      const call = answers[name as keyof GraphCalls] as (...own: readonly unknown[]) => unknown;
      try {
        return { value: await call(...args) };
      } catch (error) {
        if (program.isDestroyed) return undefined;
        throw error;
      }
    });
    this.#last = answer.catch(() => {});
    return answer;
  }

  #graph(program: Program): StepGraph {
    if (this.#described?.program !== program) this.#described = { program, graph: describeProgram(program) };
    return this.#described.graph;
  }

  async #measure({ gpu, runner }: GraphSession, program: Program): Promise<StepTimes> {
    const measuring = measure(gpu, program);
    runner.aside = measuring.catch(() => {});
    try {
      return await measuring;
    } finally {
      runner.aside = undefined;
    }
  }

  async #look(
    { gpu, renderer, runner }: GraphSession,
    program: Program,
    index: number | undefined,
  ): Promise<StepPictures> {
    this.#pictures?.destroy();
    this.#pictures = undefined;
    runner.alsoLook = undefined;
    if (index === undefined) return { output: undefined, gradient: undefined };
    const graph = this.#graph(program);
    const pictures = await NodePictures.create(gpu, renderer, program, graph, index);
    this.#pictures = pictures;
    runner.alsoLook = async () => {
      if (this.#pictures !== pictures || program.isDestroyed) return;
      try {
        await pictures.draw();
      } catch (error) {
        if (!program.isDestroyed) throw error; // else the page is told of another step
      }
    };
    return pictures.pictures;
  }

  async #replace(
    program: Program,
    index: number,
    source: string | undefined,
    everywhere = false,
  ): Promise<StepEdit> {
    const { file } = program.build.dispatches[index].source;
    const chosen = everywhere ? usersOf(program, file.name) : [index];
    if (this.#edited !== program) this.#texts.clear();
    this.#edited = program;
    const before = chosen.map((own) => program.commands[own].dispatch.source.file.source);
    let text = '';
    try {
      for (const own of chosen) {
        const trial = async () => {
          const { tryEdit } = await import('./trial.ts');
          const said = tryEdit(await original(program, own), source!);
          if (own === index) text = said;
        };
        await program.replace(own, source ?? file.source, source === undefined ? undefined : trial);
      }
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      for (const [i, own] of chosen.entries()) await program.replace(own, before[i]); // all or none
      return { isUsed: false, messages: error.messages, text: error.message.split('\n')[0] };
    }
    if (source === undefined) this.#texts.delete(file.name);
    else this.#texts.set(file.name, source);
    return { isUsed: true, messages: [], text };
  }

  /** The same step of the same network, compiled for another run: there the edits have run already. */
  async #editAgain(program: Program): Promise<void> {
    const before = this.#edited;
    if (!before || before === program) return;
    const edits = editsOf(before);
    const codeOfBuild = ({ build }: Program, index: number) => build.dispatches[index]?.kernel.code;
    if (!edits.every((index) => codeOfBuild(program, index) === codeOfBuild(before, index))) return;
    for (const index of edits)
      await program.replace(index, before.commands[index].dispatch.source.file.source);
    this.#edited = program;
  }

  #edits(program: Program): StepEdits {
    const edited = editsOf(program);
    const isThere = (kernel: string, text: string) =>
      usersOf(program, kernel).some((i) => program.commands[i].dispatch.source.file.source === text);
    const texts = this.#edited === program ? [] : [...this.#texts].filter((own) => !isThere(...own));
    return { edited, dropped: texts.map(([kernel, source]) => ({ kernel, source })) };
  }
}

type Answers = {
  readonly [K in keyof GraphCalls]: (
    ...args: Parameters<GraphCalls[K]>
  ) => ReturnType<GraphCalls[K]> | Promise<ReturnType<GraphCalls[K]>>;
};

/** The step that trains now; undefined while there is none. */
const stepOf = ({ runner: { program } }: GraphSession): Program | undefined =>
  program?.isDestroyed ? undefined : program;

function codeOf(program: Program, index: number): StepCode {
  const { source, kernel } = program.commands[index].dispatch;
  const users = usersOf(program, source.file.name);
  return { source: source.file.source, code: kernel.code, edited: isEdited(program, index), users };
}

const editsOf = (program: Program): number[] =>
  program.commands.flatMap((_, i) => (isEdited(program, i) ? [i] : []));

const isEdited = ({ commands, build }: Program, index: number): boolean =>
  commands[index].dispatch.source.file.source !== build.dispatches[index].source.file.source;

const usersOf = ({ build }: Program, kernel: string): number[] =>
  build.dispatches.flatMap((dispatch, i) => (dispatch.source.file.name === kernel ? [i] : []));

/** What a dispatch finds, with the kernel of the build. */
const original = async (program: Program, index: number) => ({
  ...(await program.inspect(index)),
  source: program.build.dispatches[index].source,
});
