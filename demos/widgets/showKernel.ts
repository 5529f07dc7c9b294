/** `showKernel` of kernels.ts, which is loaded when a kernel is shown: the addresses of all shaders are many. */
export async function showKernel(place: HTMLElement, name: string, code?: string): Promise<void> {
  const kernels = await import('./kernels.ts');
  await kernels.showKernel(place, name, code);
}
