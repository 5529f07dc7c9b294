import { create } from '../shared/dom.ts';
import { listing } from './listing.ts';

/** Where every shader of the repository lies, to be fetched when someone wants to read it. */
const addresses = import.meta.glob<string>('../../shaders/**/*.wgsl', {
  query: '?url',
  import: 'default',
  eager: true,
});
const texts = new Map<string, string>();
/** What each place was last asked to show. */
const wanted = new WeakMap<HTMLElement, object>();

/** The names of all shaders of the repository, in the order of their files. */
export const kernelNames = (): string[] =>
  Object.keys(addresses).map((path) => path.replace(/^.*\/shaders\//, '').replace(/\.wgsl$/, ''));

/** The source of a kernel as it is in the repository: `conv2d/1_naive`. */
export async function kernelSource(name: string): Promise<string> {
  const address = addresses[`../../shaders/${name}.wgsl`];
  if (!address) throw new Error(`There is no kernel shaders/${name}.wgsl.`);
  const known = texts.get(address);
  if (known !== undefined) return known;
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${name}.wgsl: the server answers ${response.status}.`);
  const text = await response.text();
  texts.set(address, text);
  return text;
}

/** The text of a kernel with its comments, which the site's scripts do without; of an edited kernel the edit. */
export async function withComments({
  name,
  source,
}: {
  readonly name: string;
  readonly source: string;
}): Promise<string> {
  const plain = (text: string) => text.replaceAll(/[ \t]*\/\/.*/g, '').trimEnd();
  try {
    const whole = await kernelSource(name);
    return plain(whole) === plain(source) ? whole : source;
  } catch {
    return source;
  }
}

/**
 * Shows a kernel in `place`: of several asked for, the last, however long each takes to load. Where the source cannot be
 * had, it says so, with a button to try again.
 *
 * @param code the kernel as it was sent to the GPU, instead of its file
 */
export async function showKernel(place: HTMLElement, name: string, code?: string): Promise<void> {
  const ask = {};
  wanted.set(place, ask);
  const show = (...content: Node[]) => {
    if (wanted.get(place) !== ask) return;
    place.replaceChildren(create('p', { className: 'file' }, `shaders/${name}.wgsl`), ...content);
  };
  try {
    show(listing(code ?? texts.get(addresses[`../../shaders/${name}.wgsl`]) ?? (await kernelSource(name))));
  } catch (error) {
    const again = create('button', { type: 'button' }, 'Try again');
    again.addEventListener('click', () => void showKernel(place, name));
    const reason = navigator.onLine ? (error as Error).message : 'You are offline.';
    show(create('p', { role: 'alert' }, `The source could not be loaded. ${reason} `), again);
  }
}
