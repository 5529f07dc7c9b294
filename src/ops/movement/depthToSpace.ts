import { ArgumentError, ShapeError } from '../../errors.ts';
import { describe } from '../../options.ts';
import { requireTensor } from '../core/node.ts';
import type { Tensor } from '../core/op.ts';
import { formatShape } from '../core/shape.ts';
import { reshape, transpose } from './movement.ts';

/*
 * TensorFlow's depth_to_space and space_to_depth, for images [batch, height, width, channels]. Both are one copy with strides:
 * the rows of a block stay in their places, and with b columns of a block next to each other their channels are contiguous,
 * [batch · h, b, w, b · c] ↔ [batch · h, w, b, b · c]. So they have the copy's gradient, which is the other one of the two.
 */

function requireImages(opName: string, x: Tensor, blockSize: number): void {
  requireTensor(opName, x);
  if (!Number.isInteger(blockSize) || blockSize < 1) {
    throw new ArgumentError(
      `${opName}: blockSize is ${describe(blockSize)}; give a whole number of at least 1, such as 2`,
    );
  }
  if (x.shape.length !== 4) {
    throw new ShapeError(
      `${opName}: works on images [batch, height, width, channels], not on ${formatShape(x.shape)}; reshape them first`,
    );
  }
}

/**
 * Moves channels into blocks of b × b pixels: [batch, h, w, b² · c] → [batch, b · h, b · w, c], as TensorFlow's
 * depth_to_space: y[n, b · i + p, b · j + q, k] = x[n, i, j, c · (b · p + q) + k]. Any type of four bytes.
 *
 * The layer `pixelShuffle` takes the channels in PyTorch's order, k · b² + b · p + q; with one channel left there is no
 * difference.
 *
 * @param blockSize b
 * @throws ArgumentError unless b is a whole number of at least 1, ShapeError if b² does not divide the channels
 */
export function depthToSpace(x: Tensor, blockSize: number): Tensor {
  requireImages('depthToSpace', x, blockSize);
  const [batch, height, width, channels] = x.shape;
  const b = blockSize;
  if (channels % b ** 2 !== 0) {
    throw new ShapeError(
      `depthToSpace: ${channels} channels of ${formatShape(x.shape)} are not a multiple of ${b}² = ${b ** 2}; give the layer before it as many filters`,
    );
  }
  const own = channels / b ** 2;
  const blocks = transpose(reshape(x, [batch, height, width, b, b, own]), [0, 1, 3, 2, 4, 5]);
  return reshape(blocks, [batch, b * height, b * width, own]);
}

/**
 * Moves blocks of b × b pixels into channels, the reverse of `depthToSpace`: [batch, b · h, b · w, c] → [batch, h, w, b² · c],
 * as TensorFlow's space_to_depth. Nothing is lost: a network sees all pixels, at b² fewer places.
 *
 * @param blockSize b
 * @throws ArgumentError unless b is a whole number of at least 1, ShapeError if it does not divide height and width
 */
export function spaceToDepth(x: Tensor, blockSize: number): Tensor {
  requireImages('spaceToDepth', x, blockSize);
  const [batch, height, width, channels] = x.shape;
  const b = blockSize;
  if (height % b !== 0 || width % b !== 0) {
    throw new ShapeError(
      `spaceToDepth: ${height} × ${width} pixels of ${formatShape(x.shape)} do not fall into blocks of ${b} × ${b}; crop or pad the images first`,
    );
  }
  const [h, w] = [height / b, width / b];
  const blocks = transpose(reshape(x, [batch, h, b, w, b, channels]), [0, 1, 3, 2, 4, 5]);
  return reshape(blocks, [batch, h, w, b ** 2 * channels]);
}
