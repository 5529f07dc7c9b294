import { ArgumentError } from '../errors.ts';
import { checkOptions, checkSignal, describe } from '../options.ts';
import { requireTensor } from '../ops/core/node.ts';
import type { InputAttrs } from '../ops/core/leaves.ts';
import type { Operand, Tensor } from '../ops/core/op.ts';
import { bytesOf } from '../ops/core/shape.ts';
import type { Build } from './build.ts';
import { bindCommands, encodeCommands } from './commands.ts';
import type { Command } from './commands.ts';
import { inspectCommand } from './inspect.ts';
import type { InspectedDispatch } from './inspect.ts';
import { Flight } from './flight.ts';
import { faultError } from './guard.ts';
import type { StepGuard } from './guard.ts';
import { checkInputData, upload } from './inputData.ts';
import type { InputData } from './inputData.ts';
import type { Location } from './location.ts';
import { ownerOf } from './lower.ts';
import { allocate } from './memory.ts';
import type { Memory } from './memory.ts';
import { runOptions } from './programOptions.ts';
import type { ProgramContext, ProgramOptions, RunOptions, StepOptions } from './programOptions.ts';
import { isStep, MAX_STEP } from './ranges.ts';
import { Rehearsal } from './rehearsal.ts';
import { part } from '../part.ts';

/**
 * A compiled program: pipelines, bind groups and memory made once, then replayed. `step` encodes one
 * compute pass and submits it, alone or with other short steps; it creates nothing and uploads nothing.
 */
export class Program {
  readonly label: string;
  readonly build: Build;
  readonly planBytes: number;
  /** Keeps NaN and infinities out of the weights; undefined where the program trains nothing. */
  readonly guard: StepGuard | undefined;
  readonly #ownGuard: boolean;
  readonly #context: ProgramContext;
  readonly #commands: Command[];
  readonly #buffers: GPUBuffer[];
  readonly #inputs: ReadonlyMap<Tensor, Location>;
  readonly #locate: (operand: Operand) => Location;
  readonly #state: Location;
  #seed: number;
  #steps = 0;
  readonly #flight = new Flight();
  #replacing: Promise<unknown> = Promise.resolve();
  #destroyed = false;

  private constructor(
    context: ProgramContext,
    build: Build,
    options: ProgramOptions,
    memory: Memory,
    commands: Command[],
  ) {
    this.#context = context;
    this.build = build;
    this.label = options.label;
    this.#commands = commands;
    this.#buffers = memory.owned;
    this.#inputs = memory.inputs;
    this.#locate = memory.locate;
    this.#state = memory.state;
    this.#seed = options.seed ?? 0;
    this.guard = options.guard?.guard;
    this.#ownGuard = options.guard?.own ?? false;
    this.planBytes = build.plan.slabBytes.reduce((sum, bytes) => sum + bytes, 0);
    this.reset(0);
  }

  /**
   * Compiles the kernels and makes buffers and bind groups.
   *
   * @throws GpuError where the GPU refuses memory; what was made is freed
   */
  static async create(context: ProgramContext, build: Build, options: ProgramOptions): Promise<Program> {
    const { device, pipelines } = context;
    const compiled = await device.untilLost(
      pipelines.compileAll(build.dispatches, (done, total, label) =>
        options.onProgress?.({ done, total, label }),
      ),
    );
    await device.settle(); // the device may be lost since
    return device.scoped(`compiling ${options.label}`, () => {
      const memory = allocate(context, build, options);
      const commands = bindCommands(device, build.dispatches, compiled, memory.locate);
      // Outputs that no kernel touches, such as an input passed through, need a place too.
      for (const tensor of Object.values(build.outputs)) memory.locate(ownerOf(tensor));
      return new Program(context, build, options, memory, commands);
    });
  }

