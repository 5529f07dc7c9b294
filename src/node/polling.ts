/**
 * Node's WebGPU, the npm package `webgpu`, has no thread of its own that waits for the GPU: while a promise is pending it
 * polls the GPU in every turn of the event loop, with `setImmediate`, and so keeps one core busy for nothing. On a
 * software adapter that core is missing: a step takes up to twice as long.
 *
 * Here it polls a few times at once, because short work is done by then, and after that about once a millisecond, with
 * sleep in between. The binding takes `setImmediate` off `globalThis` each time it needs it, always within a call that
 * begins in JavaScript: there, and only as long as the call lasts, it finds `askLater` instead.
 */

/** How long after a call the GPU is asked without a pause. Short work (an error scope, a tiny kernel) takes less. */
const EAGER_MS = 0.25;
/** Node's shortest sleep. Longer ones would save little: one question takes some microseconds. */
const SLEEP_MS = 1;

/** The methods that return a promise of the GPU's, by class. */
const WAITING: Readonly<Record<string, readonly string[]>> = {
  GPU: ['requestAdapter'],
  GPUAdapter: ['requestDevice'],
  GPUDevice: ['createComputePipelineAsync', 'createRenderPipelineAsync', 'popErrorScope'],
  GPUQueue: ['onSubmittedWorkDone'],
  GPUBuffer: ['mapAsync'],
  GPUShaderModule: ['getCompilationInfo'],
};

type Method = (this: unknown, ...given: unknown[]) => unknown;
type Classes = Readonly<Record<string, { readonly prototype: Record<string, Method> }>>;

const sleeping = new WeakSet<object>();
let lastCall = -Infinity;

/**
 * Has the classes of the package `webgpu` sleep while they wait for the GPU, once for all: their own users' waits
 * sleep too.
 *
 * @param classes what the package exports as `globals`
 */
export function sleepWhileWaiting(classes: Classes): void {
  if (sleeping.has(classes)) return;
  sleeping.add(classes);
  for (const [name, methods] of Object.entries(WAITING)) {
    const prototype = classes[name]?.prototype;
    for (const method of prototype ? methods : []) {
      const original = prototype[method];
      prototype[method] = function (...given) {
        lastCall = performance.now();
        return asking(() => original.apply(this, given));
      };
    }
  }
}

/** Calls the binding, which finds `askLater` as its `setImmediate`. */
function asking<T>(call: () => T): T {
  const { setImmediate } = globalThis;
  globalThis.setImmediate = askLater as typeof setImmediate;
  try {
    return call();
  } finally {
    globalThis.setImmediate = setImmediate;
  }

  function askLater(ask: (...given: unknown[]) => void, ...given: unknown[]): unknown {
    // A listener to an event that the binding dispatches meanwhile is not the binding.
    if (!isNative(ask)) return setImmediate(ask, ...given);
    const eager = performance.now() - lastCall < EAGER_MS;
    const again = () => asking(() => ask(...given));
    return eager ? setImmediate(again) : setTimeout(again, SLEEP_MS);
  }
}

const isNative = (call: object) => Function.prototype.toString.call(call).endsWith('{ [native code] }');
