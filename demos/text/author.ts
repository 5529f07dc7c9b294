import { Network } from '../../src/index.ts';
import type { Model, NetworkOptions, Program } from '../../src/index.ts';
import type { Characters } from '../../src/data/characters.ts';
import { GPT_PRESETS, gptNetwork } from '../../src/models/gptNetwork.ts';
import { TextWriter } from '../../src/models/textWriter.ts';
import { part } from '../../src/part.ts';
import { quickKernels } from '../drawing/staged.ts';
import type { ValuesOf } from '../frame/settings.ts';
import { ModelTrainee } from '../frame/worker/modelTrainee.ts';
import type { Context, RunOptions, Trainee } from '../frame/worker/trainee.ts';
import { Weights } from '../frame/worker/weights.ts';
import { OPENING, SAMPLE_LENGTH } from './protocol.ts';
import type { Tells } from './protocol.ts';
import type { settings } from './settings.ts';
import type { TextData } from './data.ts';

type Training = typeof import('./training.ts');
type Viewing = typeof import('./view.ts');
type Here = Context<ValuesOf<typeof settings>, Tells>;

/** An epoch of a short text ends after a few steps: from one evaluation to the next it takes so many times as long as one. */
const REST = 8;
/** The page asks for the first characters this soon after it is ready, in milliseconds. */
const FIRST_MS = 50;
/** The parts of an author, as they are made. */
interface Parts {
  readonly options: NetworkOptions;
  readonly network: Network;
  readonly weights: Weights;
  readonly writer: TextWriter;
}

/** A small GPT in training that writes, and shows what it looks at. */
export class Author extends ModelTrainee implements Trainee<TextData> {
  readonly optimizer = 'adamw';
  readonly batchSize: number;
  readonly #context: Here;
  readonly #characters: Characters;
  readonly #parts: Parts;
  /** Characters that it sees at once. */
  readonly #steps: number;
  /** The text that is shown, and how far before its last character the chosen one is. */
  #text: string;
  #back = 0;
  #head: number;
  #drawing: Record<'temperature' | 'topK', number>;
  /** The text that the writer has, what it sees of it, and the step of the weights that it was written with. */
  #written: { readonly text: string; readonly seen: string; readonly step: number } | undefined;
  /** What is shown: it comes after the first characters, which a reader waits for. */
  #view: Program | undefined;
  #viewing!: Viewing;
  #isDestroyed = false;
  /** Texts that were begun: each draws other random numbers. */
  #begun = 0;
  #training!: Training;
  /** No evaluation before: see REST. */
  #restsUntil = 0;
  /** Who writes waits for who wrote before. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(context: Here, characters: Characters, parts: Parts) {
    super(parts.weights, context.renderer);
    const { network, beginning, head, temperature, topK } = context.values;
    this.#context = context;
    this.#characters = characters;
    this.#parts = parts;
    ({ batchSize: this.batchSize, context: this.#steps } = GPT_PRESETS[network]);
    this.#text = this.#known(beginning);
    this.#head = head;
    this.#drawing = { temperature, topK };
  }

  /** @param characters of the text that it learns, or has learned */
  static async create(context: Here, characters: Characters): Promise<Author> {
    const { gpu, values } = context;
    const { blocks, heads, context: steps } = GPT_PRESETS[values.network];
    const options = gptNetwork(values.network, characters.size, { seed: values.seed });
    const network = new Network(options);
    const weights = new Weights(gpu, { '': network });
    const { parameters } = network;
    context.tell('model', { parameters, blocks, heads, context: steps, characters: characters.list });
    const writer = await TextWriter.create(gpu, network, characters, { variants: quickKernels(gpu) });
    return new Author(context, characters, { options, network, weights, writer });
  }