  /** The inputs that the program reads, after dead code is gone. */
  get inputs(): Tensor[] {
    return [...this.#inputs.keys()];
  }

  /** What `step` encodes: the dispatches of the build, some with an edited kernel. */
  get commands(): readonly Command[] {
    return this.#commands;
  }

  /** Whether it was destroyed. A training frees its programs when it ends. */
  get isDestroyed(): boolean {
    return this.#destroyed;
  }

  /** Steps run since the last reset. */
  get steps(): number {
    return this.#steps;
  }

  /**
   * Sets the step counter and, where given, the seed: to start over, or to resume. Clears the guard of its own.
   *
   * @param place where in the stream of samples the step's batch begins; by default where batches of this program's
   *   size have come to since step 0
   * @throws ArgumentError unless the step is a whole number that the GPU's counter (u32) holds
   */
  reset(step: number, seed = this.#seed, place?: { readonly epoch: number; readonly place: number }): void {
    if (!isStep(step)) {
      throw new ArgumentError(
        `${this.label}: the step is ${step}; it must be a whole number from 0 to ${MAX_STEP}`,
      );
    }
    this.#requireAlive();
    this.#steps = step;
    this.#seed = seed;
    const high = Math.floor(seed / 2 ** 32);
    const origin = place ? [step, place.epoch, place.place] : [0, 0, 0];
    const words = new Uint32Array([step, seed >>> 0, high >>> 0, 0, ...origin, 0]);
    this.#context.device.write(this.#state.buffer, this.#state.offset, words);
    if (this.#ownGuard) this.guard!.clear();
  }

  /**
   * Sets how many rows of the following steps hold samples, from the first on: values of the others are not recorded.
   *
   * @param rows 0 for all, as after `reset`
   */
  fill(rows: number): void {
    this.#requireAlive();
    this.#context.device.write(this.#state.buffer, this.#state.offset + 12, new Uint32Array([rows]));
  }

  /** Uploads the data of an input, given by its tensor or its name. */
  write(target: Tensor | string, data: InputData): void {
    const tensor = typeof target === 'string' ? this.#inputNamed(target) : target;
    requireTensor(this.label, tensor, 'what is to be written');
    const location = this.#inputs.get(tensor);
    if (!location)
      throw new ArgumentError(
        `${this.label}: the program does not use the input ${(tensor.node.attrs as InputAttrs).name}`,
      );
    checkInputData(this.label, tensor, data);
    this.#requireAlive();
    upload(this.#context.device, location, data);
  }

  #inputNamed(name: string): Tensor {
    const names = [...this.#inputs.keys()].map((t) => [(t.node.attrs as InputAttrs).name, t] as const);
    const found = names.find(([own]) => own === name);
    if (!found)
      throw new ArgumentError(
        `${this.label}: no input is named "${name}"; there are ${names.map(([n]) => n).join(', ') || 'none'}`,
      );
    return found[1];
  }

  /** Encodes the whole program as one compute pass. */
  encode(encoder: GPUCommandEncoder): void {
    const pass = encoder.beginComputePass({ label: this.label });
    this.encodeInto(pass);
    pass.end();
  }

  /** Encodes all dispatches into a pass of the caller's. */
  encodeInto(pass: GPUComputePassEncoder): void {
    encodeCommands(this.commands, pass);
  }

  /**
   * Runs one step, as one pass. Await it so that only as many steps are under way as keep the GPU busy.
   *
   * @param after adds work to the same submit, behind the step, such as a copy of the loss ring
   * @returns a promise where enough is under way; undefined where the next step may follow at once
   * @throws ArgumentError after `destroy`; DeviceLostError and GpuError for what has happened since the last step
   */
  step(
    after?: (encoder: GPUCommandEncoder) => void,
    { hold = false }: StepOptions = {},
  ): Promise<void> | undefined {
    const { device } = this.#context;
    this.#requireAlive();
    device.check();
    const encode = (encoder: GPUCommandEncoder) => {
      this.encode(encoder);
      after?.(encoder);
    };
    const waits = hold && this.#flight.hold();
    if (waits) device.hold(this.label, encode);
    else device.submit(this.label, encode);
    this.#steps++;
    if (waits) return undefined;
    const oldest = this.#submitted();
    return oldest && device.race(oldest);
  }

  /**
   * Runs `count` steps, several short ones in one submit; settles when the last of them is submitted. What they change
   * stays on the GPU: `finish` waits for it.
   *
   * @throws ArgumentError unless the count is a whole number of at least 0; the signal's reason once it is aborted, with
   *   `steps` made in all; what `step` throws
   */
  async run(count: number, options: RunOptions = {}): Promise<void> {
    checkOptions(`${this.label}: run`, options, runOptions, 'count, ');
    const { signal } = options;
    checkSignal(`${this.label}: run`, signal);
    if (!Number.isSafeInteger(count) || count < 0) {
      throw new ArgumentError(
        `${this.label}: run was called with ${describe(count)}; give the number of steps, a whole number of at least 0`,
      );
    }
    for (let left = count; left > 0; left--) {
      signal?.throwIfAborted();
      await this.step(undefined, { hold: left > 1 });
    }
  }

  /** Notes what was submitted; a promise where that is enough for now. */
  #submitted(): Promise<void> | undefined {
    const { device } = this.#context;
    const done = device.attempt(this.label, () => device.gpu.queue.onSubmittedWorkDone());
    return this.#flight.submitted(done);
  }

  /**
   * Waits until every submitted step has run, and throws if the device objected to something.
   *
   * @throws NumericError if a step of training was not made because something was NaN or infinite (see StepGuard). Told
   *   once: the program then stands before that step, which `step` tries again
   */
  async finish(): Promise<void> {
    const { device } = this.#context;
    let oldest: Promise<void> | undefined;
    if (this.#flight.holds) {
      device.flush();
      oldest = this.#submitted();
    }
    await device.race(Promise.all([oldest, this.#flight.land()]));
    device.check();
    const fault = await this.guard?.read();
    if (!fault) return;
    this.reset(fault.step);
    throw faultError(this.label, fault);
  }

  /**
   * Puts an edited kernel in the place of a dispatch's: the steps from then on run it. `build.dispatches` still has the
   * original, whose source brings it back.
   *
   * @param index of the dispatch, as in `commands`
   * @param source the edited text of the kernel's file (`commands[index].dispatch.source.file.source` before the edit)
   * @param trial what it has to pass after it has compiled, such as a run in the simulator; if that throws, the kernel from
   *   before stays
   * @throws KernelError where it does not compile, or changes what is not the kernel's own: other buffers, the workgroup's
   *   size, what the engine sets. `messages` has lines and columns of the file; the kernel from before stays
   */
  async replace(index: number, source: string, trial?: () => void | Promise<void>): Promise<void> {
    const original = this.build.dispatches[this.#requireCommand(index)];
    const edit = this.#replacing.then(async () => {
      const { editedCommand } = await part('The script that replaces kernels', () => import('./replace.ts'));
      return editedCommand(this.#context, original, source, (operand) => this.#locate(operand));
    });
    const tried = edit.then(async (command) => {
      await trial?.();
      return command;
    });
    this.#replacing = tried.catch(() => {}); // of two edits the later one stays
    const command = await this.#context.device.untilLost(tried);
    this.#requireAlive();
    this.#commands[index] = command;
  }

  /**
   * What a dispatch would find in its buffers in the step that comes next: the commands before it run on copies. Nothing
   * else is changed, so it may be called at any time while a training runs.
   *
   * @param index of the dispatch, as in `commands`
   * @throws GpuError where the GPU has no memory for the copies
   */
  async inspect(index: number): Promise<InspectedDispatch> {
    return inspectCommand(this.#context.device, this.commands, this.#requireCommand(index), this.#locate);
  }

  /**
   * The commands on copies of what they write, to be run apart from the training: measured, or looked at in between.
   * Destroy it after use, and make another one after `replace`.
   *
   * @param count only so many, from the first on
   * @throws GpuError where the GPU has no memory for the copies
   */
  async rehearse(count = this.commands.length): Promise<Rehearsal> {
    this.#requireAlive();
    const { device } = this.#context;
    const commands = this.commands.slice(0, count);
    return device.scoped(`copying ${this.label}`, () => new Rehearsal(device, commands, this.#locate));
  }

  #requireCommand(index: number): number {
    this.#requireAlive();
    if (this.commands[index]) return index;
    throw new ArgumentError(
      `${this.label}: there is no dispatch ${describe(index)}; they are numbered from 0 to ${this.commands.length - 1}`,
    );
  }

  /** Where an output (by name) or a tensor of the program lies on the GPU, to draw from or to copy. */
  location(target: Tensor | string): Location {
    const tensor = typeof target === 'string' ? this.#output(target) : target;
    return { ...this.#locate(ownerOf(tensor)), bytes: bytesOf(tensor) };
  }

  #output(name: string): Tensor {
    const { outputs } = this.build;
    if (Object.hasOwn(outputs, name)) return outputs[name];
    const names = Object.keys(outputs).join(', ') || 'none';
    throw new ArgumentError(`${this.label}: no output is named "${String(name)}"; there are ${names}`);
  }

  /** Copies an output to the CPU. */
  async read(name: string): Promise<Float32Array | Int32Array | Uint32Array> {
    this.#requireAlive();
    const tensor = this.#output(name);
    const { buffer, offset, bytes } = this.location(tensor);
    const data = await this.#context.device.read(buffer, offset, bytes);
    return tensor.dtype === 'f32'
      ? new Float32Array(data)
      : tensor.dtype === 'i32'
        ? new Int32Array(data)
        : new Uint32Array(data);
  }

  #requireAlive(): void {
    if (this.#destroyed) throw new ArgumentError(`${this.label}: was used after it was destroyed`);
  }

  destroy(): void {
    this.#destroyed = true;
    if (this.#ownGuard) this.guard!.destroy();
    for (const buffer of this.#buffers) buffer.destroy();
    this.#buffers.length = 0;
  }
}
