import { ops } from '../../src/index.ts';
import type { Gpu, Tensor } from '../../src/index.ts';
import type { AutoencoderVersion, VersionsNetwork } from '../../src/models/versionsNetwork.ts';
import { VERSION_NAMES } from '../../src/models/versionsNetwork.ts';
import { DigitsView } from '../drawing/digitsView.ts';
import { codes, pictures } from '../drawing/outputs.ts';
import type { TensorSource } from '../drawing/tiles.ts';
import { BETWEEN, PIXELS, SHOWN, SIDE, YOURS } from './protocol.ts';

const IMAGES = SHOWN + 1;

/**
 * Some test images and the reader's own digit through all versions: their codes, what comes back, and the images between
 * two of them. All of it stays on the GPU.
 */
export class View extends DigitsView<Graph> {
  static async create(gpu: Gpu, networks: VersionsNetwork, noise: number): Promise<View> {
    const graph = graphOf(networks, noise);
    return new View(graph, await DigitsView.compile(gpu, graph));
  }

  /** What each panel shows; `explored` is the version whose codes the walk goes through. */
  sources(explored: AutoencoderVersion): Map<string, TensorSource> {
    const { program } = this;
    const shown = { count: SHOWN };
    const yours = { count: 1, first: YOURS };
    const sources = new Map([
      ['original', pictures(program, 'originals', shown)],
      ['noisy', pictures(program, 'noisy', shown)],
      ['yours:input', pictures(program, 'noisy', yours)],
      ['pixels', pictures(program, 'mixed', { count: BETWEEN })],
      ['between', pictures(program, `image:${explored}`, { count: BETWEEN, first: IMAGES })],
    ]);
    for (const version of VERSION_NAMES) {
      const [image, code, largest] = ['image', 'code', 'largest'].map((what) => `${what}:${version}`);
      sources.set(image, pictures(program, image, shown));
      sources.set(`yours:${version}`, pictures(program, image, yours));
      sources.set(code, codes(program, code, largest, shown));
      sources.set(`yours:${code}`, codes(program, code, largest, yours));
    }
    return sources;
  }
}

type Graph = ReturnType<typeof graphOf>;

/** What the view computes, and the inputs of that. */
function graphOf({ versions }: VersionsNetwork, noise: number) {
  const images = ops.input('images', [IMAGES, SIDE, SIDE, 1]);
  const mix = ops.input('mix', [BETWEEN, IMAGES]);
  const define = () => {
    const noisy = noise > 0 ? ops.add(images, ops.randomNormal(images.shape, 0, noise)) : images;
    const mixed = ops.matmul(mix, ops.reshape(images, [IMAGES, PIXELS]));
    const outputs: Record<string, Tensor> = {
      one: ops.fill([1], 1),
      originals: images,
      noisy,
      mixed: ops.reshape(mixed, [BETWEEN, SIDE, SIDE, 1]),
    };
    for (const version of VERSION_NAMES) {
      const { encoder, decoder } = versions[version];
      const code = encoder.call(noisy);
      outputs[`code:${version}`] = code;
      outputs[`largest:${version}`] = ops.reduceMax(ops.abs(code));
      outputs[`image:${version}`] = decoder.call(ops.concat([code, ops.matmul(mix, code)], 0));
    }
    return outputs;
  };
  return { images, mix, define };
}
