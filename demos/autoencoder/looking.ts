import type { AutoencoderVersions } from '../../src/models/autoencoderVersions.ts';
import { coalesce } from '../shared/coalesce.ts';
import type { FromWorker, Wishes } from './protocol.ts';
import { Views } from './views.ts';
import type { Surroundings } from './views.ts';

/** Looking at the networks takes at most this share of the time, and is done at most so often. */
const SHARE = 0.25;
const PAUSE_MS = 60;

interface Hooks {
  readonly post: (message: FromWorker) => void;
  readonly onFailure: (error: unknown) => void;
  readonly wishes: Readonly<Wishes>;
}

/** Looks at the networks of a training: now and then while they learn, and whenever the reader wants to see something else. */
export class Looking {
  readonly #around: Surroundings;
  readonly #networks: AutoencoderVersions;
  readonly #noise: number;
  readonly #hooks: Hooks;
  #views: Views;
  /** The step after which the networks were looked at last. */
  #step = -1;
  #end = 0;
  #took = 0;
  /** The look under way: two at a time would take each other's programs. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(
    around: Surroundings,
    networks: AutoencoderVersions,
    noise: number,
    hooks: Hooks,
    views: Views,
  ) {
    this.#around = around;
    this.#networks = networks;
    this.#noise = noise;
    this.#hooks = hooks;
    this.#views = views;
  }

  static async create(
    around: Surroundings,
    networks: AutoencoderVersions,
    noise: number,
    hooks: Hooks,
  ): Promise<Looking> {
    const views = await Views.create(around, networks, noise, hooks.wishes.looks);
    return new Looking(around, networks, noise, hooks, views);
  }

  /** Whether the last look is long enough ago. */
  get isDue(): boolean {
    return performance.now() - this.#end > Math.max(PAUSE_MS, this.#took / SHARE);
  }

  /** Whether the networks have changed since. */
  get isBehind(): boolean {
    return this.#step !== this.#networks.model.step;
  }

  /** Draws the panels of the networks as they are, and lets the page know where the classes lie on the map. */
  look(): Promise<void> {
    return this.#alone(async () => {
      const start = performance.now();
      const { looks } = this.#hooks.wishes;
      if (!this.#views.isOf(looks.version)) {
        const before = this.#views;
        this.#views = await Views.create(this.#around, this.#networks, this.#noise, looks);
        before.destroy();
      }
      this.#views.looks = looks;
      this.#step = this.#networks.model.step;
      await this.#views.look();
      await this.breathe();
      this.#end = performance.now();
      this.#took = this.#end - start;
      void this.#tellCentres().catch((error) => this.#hooks.onFailure(error));
    });
  }

  readonly #tellCentres = coalesce(async () => {
    this.#hooks.post({ type: 'centres', ...(await this.#views.centres()) });
  });

  /** What is looked at has changed, or a panel has come, changed its size, or is to be drawn in other colours. */
  async redraw(panel?: string): Promise<void> {
    const { looks } = this.#hooks.wishes;
    if (!this.#views.isOf(looks.version)) return this.look();
    await this.#alone(async () => {
      if (panel) this.#views.connect(panel);
      this.#views.looks = looks;
      await this.#views.redraw();
    });
  }

  /**
   * Waits until the GPU has done everything. A CPU that plays a GPU draws the page too: without a pause between steps the
   * page would stand still.
   */
  async breathe(): Promise<void> {
    const { device } = this.#around.gpu;
    await device.race(device.gpu.queue.onSubmittedWorkDone());
  }

  /** One look after the other. */
  #alone(task: () => Promise<void>): Promise<void> {
    const done = this.#last.then(task);
    this.#last = done.catch(() => {}); // whoever asked hears of it
    return done;
  }

  /** Waits for the look under way. */
  async settle(): Promise<void> {
    await this.#last;
  }

  destroy(): void {
    this.#views.destroy();
  }
}
