import { create } from '../../shared/dom.ts';

/** Why WebGPU is not available on this page; undefined if it is. */
export function webgpuProblem(): string | undefined {
  if (!globalThis.isSecureContext) {
    return 'Browsers offer WebGPU only to pages that come over https or from localhost, and this one does not.';
  }
  if (!navigator.gpu) return 'This browser does not offer WebGPU, or it is switched off.';
  return undefined;
}

/** What to do without WebGPU, in place of the page's live parts. */
export function missingWebGpu(reason: string): HTMLElement {
  const item = (browser: string, advice: string) =>
    create('li', {}, create('strong', {}, browser), ` ${advice}`);
  return create(
    'section',
    { className: 'missing', role: 'alert' },
    create('h2', {}, 'No WebGPU here'),
    create('p', {}, reason),
    create('p', {}, 'This page computes everything on the GPU through WebGPU. These browsers have it:'),
    create(
      'ul',
      {},
      item(
        'Chrome, Edge, Opera',
        '113 or later on Windows, macOS and ChromeOS, 121 on Android. On Linux, and where the GPU is blocked: allow “Unsafe WebGPU Support” at chrome://flags; chrome://gpu tells why it is off.',
      ),
      item('Safari', '26 or later, on macOS, iOS and iPadOS 26.'),
      item('Firefox', '141 or later on Windows, 145 on macOS with Apple silicon; Firefox Nightly elsewhere.'),
    ),
    create(
      'p',
      {},
      'Without a GPU, the same code trains in Node: ',
      create('code', {}, 'npm run train'),
      '.',
    ),
  );
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
