import { describe, expect, it, vi } from 'vitest';
import { DeviceLostError, KernelError, LimitError } from '../../src/errors.ts';
import { PipelineCache } from '../../src/kernels/pipelineCache.ts';
import { specialize } from '../../src/kernels/specialize.ts';
import { type SpecializedKernel } from '../../src/kernels/kernel.ts';
import { testDevice } from '../helpers/device.ts';

const SOURCE = `// Adds N
const N: u32 = 1u;
const WG: u32 = 4u;
const WORDS: u32 = 4u;
@group(0) @binding(0) var<storage, read> input: array<u32>;
@group(0) @binding(4) var<storage, read_write> output: array<u32>;
var<workgroup> shared_words: array<u32, WORDS>;
@compute @workgroup_size(WG)
fn main(@builtin(local_invocation_index) i: u32) {
  shared_words[i] = input[i];
  output[i] = shared_words[i] + N;
}
`;
const kernelOf = (constants: Record<string, number> = {}, source = SOURCE): SpecializedKernel =>
  specialize({ name: 'test/add', source }, { constants });

const rejection = async (promise: Promise<unknown>): Promise<Error> => {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error('expected a rejection');
};

describe('get', () => {
  it('compiles once per code, also while the first is still under way', async () => {
    const cache = new PipelineCache(await testDevice());
    const [first, second] = await Promise.all([
      cache.get(kernelOf(), 'first'),
      cache.get(kernelOf(), 'second'),
      cache.get(kernelOf({ N: 2 }), 'third'),
    ]);
    expect(second).toBe(first);
    expect(await cache.get(kernelOf(), 'later')).toBe(first);
    expect(cache.size).toBe(2);
    expect(cache.stats).toEqual({ requests: 4, compilations: 2, failures: 0 });
  });

  it('compiles anew for other bindings, which the same code need not use', async () => {
    const cache = new PipelineCache(await testDevice());
    const kernel = kernelOf();
    const more = { ...kernel.bindings[0], name: 'unused', binding: 7 };
    const wider = { ...kernel, bindings: [...kernel.bindings, more] };
    expect(await cache.get(wider, 'wider')).not.toBe(await cache.get(kernel, 'add'));
    expect(cache.size).toBe(2);
  });

  it('keeps the newest of the edited kernels, and those that are asked for otherwise', async () => {
    const cache = new PipelineCache(await testDevice());
    await cache.get(kernelOf({ N: 0 }), 'original');
    await Promise.all([0, 1, 2].map((N) => cache.getEdited(kernelOf({ N }), 'edited')));
    await cache.get(kernelOf({ N: 1 }), 'kept');
    for (let N = 3; N < 30; N++) await cache.getEdited(kernelOf({ N }), 'edited');
    expect(cache.size).toBe(18);
    const { compilations } = cache.stats;
    for (const N of [0, 1, 29, 14]) await cache.getEdited(kernelOf({ N }), 'edited');
    expect(cache.stats.compilations).toBe(compilations);
    await cache.getEdited(kernelOf({ N: 13 }), 'edited');
    expect(cache.stats.compilations).toBe(compilations + 1);
  });

  it('labels everything and lays out the bindings explicitly', async () => {
    const device = await testDevice();
    const createLayout = vi.spyOn(device, 'createBindGroupLayout');
    const createModule = vi.spyOn(device, 'createShaderModule');
    const { pipeline, bindGroupLayout, kernel } = await new PipelineCache(device).get(
      kernelOf(),
      'add dense_1',
    );
    expect(pipeline.label).toBe('add dense_1');
    expect(bindGroupLayout.label).toBe('add dense_1');
    expect(createModule.mock.calls[0][0].label).toBe('add dense_1');
    expect(createLayout.mock.calls[0][0].entries).toEqual([
      { binding: 0, visibility: GPUShaderStage.COMPUTE, buffer: { type: 'read-only-storage' } },
      { binding: 4, visibility: GPUShaderStage.COMPUTE, buffer: { type: 'storage' } },
    ]);
    expect(kernel.workgroupSize).toEqual([4, 1, 1]);
    vi.restoreAllMocks();
  });
});

