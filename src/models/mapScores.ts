/** Scores of a map of points in the plane, against their data and their labels; on the CPU, in float64. */

/** Points that the scores are taken over at most: the first ones, against all. */
const QUERIES = 10_000;

/** The places of the k nearest other points of point i, [x, y] rows. */
function nearestInMap(map: Float32Array, i: number, k: number): Int32Array {
  const points = map.length / 2;
  const [best, distances] = [new Int32Array(k).fill(-1), new Float64Array(k).fill(Infinity)];
  for (let j = 0; j < points; j++) {
    if (j === i) continue;
    const distance = (map[2 * i] - map[2 * j]) ** 2 + (map[2 * i + 1] - map[2 * j + 1]) ** 2;
    if (distance >= distances[k - 1]) continue;
    let place = k - 1;
    while (place > 0 && distances[place - 1] > distance) {
      distances[place] = distances[place - 1];
      best[place] = best[place - 1];
      place--;
    }
    distances[place] = distance;
    best[place] = j;
  }
  return best;
}

/**
 * The share of points whose label most of their k nearest neighbours in the map have; of labels that are as frequent the nearest
 * one's counts.
 *
 * @param map x and y of each point
 * @param k default 10
 */
export function neighbourAccuracy(map: Float32Array, labels: ArrayLike<number>, k = 10): number {
  const points = map.length / 2;
  const queries = Math.min(QUERIES, points);
  let right = 0;
  for (let i = 0; i < queries; i++) {
    const near = [...nearestInMap(map, i, Math.min(k, points - 1))].map((j) => labels[j]);
    const count = (label: number) => near.filter((own) => own === label).length;
    const vote = near.reduce((best, label) => (count(label) > count(best) ? label : best));
    if (vote === labels[i]) right++;
  }
  return right / queries;
}

/**
 * How far the map can be trusted (Venna & Kaski 2001), as scikit-learn computes it: 1 − 2 / (n k (2 N − 3 k − 1)) · Σ (r − k) over the k
 * nearest neighbours in the map that are not among the k nearest in the data, where r is their rank there; n points of all N are
 * looked at. 1 where all neighbours in the map are neighbours in the data.
 *
 * @param data rows of `features` numbers
 * @param map x and y of each point
 * @param k default 12; below half of the points
 */
export function trustworthiness(data: Float32Array, features: number, map: Float32Array, k = 12): number {
  const points = map.length / 2;
  const queries = Math.min(2000, points);
  const distances = new Float64Array(points);
  let penalty = 0;
  for (let i = 0; i < queries; i++) {
    for (let j = 0; j < points; j++) {
      let sum = 0;
      for (let f = 0; f < features; f++) sum += (data[i * features + f] - data[j * features + f]) ** 2;
      distances[j] = sum;
    }
    distances[i] = Infinity;
    for (const j of nearestInMap(map, i, k)) {
      let rank = 1;
      for (let other = 0; other < points; other++) if (distances[other] < distances[j]) rank++;
      penalty += Math.max(0, rank - k);
    }
  }
  return 1 - (2 * penalty) / (queries * k * (2 * points - 3 * k - 1));
}
