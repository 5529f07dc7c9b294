/**
 * How much of each image is in each picture of a walk from one image to another, [pictures, images]: the first picture is all
 * `from`, the last all `to`, and the share changes by as much from each picture to the next.
 *
 * @param pictures at least two
 */
export function walkWeights(pictures: number, images: number, from: number, to: number): Float32Array {
  const weights = new Float32Array(pictures * images);
  for (let i = 0; i < pictures; i++) {
    const share = i / (pictures - 1);
    weights[i * images + from] += 1 - share;
    weights[i * images + to] += share;
  }
  return weights;
}
