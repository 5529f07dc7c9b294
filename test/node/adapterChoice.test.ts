import { describe, expect, it } from 'vitest';
import {
  ADAPTER_KINDS,
  answers,
  classify,
  describe as describeAdapter,
  explain,
  findDrivers,
  placesToTry,
  refusal,
} from '../../src/node/adapterChoice.ts';

const info = (vendor: string, architecture: string, description: string, isFallbackAdapter = false) => ({
  vendor,
  architecture,
  device: '',
  description,
  isFallbackAdapter,
});
const nvidia = info('nvidia', 'hopper', 'NVIDIA H200: 570.86');
const lavapipe = info('mesa', 'software', 'llvmpipe: Mesa 25.0.7 (LLVM 15.0.6)', true);
const swiftshader = info('google', 'swiftshader', 'SwiftShader driver 5.0.0', true);
const warp = info('microsoft', '', 'Microsoft Basic Render Driver', true);

describe('classify', () => {
  it.each([
    [nvidia, 'gpu'],
    [info('apple', 'metal-3', 'Apple M2'), 'gpu'],
    [info('intel', 'gen-12lp', 'Intel(R) Iris(R) Xe Graphics'), 'gpu'],
    [lavapipe, 'lavapipe'],
    [swiftshader, 'swiftshader'],
    [warp, 'software'],
    [info('', '', 'some CPU driver', true), 'software'],
  ] as const)('%o is %s', (adapter, kind) => {
    expect(classify(adapter)).toBe(kind);
  });

  it('does not rest on the fallback flag alone', () => {
    for (const adapter of [lavapipe, swiftshader, warp]) {
      expect(classify({ ...adapter, isFallbackAdapter: false })).not.toBe('gpu');
    }
  });
});

describe('answers', () => {
  it('never takes a software adapter for a gpu, nor a gpu for software', () => {
    const taken = (wanted: (typeof ADAPTER_KINDS)[number]) =>
      ADAPTER_KINDS.filter((kind) => answers(wanted, kind));
    expect(taken('gpu')).toEqual(['gpu']);
    expect(taken('software')).toEqual(['lavapipe', 'swiftshader', 'software']);
    expect(taken('lavapipe')).toEqual(['lavapipe']);
    expect(ADAPTER_KINDS.every((kind) => answers(undefined, kind))).toBe(true);
  });
});

describe('placesToTry', () => {
  const drivers = { lavapipe: ['/l/lvp_icd.json'], mountedGpu: ['/n/nvidia_icd.json'] };

  it('prefers a GPU, then lavapipe, then SwiftShader', () => {
    expect(placesToTry(undefined, drivers)).toEqual([
      '/n/nvidia_icd.json',
      'system',
      '/l/lvp_icd.json',
      'swiftshader',
    ]);
  });

  it('tries only what was asked for', () => {
    expect(placesToTry('gpu', drivers)).toEqual(['/n/nvidia_icd.json', 'system']);
    expect(placesToTry('lavapipe', drivers)).toEqual(['/l/lvp_icd.json']);
    expect(placesToTry('swiftshader', drivers)).toEqual(['swiftshader']);
    expect(placesToTry('software', drivers)).toEqual(['/l/lvp_icd.json', 'swiftshader']);
  });

  it('takes what macOS and Windows offer', () => {
    for (const wanted of [undefined, ...ADAPTER_KINDS]) {
      expect(placesToTry(wanted, undefined)).toEqual(['system']);
    }
  });
});

describe('findDrivers', () => {
  const folders: Record<string, string[]> = {
    '/usr/share/vulkan/icd.d': ['intel_icd.x86_64.json', 'lvp_icd.x86_64.json', 'lvp_icd.txt'],
    '/opt/data/vulkan/icd.d': ['lvp_icd.json'],
    '/home/me/.local/share/vulkan/icd.d': ['lvp_icd.mine.json'],
    '/usr/local/nvidia/share/vulkan/icd.d': ['nvidia_icd.json'],
  };
  const list = (folder: string) => folders[folder] ?? [];

  it('looks where the Vulkan loader looks, the user’s own first', () => {
    const env = {
      HOME: '/home/me',
      XDG_DATA_DIRS: '/opt/data:/usr/share',
      VK_DRIVER_FILES: '/a/lvp_icd.json:/b/x.json',
    };
    expect(findDrivers(env, list).lavapipe).toEqual([
      '/a/lvp_icd.json',
      '/home/me/.local/share/vulkan/icd.d/lvp_icd.mine.json',
      '/opt/data/vulkan/icd.d/lvp_icd.json',
      '/usr/share/vulkan/icd.d/lvp_icd.x86_64.json',
    ]);
  });

  it('finds a GPU mounted into a container', () => {
    expect(findDrivers({}, list).mountedGpu).toEqual([
      '/usr/local/nvidia/share/vulkan/icd.d/nvidia_icd.json',
    ]);
  });

  it('finds nothing on a bare machine', () => {
    expect(findDrivers({}, () => [])).toEqual({ lavapipe: [], mountedGpu: [] });
  });
});

describe('what people read', () => {
  it('names the GPU', () => {
    expect(describeAdapter('gpu', nvidia, undefined, [])).toBe('GPU (NVIDIA H200: 570.86, nvidia, hopper)');
  });

  it('says why it computes on the CPU, and why not on something better, in one line', () => {
    const old = refusal('/usr/share/vulkan/icd.d/lvp_icd.json', null);
    expect(describeAdapter('swiftshader', swiftshader, undefined, [old])).toBe(
      'SwiftShader on the CPU (SwiftShader driver 5.0.0): no GPU was found; Dawn refuses ' +
        '/usr/share/vulkan/icd.d/lvp_icd.json (Mesa older than 23 lacks a feature that WebGPU needs)',
    );
    expect(describeAdapter('lavapipe', lavapipe, 'lavapipe', [])).toMatch(
      /^lavapipe on the CPU .*: as asked$/,
    );
  });

  it('says what to do when there is none', () => {
    for (const wanted of [undefined, ...ADAPTER_KINDS]) {
      expect(explain(wanted, ['reason'])).toMatch(/^No WebGPU adapter.*; reason\. [A-Z].*\.$/);
    }
    expect(explain('gpu', [])).toContain('--adapter software');
  });
});
