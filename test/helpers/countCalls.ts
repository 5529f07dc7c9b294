import { expect } from 'vitest';

/** What can be counted and spoiled: methods of the device, of its queue, and mapAsync of its buffers. */
export type CallName =
  | Extract<keyof GPUDevice, `create${string}` | 'popErrorScope'>
  | Exclude<Extract<keyof GPUQueue, string>, 'label'>
  | 'mapAsync';

export interface CountedDevice {
  /** Stands in for the device it was made from. */
  readonly device: GPUDevice;
  /** Calls since the last `reset`, by name; a name that was not called is missing. */
  readonly calls: Readonly<Partial<Record<CallName, number>>>;
  /** Forgets the calls, and what was to be spoiled. */
  reset(): void;
  /** Makes call number `n` from now (0 is the next one) fail as a real device fails it. */
  spoil(name: CallName, n: number): void;
  /** Calls back after each call from now on, until the next `reset`. */
  watch(called: (name: CallName) => void): void;
}

type Method = (...args: unknown[]) => unknown;
type Descriptor = Record<string, unknown>;

/**
 * Wraps a device so that each call of its API is counted, and any one of them can be made to fail the way WebGPU
 * fails: with an invalid object and an error for the scope around it, or with a rejected promise.
 */
export function countCalls(real: GPUDevice): CountedDevice {
  let calls: Partial<Record<string, number>> = {};
  let watcher: ((name: CallName) => void) | undefined;
  let spoiled: { name: string; n: number } | undefined;
  const counter = {
    get calls() {
      return calls;
    },
    reset() {
      calls = {};
      spoiled = undefined;
      watcher = undefined;
    },
    watch(called: (name: CallName) => void) {
      watcher = called;
    },
    spoil(name: CallName, n: number) {
      spoiled = { name, n: n + (calls[name] ?? 0) };
    },
  };

  /** Counts a call, and tells whether it has to fail. */
  const count = (name: string): boolean => {
    const n = calls[name] ?? 0;
    calls[name] = n + 1;
    return spoiled?.name === name && spoiled.n === n;
  };
  const reportError = () => real.createBuffer({ label: 'spoiled', size: 4, usage: 0 });
  const rejection = () => Promise.reject(new DOMException('spoiled by the test', 'OperationError'));

  const failures: Partial<Record<string, (method: Method, args: unknown[]) => unknown>> = {
    createBuffer: (create, [descriptor]) => create({ ...(descriptor as Descriptor), usage: 0 }),
    createBindGroup: (create, [descriptor]) => create({ ...(descriptor as Descriptor), entries: [] }),
    createBindGroupLayout: (create, [descriptor]) => {
      const { entries, ...rest } = descriptor as GPUBindGroupLayoutDescriptor;
      return create({ ...rest, entries: [...entries, ...entries] });
    },
    createPipelineLayout: (create, [descriptor]) => {
      const { bindGroupLayouts, ...rest } = descriptor as GPUPipelineLayoutDescriptor;
      return create({ ...rest, bindGroupLayouts: Array(9).fill([...bindGroupLayouts][0]) });
    },
    createShaderModule: (create, [descriptor]) =>
      create({ ...(descriptor as Descriptor), code: 'fn main( {' }),
    createComputePipelineAsync: (create, [descriptor]) => {
      const { compute, ...rest } = descriptor as GPUComputePipelineDescriptor;
      return create({ ...rest, compute: { ...compute, entryPoint: 'nowhere' } });
    },
    submit: reportError,
    writeBuffer: reportError,
    onSubmittedWorkDone: rejection,
    mapAsync: rejection,
    // The scope has to go, or the next one would be popped in its place.
    popErrorScope: (pop) => (pop() as Promise<unknown>).then(rejection),
  };

  const wrap = (name: string, method: Method): Method => {
    return (...args) => {
      const fail = count(name) ? failures[name] : undefined;
      const result = fail ? fail(method, args) : method(...args);
      if (name === 'createBuffer') {
        const buffer = result as GPUBuffer;
        buffer.mapAsync = wrap('mapAsync', buffer.mapAsync.bind(buffer) as Method) as GPUBuffer['mapAsync'];
      }
      watcher?.(name as CallName);
      return result;
    };
  };
  const proxy = <T extends object>(target: T, counted: (name: string) => boolean): T =>
    new Proxy(target, {
      get(_target, key) {
        const value: unknown = key === 'queue' ? queue : Reflect.get(target, key, target);
        if (typeof value !== 'function') return value;
        const method = value.bind(target) as Method;
        return typeof key === 'string' && counted(key) ? wrap(key, method) : method;
      },
    });
  const queue: GPUQueue = proxy(real.queue, () => true);
  const device = proxy(real, (name) => name.startsWith('create') || name === 'popErrorScope');
  return Object.defineProperty(counter, 'device', { value: device }) as unknown as CountedDevice;
}

/** Expects nothing but submits, at most one per step: short steps share one. */
export function expectFewSubmits(calls: CountedDevice['calls'], steps: number): void {
  expect(Object.keys(calls).sort()).toEqual(['createCommandEncoder', 'onSubmittedWorkDone', 'submit']);
  for (const count of Object.values(calls)) {
    expect(count).toBeGreaterThan(0);
    expect(count).toBeLessThanOrEqual(steps);
  }
}
