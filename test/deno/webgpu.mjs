/*
 * Stands for the npm package `webgpu` (Dawn) where the tests run in Deno: the same two exports over Deno's own
 * WebGPU (wgpu), which has no drivers to choose and defines WebGPU's globals (GPUBufferUsage, …) by itself.
 */

export const globals = {};

export const create = () => navigator.gpu;
