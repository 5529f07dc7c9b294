const files = import.meta.glob<string>('../../../shaders/**/*.wgsl', {
  query: '?raw',
  import: 'default',
  eager: true,
});

/** The text of every shader, by its name: `matmul/2_tiled`. */
export const shaders: ReadonlyMap<string, string> = new Map(
  Object.entries(files).map(([path, source]) => [
    path.replace(/^.*\/shaders\//, '').replace(/\.wgsl$/, ''),
    source,
  ]),
);

export const shaderNames: readonly string[] = [...shaders.keys()];