describe('compile errors', () => {
  it('show file, line, column, message and the lines around', async () => {
    const source = SOURCE.replace('shared_words[i] + N', 'shared_words[i] + missing_name');
    const cache = new PipelineCache(await testDevice());
    const error = await rejection(cache.get(kernelOf({ WG: 2 }, source), 'add'));
    expect(error).toBeInstanceOf(KernelError);
    expect(error.message).toBe(`Kernel test/add does not compile (pipeline "add"):
test/add.wgsl:11 (specialised line 10, column 33): unresolved value 'missing_name'
     8 | fn main(@builtin(local_invocation_index) i: u32) {
     9 |   shared_words[i] = input[i];
>   10 |   output[i] = shared_words[i] + missing_name;
       |                                 ^^^^^^^^^^^^
    11 | }
`);
    const text = "unresolved value 'missing_name'";
    expect((error as KernelError).messages).toEqual([
      { file: 'test/add', line: 11, column: 33, length: 12, word: 'missing_name', text },
    ]);
    expect(cache.size).toBe(0);
    expect(cache.stats).toEqual({ requests: 1, compilations: 1, failures: 1 });
  });

  it('name the library file that the line is of', async () => {
    const kernel = specialize(
      { name: 'test/add', source: SOURCE.replace('+ N', '+ helper(N)') },
      { library: [{ name: 'test/library', source: 'fn helper(x: u32) -> u32 { return x + nothing; }' }] },
    );
    const error = await rejection(new PipelineCache(await testDevice()).get(kernel, 'add'));
    expect(error.message).toContain('test/library.wgsl:1 (specialised line 13, column 39)');
    expect(error.message).toContain('>   13 | fn helper');
  });

  it('list every error', async () => {
    const source = SOURCE.replace('input[i];', 'input[i];\n  let patch = 1u;\n  let common = 2u;');
    const error = await rejection(new PipelineCache(await testDevice()).get(kernelOf({}, source), 'add'));
    expect(error.message).toMatch(
      /test\/add\.wgsl:11 .*'patch' is a reserved.*test\/add\.wgsl:12 .*'common' is/s,
    );
  });

  it('pass on what is wrong with the pipeline rather than the code', async () => {
    const kernel = { ...kernelOf(), bindings: [] };
    const error = await rejection(new PipelineCache(await testDevice()).get(kernel, 'add'));
    expect(error).toBeInstanceOf(KernelError);
    expect(error.message).toMatch(/does not compile.*\n.*binding/s);
  });
});

describe('limits', () => {
  it.each([
    [{ WG: 512, WORDS: 512 }, '512 invocations along x in a workgroup', 256, 'maxComputeWorkgroupSizeX'],
    [{ WORDS: 5000 }, '20000 bytes of workgroup memory', 16384, 'maxComputeWorkgroupStorageSize'],
  ])('%j', async (constants, needs, allowed, limit) => {
    const device = await testDevice();
    const createModule = vi.spyOn(device, 'createShaderModule');
    const error = await rejection(new PipelineCache(device).get(kernelOf(constants), 'add'));
    expect(error).toBeInstanceOf(LimitError);
    expect(error.message).toContain(`Kernel test/add (pipeline "add") needs ${needs}`);
    expect(error.message).toContain(`this device allows ${allowed} (${limit})`);
    expect(createModule).not.toHaveBeenCalled();
    vi.restoreAllMocks();
  });

  it('counts invocations and storage buffers', async () => {
    const cache = new PipelineCache(await testDevice());
    const flat = { ...kernelOf(), workgroupSize: [32, 16, 1] as const };
    expect((await rejection(cache.get(flat, 'add'))).message).toContain(
      'needs 512 invocations in a workgroup',
    );
    const deep = { ...kernelOf({ N: 3 }), workgroupSize: [1, 1, 65] as const };
    expect((await rejection(cache.get(deep, 'add'))).message).toContain('needs 65 invocations along z');
    const many = Array.from({ length: 9 }, (_, i) => ({ ...kernelOf().bindings[0], binding: i }));
    const wide = { ...kernelOf({ N: 4 }), bindings: many };
    expect((await rejection(cache.get(wide, 'add'))).message).toContain('needs 9 storage buffers');
  });
});

describe('compileAll', () => {
  const list = [1, 2, 3].map((N) => ({ kernel: kernelOf({ N }), label: `add ${N}` }));

  it('keeps the order and tells its progress', async () => {
    const cache = new PipelineCache(await testDevice());
    const progress: [number, number, string][] = [];
    const compiled = await cache.compileAll(list, (...report) => progress.push(report));
    expect(compiled.map(({ kernel }) => kernel)).toEqual(list.map(({ kernel }) => kernel));
    expect(progress.map(([done, total]) => `${done}/${total}`)).toEqual(['1/3', '2/3', '3/3']);
    expect(progress.map(([, , label]) => label).sort()).toEqual(['add 1', 'add 2', 'add 3']);
    expect(await cache.compileAll([])).toEqual([]);
  });

  it('fails with the kernel that fails', async () => {
    const cache = new PipelineCache(await testDevice());
    const broken = { kernel: kernelOf({}, SOURCE.replace('+ N', '+ nothing')), label: 'broken' };
    const error = await rejection(cache.compileAll([...list, broken]));
    expect(error.message).toContain('(pipeline "broken")');
    await cache.compileAll(list);
    expect(cache.size).toBe(3);
  });
});

describe('a lost device', () => {
  it('ends the wait with a DeviceLostError', async () => {
    const device = await testDevice({ label: 'to be lost' });
    const hangs = new Promise<GPUComputePipeline>(() => {});
    vi.spyOn(device, 'createComputePipelineAsync').mockReturnValue(hangs);
    const cache = new PipelineCache(device);
    const pending = rejection(cache.get(kernelOf(), 'add'));
    device.destroy();
    const error = await pending;
    expect(error).toBeInstanceOf(DeviceLostError);
    expect((error as DeviceLostError).reason).toBe('destroyed');
    expect(cache.size).toBe(0);
  });
});
