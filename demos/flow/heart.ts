const POINTS = 240;
/** The curve is 32 wide; in the plane it is 3.4. */
const SCALE = 3.4 / 32;

/** A heart, which stands for a drawing until there is one: x and y of points on its curve. */
export function heart(): Float32Array {
  const places = Array.from({ length: POINTS }, (_, i) => {
    const t = (2 * Math.PI * i) / POINTS;
    const x = 16 * Math.sin(t) ** 3;
    const y = 13 * Math.cos(t) - 5 * Math.cos(2 * t) - 2 * Math.cos(3 * t) - Math.cos(4 * t);
    return [SCALE * x, SCALE * (y + 2)];
  });
  return Float32Array.from(places.flat());
}
