import type { Stroke } from '../widgets/digitRaster.ts';

/** Between two points, as a share of the pad. */
const SPACING = 0.01;
/** The pad is so wide in the plane. */
const WIDTH = 4.4;
/** A drawing of fewer points is none. */
const LEAST = 8;

/** Points of the plane along strokes, at equal distances; none where they are too short. */
export function alongStrokes(strokes: readonly Stroke[]): Float32Array {
  const places: number[] = [];
  const add = (x: number, y: number) => places.push((x - 0.5) * WIDTH, (0.5 - y) * WIDTH);
  for (const stroke of strokes) {
    let left = 0; // of the way to the next point
    for (let i = 1; i < stroke.length; i++) {
      const [a, b] = [stroke[i - 1], stroke[i]];
      const length = Math.hypot(b.x - a.x, b.y - a.y);
      let at = left;
      for (; at < length; at += SPACING)
        add(a.x + ((b.x - a.x) * at) / length, a.y + ((b.y - a.y) * at) / length);
      left = at - length;
    }
  }
  return places.length < 2 * LEAST ? new Float32Array() : Float32Array.from(places);
}
