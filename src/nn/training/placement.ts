import { ArgumentError, DeviceLostError, InterruptedError } from '../../errors.ts';
import type { Variable } from '../../ops/core/leaves.ts';
import { describe } from '../../options.ts';
import type { OptionTable } from '../../options.ts';
import { Gpu, init } from '../../runtime/session.ts';
import { holdersOf } from '../../runtime/variables.ts';
import type { Checkpoint, LoadReport, Saved, Shape, Snapshot } from './checkpoint.ts';
import type { MaybePromise } from '../registry.ts';
import { Lifetime } from './lifetime.ts';
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
   * Which weights a model gets that was compiled before: `keep` keeps them, `initial` initializes them again.
   * Default keep.
   */
  weights?: 'keep' | 'initial';
}

export const placementOptions: OptionTable<PlacementOptions> = { gpu: true, weights: true };

/** A GPU that is still to be opened. */
export interface Opening {
  readonly open: () => Promise<Gpu>;
  /** Whether it is destroyed together with what is compiled for it. */
  readonly owned: boolean;
}

interface Owner {
  readonly name: string;
  readonly variables: Variable[];
}

export interface PlacementHooks<C> {
  /**
   * Frees what uses the compiled model: its lifetime has just ended.
   *
   * @param recovers whether the running training continues
   */
  readonly end: (compiled: C, recovers: boolean) => void;
  /** Frees what `make` made. The weights are freed by the placement. */
  readonly free: (compiled: C) => void;
}

/** Which GPU the weights of a model or a GAN are on, and what was compiled there; and how both move to another one. */
export class Placement<C extends Placed> {
  readonly #owner: Owner;
  /** How to compile, for messages. */
  readonly #call: string;
  readonly #hooks: PlacementHooks<C>;
  #compiled: C | undefined;
  /** The lifetime of the running compilation. */
  #compiling: Lifetime | undefined;
  /** How the last `compile` did it. */
  #make: ((gpu: Gpu, state: TrainingState) => C) | undefined;
  /** The session that `compile` opened itself. */
  #ownGpu: Gpu | undefined;
  /** They restore, in order, what was loaded before `compile`. */
  #waiting: ((made: C) => LoadReport)[] = [];
  #loaded: LoadReport | undefined;

