import { ops } from '../../../src/index.ts';
import type { Gpu } from '../../../src/index.ts';
import { sumsAt } from '../../../src/ops/dataset/effects.ts';
import { MetricRing } from '../../../src/runtime/ring.ts';
import { random } from '../../../test/reference/array.ts';
import { reduce } from '../../../test/reference/reduce.ts';
import { LastingTrial } from './lastingTrial.ts';
import type { Made } from './lastingTrial.ts';
import type { Sizes } from './sizes.ts';
import type { Shown } from './trial.ts';

/** What a step records of a metric: the sum of each of its columns, in the ring of the latest steps. */
export class RecordTrial extends LastingTrial {
  protected readonly expected: Float64Array;
  protected readonly inputs: readonly Shown[];
  protected readonly title = 'sums';
  protected readonly outputShape: readonly number[];
  #ring: MetricRing | undefined;

  constructor(gpu: Gpu, kernel: string, sizes: Sizes) {
    super(gpu, kernel, sizes);
    const { shape } = this;
    const metric = random(1, shape, 0, 1);
    this.outputShape = [shape[1]];
    this.expected = reduce('sum', metric, { axes: [0] }).data;
    this.inputs = [{ title: 'metric', shape, values: metric.data }];
  }

  protected async make(): Promise<Made> {
    const { shape } = this;
    const ring = new MetricRing(this.gpu.device, [{ name: 'metric', columns: shape[1] }]);
    this.#ring = ring;
    const metric = ops.input('metric', shape);
    const program = await this.gpu.compile(
      (g) => {
        g.resources.set(ring.resource, ring.location);
        g.effect(ring.effect([metric]));
        return {};
      },
      { label: this.kernel },
    );
    program.write(metric, Float32Array.from(this.inputs[0].values));
    return { program, variables: [] };
  }

  override isTimed(label: string): boolean {
    return label.startsWith('record');
  }

  protected override async read(): Promise<ArrayLike<number>> {
    const { buffer, offset } = this.#ring!.location;
    const first = offset + 4 * sumsAt(1); // of the entry of step 0
    return new Float32Array(await this.gpu.device.read(buffer, first, 4 * this.outputShape[0]));
  }

  override release(): void {
    super.release();
    this.#ring?.destroy();
    this.#ring = undefined;
  }
}