  async complete(): Promise<void> {
    // What is compiled keeps the thread busy: the first characters come before.
    await new Promise((resolve) => setTimeout(resolve, FIRST_MS));
    await this.#turn;
    this.#viewing = await part('The script that shows what it looks at', () => import('./view.ts'));
    const view = await this.#viewing.compileView(this.#context.gpu, this.#parts.network);
    if (this.#isDestroyed) return view.destroy();
    this.#view = view;
    this.#showText();
    this.#showMaps();
  }

  #showMaps(): void {
    if (this.#view) this.showPanels(this.#viewing.viewSources(this.#view, this.#head));
  }

  protected async train(): Promise<Model> {
    this.#training = await part('The script that trains this network', () => import('./training.ts'));
    const { gpu, values } = this.#context;
    return this.#training.compile(gpu, this.#parts.options, { learningRate: values.rate });
  }

  prepare(options: Pick<RunOptions, 'onCompile'>): Promise<void> {
    const { batchSize } = this;
    const example = this.#training.examplePieces(this.#steps, batchSize);
    return this.model.prepare(example, { ...options, batchSize });
  }

  run({ train }: TextData, options: RunOptions): PromiseLike<unknown> {
    const batchSize = Math.min(this.batchSize, train.size);
    return this.model.fit(train, { ...options, steps: Infinity, batchSize });
  }

  /** Evaluations are the moments of samples, too. */
  async evaluate({ validation }: Partial<TextData>): Promise<Readonly<Record<string, number>>> {
    const began = performance.now();
    if (!validation || began < this.#restsUntil) return {};
    const { step } = this;
    const { loss } = await this.model.evaluate(this.#training.partOf(validation));
    const text = await this.#alone(async () => {
      this.#written = undefined;
      const { writer } = this.#parts;
      writer.start(this.#known(OPENING));
      return writer.write(SAMPLE_LENGTH, this.#options);
    });
    this.#context.tell('sample', { step, loss, text });
    const now = performance.now();
    this.#restsUntil = step === 0 ? 0 : now + REST * (now - began);
    return { testLoss: loss };
  }

  override set(name: string, value: unknown): void {
    super.set(name, value);
    if (name === 'head') {
      this.#head = value as number;
      this.#showMaps();
    } else if (name === 'temperature' || name === 'topK') {
      this.#drawing = { ...this.#drawing, [name]: value as number };
      this.#showText();
    } else return;
    this.#context.look();
  }

  override load(bytes: Uint8Array): void {
    super.load(bytes);
    this.#written = undefined;
    this.#restsUntil = 0;
  }

  get #options() {
    const { temperature, topK } = this.#drawing;
    return { temperature, topK: topK || this.#characters.size };
  }

  /** What the network can read of a text; where that is nothing, its first character. */
  #known(text: string): string {
    const { list } = this.#characters;
    const known = new Set(list);
    return [...text].filter((character) => known.has(character)).join('') || list[0];
  }

  /** Shows a text from the next look on. */
  show(text: string, back: number): void {
    this.#text = this.#known(text);
    this.#back = back;
    this.#showText();
    this.#context.look();
  }

  /** The writer's window moves on by half where it is full: the next character is drawn after what `seen` is. */
  get #seen(): readonly string[] {
    const written = this.#written;
    return written?.text === this.#text ? [...written.seen] : [...this.#text].slice(-this.#steps);
  }

  get #place(): number {
    return Math.max(0, this.#seen.length - 1 - this.#back);
  }

  #showText(): void {
    const view = this.#view;
    if (!view) return;
    const seen = this.#seen;
    const tokens = new Int32Array(this.#steps);
    tokens.set(this.#characters.encode(seen.join('')));
    const { temperature, topK } = this.#options;
    view.write('tokens', tokens);
    view.write('count', Float32Array.of(seen.length));
    view.write('place', Int32Array.of(this.#place));
    view.write('temperature', Float32Array.of(temperature));
    view.write('topK', Float32Array.of(topK));
  }

  /** The maps stay on the GPU; read are some hundred probabilities and weights. */
  async look(): Promise<void> {
    const view = this.#view;
    if (!view) return;
    const [seen, place] = [this.#seen, this.#place];
    await view.step((encoder) => this.drawPanels(encoder));
    const values = (await view.read('reading')) as Float32Array;
    this.#context.tell('reading', { seen, place, ...this.#viewing.readingOf(values, this.#characters.size) });
  }

  /** Continues a text; with weights that have changed its window is read again. */
  write(text: string, count: number): Promise<string> {
    return this.#alone(async () => {
      const { writer } = this.#parts;
      const own = this.#known(text);
      const { step } = this;
      if (this.#written?.text !== own || this.#written.step !== step) {
        this.#written = undefined;
        writer.start(own, this.#context.values.seed + this.#begun++);
      }
      const added = await writer.write(count, this.#options);
      this.#written = { text: own + added, seen: writer.seen, step };
      this.show(own + added, 0);
      return added;
    });
  }

  /** One after the other. */
  #alone<T>(task: () => Promise<T>): Promise<T> {
    const own = this.#turn.then(task);
    this.#turn = own.catch(() => {});
    return own;
  }

  override destroy(): void {
    this.#isDestroyed = true;
    this.#view?.destroy();
    void this.#turn.then(() => this.#parts.writer.destroy()); // once it writes no more
    super.destroy();
  }
}
