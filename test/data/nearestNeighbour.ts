import type { Dataset } from '../../src/data/dataset.ts';

/** Share of test samples whose nearest training sample (Euclidean) has their label, and the least distance. */
export function nearestNeighbourAccuracy(
  train: Dataset,
  test: Dataset,
): { accuracy: number; nearest: number } {
  const size = train.x.data.length / train.size;
  let correct = 0;
  let nearest = Infinity;
  for (let i = 0; i < test.size; i++) {
    let best = Infinity;
    let label = -1;
    for (let j = 0; j < train.size; j++) {
      let distance = 0;
      for (let k = 0; k < size && distance < best; k++) {
        distance += (test.x.data[i * size + k] - train.x.data[j * size + k]) ** 2;
      }
      if (distance < best) [best, label] = [distance, train.y.data[j]];
    }
    if (label === test.y.data[i]) correct++;
    nearest = Math.min(nearest, best);
  }
  return { accuracy: correct / test.size, nearest };
}
