/** The latent vector as a picture: as wide as it can be without getting wider than twice its height. */
export function noiseWidth(size: number): number {
  let width = 1;
  for (let each = 1; each * each <= 2 * size; each++) if (size % each === 0) width = each;
  return width;
}
