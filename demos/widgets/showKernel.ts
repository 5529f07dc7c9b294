import { create } from '../shared/dom.ts';

/** `showKernel` of kernels.ts, which is loaded when a kernel is shown: the addresses of all shaders are many. */
export async function showKernel(place: HTMLElement, name: string, code?: string): Promise<void> {
  try {
    const kernels = await import('./kernels.ts');
    await kernels.showKernel(place, name, code);
  } catch {
    const text = 'The source could not be loaded: check the connection, or reload the page.';
    place.replaceChildren(create('p', { role: 'alert' }, text));
  }
}
