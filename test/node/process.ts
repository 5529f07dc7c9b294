// A process that computes on an adapter and then ends in the way that its second argument names.
import { findAdapter } from '../../src/node/adapter.ts';
import type { AdapterKind } from '../../src/node/adapter.ts';
import double from '../browser/double.wgsl?raw';

const [kind, ending] = process.argv.slice(2);
const { adapter } = await findAdapter(kind === 'best' ? {} : { adapter: kind as AdapterKind });
const device = await adapter.requestDevice();
const { STORAGE, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
const values = device.createBuffer({ size: 256, usage: STORAGE | COPY_SRC | COPY_DST });
const staging = device.createBuffer({ size: 256, usage: MAP_READ | COPY_DST });
device.queue.writeBuffer(values, 0, new Float32Array(64).fill(21));
const module = device.createShaderModule({ code: double });
const pipeline = await device.createComputePipelineAsync({ layout: 'auto', compute: { module } });
const layout = pipeline.getBindGroupLayout(0);
const group = device.createBindGroup({ layout, entries: [{ binding: 0, resource: { buffer: values } }] });
const encoder = device.createCommandEncoder();
const pass = encoder.beginComputePass();
pass.setPipeline(pipeline);
pass.setBindGroup(0, group);
pass.dispatchWorkgroups(1);
pass.end();
encoder.copyBufferToBuffer(values, 0, staging, 0, 256);
device.queue.submit([encoder.finish()]);
const mapped = staging.mapAsync(GPUMapMode.READ);

if (ending === 'mid-map') mapped.catch(() => {});
else await mapped;
if (ending === 'throw') throw new Error('thrown on purpose');
if (ending === 'exit') process.exit(3);
if (ending === 'kill') process.kill(process.pid, 'SIGINT');
if (ending === 'end') console.log(new Float32Array(staging.getMappedRange())[0]);
