import { ArgumentError, DeviceLostError } from '../../errors.ts';
import type { Variable } from '../../ops/core/leaves.ts';
import { init } from '../../runtime/session.ts';
import type { Gpu } from '../../runtime/session.ts';
import type { Checkpoint, LoadReport, Saved, Shape } from './checkpoint.ts';
import { planRestore, restoreCheckpoint } from './restoreCheckpoint.ts';
import { TrainingState } from './state.ts';

/** What was compiled, and where. */
export interface Placed {
  readonly gpu: Gpu;
  readonly state: TrainingState;
}

export interface PlacementOptions {
  /** Where to train; default: where it was compiled before, unless that GPU was lost, else a new one on the best adapter. */
  gpu?: Gpu;
  /**
   * Where the weights of what was compiled before come from: `keep` takes them along, `initial` makes them anew.
   * Default keep.
   */
  weights?: 'keep' | 'initial';
}

interface Owner {
  readonly name: string;
  readonly variables: Variable[];
}

/** Which GPU the weights of a model or a GAN lie on, and what was compiled there; and how both come to another one. */
export class Placement<C extends Placed> {
  readonly #owner: Owner;
  /** How to compile, for messages. */
  readonly #call: string;
  readonly #free: (compiled: C) => void;
  #compiled: C | undefined;
  /** The session that `compile` opened itself. */
  #ownGpu: Gpu | undefined;
  /** Restore, in their order, what was loaded before `compile`. */
  #waiting: ((made: C) => LoadReport)[] = [];
  #loaded: LoadReport | undefined;

  /** @param free frees what `make` made; the weights are freed here */
  constructor(owner: Owner, call: string, free: (compiled: C) => void) {
    this.#owner = owner;
    this.#call = call;
    this.#free = free;
  }

  /** Undefined before `compile` and after `destroy`. */
  get current(): C | undefined {
    return this.#compiled;
  }

  /** What was compiled. @throws ArgumentError if nothing was */
  get compiled(): C {
    if (this.#compiled) return this.#compiled;
    throw new ArgumentError(`${this.#owner.name}: call ${this.#call} first`);
  }

  /** What the last file has restored; undefined where none was loaded since the weights got their initial values. */
  get loaded(): LoadReport | undefined {
    return this.#loaded;
  }

  /**
   * Restores a file into what was compiled, or into what will be.
   *
   * @param shape what it is loaded into, before `compile`
   * @param saved what it is loaded into, once that is compiled
   * @throws FormatError if it does not fit; all is then as it was
   */
  load(file: Checkpoint, shape: () => Shape, saved: (compiled: C) => Saved): LoadReport {
    if (this.#compiled) return (this.#loaded = restoreCheckpoint(saved(this.#compiled), file));
    const own = shape();
    const { report } = planRestore(own, file);
    // Names may change until then: those of now are meant.
    const names = own.parts.map(({ variables }) => variables);
    const restore = (made: C) => restoreCheckpoint(saved(made), file, names);
    if (file.partial) this.#waiting.push(restore);
    else this.#waiting = [restore];
    return (this.#loaded = report);
  }

  /** What was compiled, if it can be used. @throws DeviceLostError if its GPU is lost, or its weights were lost with one */
  usable(): C {
    const { compiled } = this;
    compiled.gpu.device.check();
    if (!compiled.state.weightsLost) return compiled;
    throw new DeviceLostError(
      `${this.#owner.name}: its weights were lost with the GPU that they lay on; load a saved file, or start anew with compile({ weights: 'initial' })`,
      'unknown',
    );
  }

  /**
   * Compiles for a GPU: ends the work on what was compiled before, takes the weights along, and frees the rest. If it
   * fails, what was compiled before stays usable.
   *
   * @param make compiles; the weights have their memory when it is called
   */
  async compile(
    { gpu: given, weights = 'keep' }: PlacementOptions,
    make: (gpu: Gpu, state: TrainingState) => C,
  ): Promise<C> {
    const { name, variables } = this.#owner;
    if (weights !== 'keep' && weights !== 'initial') {
      throw new ArgumentError(`${name}: weights is ${String(weights)}; choose keep or initial`);
    }
    const before = this.#compiled;
    const own = before && !before.gpu.device.isLost ? before.gpu : undefined;
    const opened = given || own ? undefined : await init();
    const gpu = given ?? own ?? opened!;
    let made: C;
    try {
      gpu.device.check();
      before?.state.lifetime.end(`${name}: was compiled anew while it was at work`);
      const moves = before && before.gpu !== gpu && weights === 'keep';
      const values = moves ? await this.#weightsOn(before) : [];
      const state = new TrainingState();
      if (weights === 'keep') state.trainedOn = before?.state.trainedOn;
      made = make(gpu, state);
      if (weights === 'initial') gpu.variables.initialize(variables);
      gpu.variables.allocate(variables, `${name} state`);
      gpu.variables.retain(variables);
      for (const [variable, own] of values ?? []) gpu.variables.write(variable, own);
      state.weightsLost = values === undefined;
      if (weights === 'initial') this.#loaded = undefined;
      else for (const restore of this.#waiting) this.#loaded = restore(made);
    } catch (error) {
      opened?.destroy();
      if (before && this.#compiled === before) {
        this.#compiled = { ...before, state: before.state.renewed() };
      }
      throw error;
    }
    this.#release();
    if (this.#ownGpu !== gpu) this.#closeOwnGpu();
    this.#ownGpu = opened ?? this.#ownGpu;
    this.#compiled = made;
    this.#waiting = [];
    return made;
  }

  /** The weights as they lie on a GPU; undefined where they were lost with it. */
  async #weightsOn({ gpu, state }: C): Promise<Iterable<[Variable, Float32Array]> | undefined> {
    if (state.weightsLost) return undefined;
    try {
      return await gpu.variables.readAll(this.#owner.variables);
    } catch (error) {
      if (error instanceof DeviceLostError) return undefined;
      throw error;
    }
  }

  /** Ends the work under way and frees all. */
  destroy(): void {
    this.#compiled?.state.lifetime.end(`${this.#owner.name}: was destroyed while it was at work`);
    this.#release();
    this.#compiled = undefined;
    this.#closeOwnGpu();
  }

  #release(): void {
    if (!this.#compiled) return;
    this.#free(this.#compiled);
    this.#compiled.gpu.variables.release(this.#owner.variables);
  }

  #closeOwnGpu(): void {
    this.#ownGpu?.destroy();
    this.#ownGpu = undefined;
  }
}
