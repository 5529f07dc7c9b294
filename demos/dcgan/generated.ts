import { ops } from '../../src/index.ts';
import type { GanNetworks, Tensor } from '../../src/index.ts';
import { SAMPLES } from './protocol.ts';

/** Of the images of the data, and of those that the reader takes. */
export const SIDE = 28;
/** Latent values of this size get the full colour: few of N(0, 1) are larger. */
const LARGEST_NOISE = 2.5;

export type Inputs = ReturnType<typeof inputsOf>;

export const inputsOf = ({ latentShape }: GanNetworks) => ({
  latents: ops.input('latents', [SAMPLES, ...latentShape]),
  reals: ops.input('real', [SAMPLES, SIDE, SIDE, 1]),
});

/** The discriminator's logits. */
export const judge = ({ discriminator }: GanNetworks, images: Tensor): Tensor =>
  ops.reshape(discriminator.call(images, { training: false }), [SAMPLES]);

/** 0 black to 1 white. */
export function shown({ imageRange: [low, high] }: GanNetworks, images: Tensor): Tensor {
  return ops.multiply(ops.subtract(images, low), 1 / (high - low));
}

/** The generated images, and what the discriminator thinks of them. */
export function generated(gan: GanNetworks, { latents }: Inputs) {
  const fakes = gan.generator.call(latents, { training: false });
  const logits = judge(gan, fakes);
  const outputs = {
    fakes: shown(gan, fakes),
    fakeOpinions: ops.sigmoid(logits),
    noise: latents,
    largestNoise: ops.fill([1], LARGEST_NOISE),
  };
  return { fakes, logits, outputs };
}
