import { create } from '../../shared/dom.ts';

/** Why WebGPU is not available on this page; undefined if it is. */
export function webgpuProblem(): string | undefined {
  if (!globalThis.isSecureContext) {
    return 'Browsers offer WebGPU only to pages that come over https or from localhost, and this one does not.';
  }
  if (!navigator.gpu) return 'This browser does not offer WebGPU, or it is switched off.';
  return undefined;
}

/** An error with a fix: its kind, its message, and a way to continue. */
export function errorPanel(
  name: string,
  message: string,
  actions: readonly HTMLButtonElement[],
): HTMLElement {
  return create(
    'section',
    { className: 'failure', role: 'alert' },
    create('h2', {}, name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ')),
    create('p', {}, message),
    create('div', { className: 'actions' }, ...actions),
  );
}
