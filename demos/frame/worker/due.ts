/** When something that takes its time may be done again: it gets a share of the time, with a least pause. */
export class Due {
  readonly #pause: number;
  readonly #share: number;
  #end = 0;
  #took = Infinity;

  constructor(pause: number, share: number) {
    this.#pause = pause;
    this.#share = share;
  }

  get isDue(): boolean {
    const rest = this.#took < Infinity ? this.#took / this.#share : 0;
    return performance.now() - this.#end > Math.max(this.#pause, rest);
  }

  /** Does it. The shortest time counts: in others, training steps were waited for. */
  async time<T>(task: () => Promise<T>): Promise<T> {
    const start = performance.now();
    const result = await task();
    this.#end = performance.now();
    this.#took = Math.min(this.#took, this.#end - start);
    return result;
  }
}
