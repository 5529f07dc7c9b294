/** Every shader of the repository, loaded when someone wants to read it. */
const sources = import.meta.glob<string>('../../shaders/**/*.wgsl', { query: '?raw', import: 'default' });

/** The source of a kernel as it is in the repository: `conv2d/1_naive`. */
export async function kernelSource(name: string): Promise<string> {
  const load = sources[`../../shaders/${name}.wgsl`];
  if (!load) throw new Error(`There is no kernel shaders/${name}.wgsl.`);
  return load();
}
