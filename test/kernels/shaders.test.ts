import { parseWgsl, validate } from 'naga-wasm';
import { describe, expect, it } from 'vitest';
import { specialize } from '../../src/kernels/specialize.ts';
import { type KernelFile, type SpecializedKernel } from '../../src/kernels/kernel.ts';
import { testAdapter, testDevice } from '../helpers/device.ts';
import { idleDevice, usesSubgroupMatrices, withoutSubgroupMatrices } from '../helpers/subgroupMatrix.ts';
import { tintErrors } from './run.ts';

// The package's "main" is CommonJS inside an ES module package and cannot be imported; its module build can.
const { WgslReflect } = (await import(
  'wgsl_reflect/wgsl_reflect.module.js' as string
)) as typeof import('wgsl_reflect');

const sources = import.meta.glob<string>(['../../shaders/**/*.wgsl', '../../src/**/shaders/*.wgsl'], {
  query: '?raw',
  import: 'default',
  eager: true,
});
const files = Object.entries(sources).map(([path, source]) => ({
  name: path.replace(/^.*\/shaders\//, '').replace(/\.wgsl$/, ''),
  source,
}));
const isShared = ({ name }: KernelFile) => name.startsWith('shared/');
/** Vertex and fragment shaders of the pages: no kernels. */
const isDrawing = ({ name }: KernelFile) => name.startsWith('draw/');
const named = (list: readonly KernelFile[]) => list.map((file) => [file.name, file] as const);
const shared = files.filter(isShared);
const kernels = files.filter((file) => !isShared(file) && !isDrawing(file));
const library = shared;

/** naga's complaint, or ''. */
function nagaError(code: string): string {
  try {
    // naga has the subgroup functions, but not yet the directive for them.
    validate(parseWgsl(withoutSubgroupMatrices(code).replace(/^enable subgroups;/m, '')));
    return '';
  } catch (error) {
    return (error as { formatted?: string }).formatted ?? String(error);
  }
}

/** A device for this code: with the features that it enables, where the adapter has them. */
async function deviceFor(code: string): Promise<GPUDevice> {
  if (usesSubgroupMatrices(code)) return idleDevice();
  if (!/^enable subgroups;/m.test(code)) return testDevice();
  const { features } = await testAdapter();
  expect(features.has('subgroups'), 'an adapter with subgroups, as lavapipe and SwiftShader are').toBe(true);
  return (subgroupDevice ??= testDevice({ requiredFeatures: ['subgroups'] }));
}
let subgroupDevice: Promise<GPUDevice> | undefined;

/** Buffers as wgsl_reflect sees them, in the shape of BindingInfo. */
function reflected(code: string): SpecializedKernel['bindings'] {
  // wgsl_reflect 1.6 takes the good name `block` for a keyword.
  const { storage, uniforms } = new WgslReflect(
    withoutSubgroupMatrices(code).replaceAll(/\bblock\b/g, 'block_'),
  );
  return [...storage, ...uniforms]
    .map(({ name, group, binding, access, type }) => ({
      name,
      group: group as 0,
      binding,
      access: uniforms.some((each) => each.name === name)
        ? ('uniform' as const)
        : ((access || 'read') as 'read' | 'read_write'),
      type: type.getTypeName().replace(', 0>', '>'), // 0: sized at run time
    }))
    .sort((a, b) => a.binding - b.binding);
}

/** The library's declarations, by name. */
const declarations = new Map(
  library
    .flatMap(({ source }) => source.split(/\n(?=(?:\/\/.*\n)*(?:fn|const|alias|struct) )/))
    .flatMap((text) =>
      [...text.matchAll(/^(?:fn|const|alias|struct) (\w+)/gm)].map(([, name]) => [name, text]),
    ),
);

/** What a file uses of the library, also where the constants as they stand leave it out. */
function usedBy(source: string): string {
  const own = new Set([...source.matchAll(/^(?:fn|const|alias|struct) (\w+)/gm)].map(([, name]) => name));
  const texts = new Set([source]);
  // A Set also visits what is added to it on the way.
  for (const text of texts) {
    for (const [, word, called] of text.replaceAll(/\/\/.*/g, '').matchAll(/(\w+)(\()?/g)) {
      const declaration = declarations.get(word);
      const isFunction = declaration?.includes(`fn ${word}(`);
      if (declaration && !own.has(word) && (called || !isFunction)) texts.add(declaration);
    }
  }
  return [...texts]
    .slice(1)
    .join('\n')
    .replaceAll(/^alias Bits.*/gm, /^alias Value = vec4/m.test(source) ? 'alias Bits = vec4u;' : '$&');
}

it('finds the shaders', () => {
  expect(kernels.length).toBeGreaterThan(10);
  expect(shared.length).toBeGreaterThan(2);
});

describe.each(named(files))('%s', (_, file) => {
  const lines = file.source.trimEnd().split('\n');

  it('opens with its page of text', () => {
    const header = lines.findIndex((line) => !line.startsWith('//'));
    expect(lines[0], 'a title').toMatch(/^\/\/ \S/);
    expect(header, 'lines of the header').toBeGreaterThan(isShared(file) ? 0 : 3);
  });

  it('is short enough to read', () => {
    expect(lines.length).toBeLessThanOrEqual(isShared(file) ? 300 : 150);
  });
});

describe.each(named(shared))('%s', (_, { source }) => {
  it('hides no binding, entry point or unrelated variable', () => {
    expect(source).not.toMatch(/@(binding|compute)\b/);
    expect(source).not.toMatch(/^var\b/m);
  });
});

it('the shared library is valid as a whole, for scalars and for vectors', async () => {
  const bodies = library
    .map(({ source }) => source)
    .join('\n')
    .replaceAll(/^alias (Value|Bits).*$/gm, '');
  for (const [value, bits] of [
    ['f32', 'u32'],
    ['vec4f', 'vec4u'],
  ]) {
    const code = `alias Value = ${value};\nalias Bits = ${bits};\n${bodies}`;
    expect(await tintErrors(await testDevice(), code)).toEqual([]);
    expect(nagaError(code)).toBe('');
  }
});

describe.each(named(files.filter(isDrawing)))('%s', (_, { source }) => {
  it('is valid, for Tint and for naga', async () => {
    expect(await tintErrors(await testDevice(), source)).toEqual([]);
    expect(nagaError(source)).toBe('');
  });
});

describe.each(named(kernels))('%s', (_, file) => {
  const kernel = specialize(file, { library });
  /** It, and what it is with each of its switches the other way. */
  const switched = [...file.source.matchAll(/^const (\w+): bool = (true|false);/gm)].map(([, name, value]) =>
    specialize(file, { library, constants: { [name]: value === 'false' } }),
  );

  it('has fn main', () => {
    expect(file.source).toMatch(/^fn main\(/m);
  });

  it('is valid WGSL as it stands, with the library functions it calls', async () => {
    expect(await tintErrors(await deviceFor(file.source), `${file.source}\n${usedBy(file.source)}`)).toEqual(
      [],
    );
  });

  it('is valid when specialised, for Tint and for naga', async () => {
    for (const { code } of [kernel, ...switched]) {
      expect(await tintErrors(await deviceFor(code), code)).toEqual([]);
      expect(nagaError(code)).toBe('');
    }
  });

  it('has the bindings that wgsl_reflect finds', () => {
    const aliases = Object.fromEntries(
      [...kernel.code.matchAll(/^alias (\w+) = ([\w<>]+);/gm)].map(([, k, v]) => [k, v]),
    );
    const resolve = (type: string) => type.replaceAll(/\w+/g, (word) => aliases[word] ?? word);
    const found = reflected(kernel.code).map((binding) => ({ ...binding, type: resolve(binding.type) }));
    expect(kernel.bindings).toEqual(found);
  });

  it('keeps within the conventions: at most 8 storage buffers, 256 invocations, 16 KiB', () => {
    const [x, y, z] = kernel.workgroupSize;
    expect(kernel.bindings.length).toBeLessThanOrEqual(8);
    expect(kernel.bindings.length).toBeGreaterThan(0);
    expect(x * y * z).toBeLessThanOrEqual(256);
    expect(kernel.workgroupBytes).toBeLessThanOrEqual(16384);
  });
});
