import { create } from '../../shared/dom.ts';

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
