import type { Program } from '../../../src/index.ts';
import { dispatchInfos, kernelCodes } from '../../shared/dispatches.ts';
import type { FromWorker } from '../protocol.ts';
import type { Trainee } from './trainee.ts';

/** The steps that a run has compiled, by the part of the trainee that they train; the page is told of one at a time. */
export class StepPrograms {
  readonly #trainee: Pick<Trainee<never>, 'part' | 'kernels'>;
  readonly #post: (message: FromWorker) => void;
  readonly #programs = new Map<string, Program>();
  /** The part whose step the page was told of. */
  #told: string | undefined;

  constructor(trainee: Pick<Trainee<never>, 'part' | 'kernels'>, post: (message: FromWorker) => void) {
    this.#trainee = trainee;
    this.#post = post;
  }

  /** The one that the page was told of. */
  get told(): Program | undefined {
    return this.#told === undefined ? undefined : this.#programs.get(this.#told);
  }

  add(program: Program, part: string): void {
    this.#programs.set(part, program);
  }

  clear(): void {
    this.#programs.clear();
  }

  tell(program: Program, part: string): void {
    this.#told = part;
    const kernels = this.#trainee.kernels?.(program) ?? kernelCodes(program);
    const dispatches = dispatchInfos(program);
    const facts = { dispatches, planBytes: program.planBytes, kernels, part: part || undefined };
    this.#post({ type: 'program', facts });
  }

  /** The trainee may train another part from now on: the page is told of its step, unless that is still to be compiled. */
  follow(): void {
    const { part = '' } = this.#trainee;
    const program = this.#programs.get(part);
    if (program && !program.isDestroyed && part !== this.#told) this.tell(program, part);
  }
}
