import {
  adam,
  batchNormalization,
  conv2d,
  dense,
  flatten,
  Gan,
  maxPool2d,
  sequential,
} from '../../src/index.ts';
import { dataset } from '../../src/data/dataset.ts';
import type { Dataset } from '../../src/data/dataset.ts';
import type { Gpu } from '../../src/runtime/session.ts';
import { random } from '../reference/array.ts';

/** Small pictures of noise in three classes. */
export function pictures(size: number): Dataset {
  const x = Float32Array.from(random(1, [size, 8, 8, 1]).data);
  return dataset({
    name: 'noise',
    x,
    y: Uint8Array.from({ length: size }, (_, i) => i % 3),
    inputShape: [8, 8, 1],
  });
}

export const classifier = () =>
  sequential(
    [
      conv2d({ filters: 4, kernelSize: 3 }),
      batchNormalization(),
      maxPool2d(),
      flatten(),
      dense({ units: 3 }),
    ],
    { inputShape: [8, 8, 1] },
  );

export const compileOptions = { loss: 'softmaxCrossEntropy', metrics: ['accuracy'] } as const;

/** All that a model does in its life, on a GPU of its own. Returns the buffers that are left: 0 if none leak. */
export async function modelCycle(init: () => Promise<Gpu>, data: Dataset): Promise<number> {
  const gpu = await init();
  const model = await classifier().compile({ gpu, optimizer: adam(), ...compileOptions });
  await model.fit(data, { epochs: 2, batchSize: 16, validationData: data });
  await model.evaluate(data);
  await model.predict(data);
  const saved = await model.save();
  const other = await classifier().compile({ gpu, optimizer: adam(), ...compileOptions });
  await other.load(saved);
  await other.fit(data, { epochs: 1, batchSize: 24 });
  model.destroy();
  other.destroy();
  return left(gpu);
}

/** The same for two networks that play against each other. */
export async function ganCycle(init: () => Promise<Gpu>, data: Dataset): Promise<number> {
  const gpu = await init();
  const generator = sequential([dense({ units: 64, activation: 'tanh' })], { inputShape: [2] });
  const discriminator = sequential([dense({ units: 1 })], { inputShape: [64] });
  const gan = await new Gan({ generator, discriminator }).compile({ gpu });
  const flat = dataset({
    name: 'flat',
    x: Float32Array.from(random(2, [data.size, 64]).data),
    y: new Uint8Array(data.size),
    inputShape: [64],
  });
  await gan.fit(flat, { steps: 10, batchSize: 16 });
  const sampler = await gan.sampler({ count: 4 });
  await sampler.draw();
  sampler.destroy();
  await gan.load(await gan.save());
  gan.destroy();
  return left(gpu);
}

/** Opens sessions whose kernels are added to a list. */
export function recording(init: () => Promise<Gpu>, kernels: Set<string>): () => Promise<Gpu> {
  return async () => {
    const gpu = await init();
    const device = gpu.device.gpu;
    const create = device.createShaderModule.bind(device);
    device.createShaderModule = (descriptor) => {
      kernels.add(descriptor.code as string);
      return create(descriptor);
    };
    return gpu;
  };
}

/**
 * What a session leaves by itself, whoever uses it: the adapter's, the driver's and the binding's own. It compiles kernels
 * and runs each once, by WebGPU's own calls: a driver of a CPU keeps memory for each (lavapipe's LLVM).
 */
export async function bareCycle(init: () => Promise<Gpu>, kernels: ReadonlySet<string>): Promise<number> {
  const gpu = await init();
  const device = gpu.device.gpu;
  for (const code of kernels) {
    const module = device.createShaderModule({ code });
    const pipeline = await device.createComputePipelineAsync({ layout: 'auto', compute: { module } });
    // An automatic layout has those bindings alone that the code uses.
    const used = [...code.matchAll(/@group\(0\) @binding\((\d+)\) var<storage[^>]*> (\w+)/g)].filter(
      ([, , name]) => code.split(new RegExp(`\\b${name}\\b`)).length > 2,
    );
    const buffers = used.map(() => device.createBuffer({ size: 65536, usage: GPUBufferUsage.STORAGE }));
    const entries = used.map(([, binding], i) => ({
      binding: Number(binding),
      resource: { buffer: buffers[i] },
    }));
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
    pass.dispatchWorkgroups(1);
    pass.end();
    device.queue.submit([encoder.finish()]);
    await device.queue.onSubmittedWorkDone();
    for (const buffer of buffers) buffer.destroy();
  }
  gpu.device.check();
  return left(gpu);
}

/** Models and GANs have freed what was theirs before the session ends. */
function left(gpu: Gpu): number {
  const buffers = gpu.device.liveBuffers;
  gpu.destroy();
  return Math.max(buffers, gpu.device.liveBuffers);
}
