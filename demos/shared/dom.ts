/** The element with this id; its absence is a mistake in the page. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (!element) throw new Error(`The page has no element #${id}.`);
  return element as T;
}

/** `create('button', { type: 'button' }, 'Play')`; attributes with a dash or `role` are set as attributes. */
export function create<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties:
    | (Partial<HTMLElementTagNameMap[K]> & Record<`aria-${string}` | `data-${string}`, string>)
    | object = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes('-') || name === 'role') element.setAttribute(name, String(value));
    else Object.assign(element, { [name]: value });
  }
  element.append(...children);
  return element;
}

/** 12,345 */
export const count = (value: number): string => Math.round(value).toLocaleString('en-US');

/** Three figures: 0.0123, 1.23, 12.3, 123 */
export function figures(value: number, digits = 3): string {
  return Math.abs(value) >= 100 ? count(value) : String(Number(value.toPrecision(digits)));
}

/** 97.3 % */
export function percent(share: number, digits = 1): string {
  return `${(share * 100).toFixed(digits)} %`;
}

/** A paragraph that the reader should know before trusting what the page shows. */
export function notice(text: string, kind: 'note' | 'warning' = 'note'): HTMLElement {
  return create('p', { className: `notice ${kind}`, role: 'note' }, text);
}

/**
 * Acts once, when the reader comes near an element: when less than `margin` is between it and what is seen.
 *
 * @returns what ends this before
 */
export function whenNear(element: Element, margin: string, action: () => void): () => void {
  const near = new IntersectionObserver(
    (entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
      near.disconnect();
      action();
    },
    { rootMargin: margin },
  );
  near.observe(element);
  return () => near.disconnect();
}

/** Device pixels of an element's content box, told at once and whenever they change. */
export function watchSize(element: Element, listener: (width: number, height: number) => void): void {
  new ResizeObserver(([{ contentRect }]) => {
    if (contentRect.width > 0) listener(contentRect.width, contentRect.height);
  }).observe(element);
}