  constructor(owner: Owner, call: string, hooks: PlacementHooks<C>) {
    this.#owner = owner;
    this.#call = call;
    this.#hooks = hooks;
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
   * @throws ArgumentError while it is being compiled or saved
   */
  load(file: Checkpoint, shape: () => Shape, saved: (compiled: C) => Saved): LoadReport {
    const { name } = this.#owner;
    if (this.#compiling) {
      throw new ArgumentError(`${name}: load was called while it is being compiled; await compile first`);
    }
    if (this.#compiled?.state.lock.isHeld) {
      throw new ArgumentError(`${name}: load was called while it is being saved; await that first`);
    }
    this.#compiled?.gpu.variables.requireUnclaimed(this.#owner.variables, `${name}: load was called`);
    if (this.#compiled) return (this.#loaded = restoreCheckpoint(saved(this.#compiled), file));
    const own = shape();
    const { report } = planRestore(own, file);
    // Names may change until then: the present ones count.
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
      `${this.#owner.name}: its weights were lost with their GPU; load a saved file, or start again with compile({ weights: 'initial' })`,
      'unknown',
    );
  }

  /**
   * Compiles for a GPU: ends the work on what was compiled before, takes the weights along, and frees the rest. If it
   * fails, what was compiled before stays usable.
   *
   * @param make compiles; the weights have their memory and their values when it is called. A promise of it, where names are
   *   still to be loaded, is part of the compilation: of two of them the later one counts, whatever comes first
   * @throws InterruptedError if it is destroyed or compiled again meanwhile
   */
  async compile(
    { gpu: given, weights = 'keep' }: PlacementOptions,
    make: MaybePromise<(gpu: Gpu, state: TrainingState) => C>,
  ): Promise<C> {
    if (make instanceof Promise) make.catch(() => {}); // it is awaited below, unless something else fails first
    const { name } = this.#owner;
    if (weights !== 'keep' && weights !== 'initial') {
      throw new ArgumentError(`${name}: weights is ${String(weights)}; choose keep or initial`);
    }
    if (given !== undefined && !(given instanceof Gpu)) {
      throw new ArgumentError(`${name}: gpu is ${describe(given)}; pass what init() gives, awaited`);
    }
    const before = this.#compiled;
    const own = before && !before.gpu.device.isLost ? before.gpu : undefined;
    const open = before?.gpu.reopen ?? init;
    return this.#place(given ?? own ?? { open, owned: true }, weights, make);
  }

  /** Compiles as before, with the weights' initial values. */
  async again(): Promise<C> {
    return this.#place(this.compiled.gpu, 'initial', this.#make!);
  }

  /**
   * How a training that begins now continues after the loss of its GPU: it is compiled again on another one, with weights,
   * optimizer and clock of a checkpoint. @throws InterruptedError if it is destroyed or compiled by other code meanwhile
   */
  recovery(saved: (compiled: C) => Saved): (snapshot: Snapshot, opening: Opening) => Promise<C> {
    const make = this.#make!;
    return async ({ file, names }, opening) => {
      if (!this.#compiled || this.#make !== make) {
        throw new InterruptedError(
          `${this.#owner.name}: was destroyed or compiled again after its GPU was lost`,
        );
      }
      const loaded = this.#loaded;
      const made = await this.#place(opening, 'initial', make, true);
      restoreCheckpoint(saved(made), file, names);
      this.#loaded = loaded;
      return made;
    };
  }

  async #place(
    on: Gpu | Opening,
    weights: 'keep' | 'initial',
    make: MaybePromise<(gpu: Gpu, state: TrainingState) => C>,
    recovers = false,
  ): Promise<C> {
    const { name, variables } = this.#owner;
    this.#compiling?.end(`${name}: was compiled again while it was being compiled`);
    const lifetime = new Lifetime();
    this.#compiling = lifetime;
    const before = this.#compiled;
    let opened: Gpu | undefined;
    try {
      const makes = make instanceof Promise ? await lifetime.race(make) : make;
      if (!(on instanceof Gpu) && on.owned) opened = await lifetime.make(on.open(), (late) => late.destroy());
      const gpu = opened ?? (on instanceof Gpu ? on : await lifetime.race(on.open()));
      lifetime.check();
      gpu.device.check();
      requireNoOtherHome(name, variables, gpu, before?.gpu);
      this.#requireOthersIdle(gpu, weights, before);
      this.#end(`${name}: was compiled again while work on it was under way`, recovers);
      const moves = before && before.gpu !== gpu && weights === 'keep';
      const values = moves ? await this.#weightsOn(before, lifetime) : [];
      lifetime.check();
      const state = new TrainingState();
      if (weights === 'keep') {
        state.trainedOn = before?.state.trainedOn;
        state.weightsLost = values === undefined || (before?.state.weightsLost ?? false);
      }
      const { made, loaded } = await gpu.device.scoped(`compiling ${name}`, () => {
        gpu.variables.allocate(trainedFirst(variables), `${name} weights`);
        gpu.variables.retain(variables);
        gpu.device.onFailure(() => gpu.variables.release(variables));
        if (weights === 'initial') gpu.variables.initialize(variables);
        for (const [variable, own] of values ?? []) gpu.variables.write(variable, own);
        const made = makes(gpu, state);
        if (weights === 'initial') return { made, loaded: undefined };
        return { made, loaded: this.#waiting.map((restore) => restore(made)).at(-1) ?? this.#loaded };
      });
      if (lifetime.signal.aborted) {
        this.#hooks.free(made);
        gpu.variables.release(variables);
        lifetime.check();
      }
      this.#end(`${name}: was compiled again while work on it was under way`, recovers); // work that has begun meanwhile
      this.#release();
      if (this.#ownGpu !== gpu) this.#closeOwnGpu();
      this.#ownGpu = opened ?? this.#ownGpu;
      this.#compiled = made;
      this.#make = makes;
      state.lifetime.endWith(gpu.device);
      this.#loaded = loaded;
      this.#waiting = [];
      return made;
    } catch (error) {
      opened?.destroy();
      throw error;
    } finally {
      if (this.#compiling === lifetime) this.#compiling = undefined;
    }
  }

  /** Initial weights must not replace weights that another model is training. */
  #requireOthersIdle(gpu: Gpu, weights: 'keep' | 'initial', before: C | undefined): void {
    if (weights === 'keep' || before?.state.loop) return; // otherwise its own training ends
    const { name, variables } = this.#owner;
    gpu.variables.requireUnclaimed(variables, `${name}: compile({ weights: 'initial' }) was called`);
  }

  /** The weights on their GPU; undefined where they were lost with it. */
  async #weightsOn(
    { gpu, state }: C,
    compiling: Lifetime,
  ): Promise<Iterable<[Variable, Float32Array]> | undefined> {
    if (state.weightsLost || gpu.device.isLost) return undefined;
    try {
      return await compiling.race(gpu.variables.readAll(this.#owner.variables));
    } catch (error) {
      if (error instanceof DeviceLostError) return undefined;
      throw error;
    }
  }

  /** Ends the work under way and frees all. */
  destroy(): void {
    this.#compiling?.end(`${this.#owner.name}: was destroyed while it was being compiled`);
    this.#end(`${this.#owner.name}: was destroyed while work on it was under way`);
    this.#release();
    this.#compiled = undefined;
    this.#closeOwnGpu();
  }

  /** Ends the work under way. New work can begin on what was compiled. */
  #end(what: string, recovers = false): void {
    if (!this.#compiled) return;
    const { state } = this.#compiled;
    state.lifetime.end(what);
    this.#hooks.end(this.#compiled, recovers);
    const renewed = state.renewed();
    renewed.lifetime.endWith(this.#compiled.gpu.device);
    this.#compiled = { ...this.#compiled, state: renewed };
  }

  #release(): void {
    if (!this.#compiled) return;
    this.#hooks.free(this.#compiled);
    this.#compiled.gpu.variables.release(this.#owner.variables);
  }

  #closeOwnGpu(): void {
    this.#ownGpu?.destroy();
    this.#ownGpu = undefined;
  }
}

/** The variables that training changes are contiguous: an optimizer updates them in one dispatch. */
const trainedFirst = (variables: readonly Variable[]): Variable[] =>
  [true, false].flatMap((trained) => variables.filter(({ trainable }) => trainable === trained));

/**
 * @throws ArgumentError where another model holds one of the variables on another GPU: each of the two would train weights
 *   of its own
 */
function requireNoOtherHome(
  name: string,
  variables: readonly Variable[],
  gpu: Gpu,
  before: Gpu | undefined,
): void {
  const elsewhere = (variable: Variable) => {
    const homes = holdersOf(variable).filter((store) => store !== gpu.variables);
    const left = before?.variables; // the store that this model is about to leave
    return homes.some((store) => store !== left || store.holders(variable) > 1);
  };
  const shared = variables.find(elsewhere);
  if (!shared) return;
  throw new ArgumentError(
    `${name}: shares the variable ${shared.name} with a model that is compiled for another GPU; compile both for the same one, or destroy the other model first`,
  );
}
