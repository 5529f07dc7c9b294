import { expect, it } from 'vitest';
import double from './double.wgsl?raw';
import { openPage } from './harness.ts';

it('computes on a WebGPU adapter in the browser', async () => {
  const { page, errors } = await openPage('');
  const doubled = await page.evaluate(async (code) => {
    const adapter = await navigator.gpu.requestAdapter();
    const device = await adapter!.requestDevice();
    const module = device.createShaderModule({ code });
    const pipeline = await device.createComputePipelineAsync({ layout: 'auto', compute: { module } });
    const { STORAGE, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
    const values = device.createBuffer({ size: 256, usage: STORAGE | COPY_SRC | COPY_DST });
    const staging = device.createBuffer({ size: 256, usage: MAP_READ | COPY_DST });
    device.queue.writeBuffer(
      values,
      0,
      Float32Array.from({ length: 64 }, (_, i) => i),
    );
    const layout = pipeline.getBindGroupLayout(0);
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(
      0,
      device.createBindGroup({ layout, entries: [{ binding: 0, resource: { buffer: values } }] }),
    );
    pass.dispatchWorkgroups(1);
    pass.end();
    encoder.copyBufferToBuffer(values, 0, staging, 0, 256);
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(GPUMapMode.READ);
    return [...new Float32Array(staging.getMappedRange())];
  }, double);
  expect(doubled).toEqual(Array.from({ length: 64 }, (_, i) => 2 * i));
  expect(errors).toEqual([]);
});

it('composites a WebGPU canvas, so that screenshots show it', async () => {
  const { page, errors } = await openPage('');
  await page.evaluate(async () => {
    const canvas = document.createElement('canvas');
    canvas.style = 'position: fixed; inset: 0; width: 100vw; height: 100vh; z-index: 9';
    document.body.append(canvas);
    const device = await (await navigator.gpu.requestAdapter())!.requestDevice();
    const context = canvas.getContext('webgpu')!;
    context.configure({ device, format: navigator.gpu.getPreferredCanvasFormat() });
    const encoder = device.createCommandEncoder();
    const red: GPURenderPassColorAttachment = {
      view: context.getCurrentTexture().createView(),
      loadOp: 'clear',
      storeOp: 'store',
      clearValue: [1, 0, 0, 1],
    };
    encoder.beginRenderPass({ colorAttachments: [red] }).end();
    device.queue.submit([encoder.finish()]);
    await device.queue.onSubmittedWorkDone();
  });
  const picture = await page.screenshot({ encoding: 'base64', clip: { x: 0, y: 0, width: 4, height: 4 } });
  const pixel = await page.evaluate(async (data) => {
    const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${data}`)).blob());
    const context = new OffscreenCanvas(4, 4).getContext('2d')!;
    context.drawImage(image, 0, 0);
    return [...context.getImageData(2, 2, 1, 1).data];
  }, picture);
  expect(pixel).toEqual([255, 0, 0, 255]);
  expect(errors).toEqual([]);
});

it('notices what goes wrong on a page', async () => {
  const { page, errors } = await openPage('');
  await page.evaluate(() => {
    console.error('told');
    setTimeout(() => {
      throw new Error('thrown');
    });
  });
  await expect.poll(() => errors.join('\n')).toContain('uncaught: Error: thrown');
  expect(errors.join('\n')).toContain('console: told');
});
