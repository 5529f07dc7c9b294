/** Red, green and blue from 0 to 1, as the canvas takes them. */
export type Rgb = readonly [number, number, number];

/** The colours in which tensors are drawn; they follow the page's light or dark scheme. */
export interface Palette {
  readonly negative: Rgb;
  readonly zero: Rgb;
  readonly positive: Rgb;
  readonly paper: Rgb;
  readonly ink: Rgb;
  /** Right answers and wrong ones. */
  readonly right: Rgb;
  readonly wrong: Rgb;
  /** Bars: what the discriminator takes for real, and what it does not. */
  readonly real: Rgb;
  readonly fake: Rgb;
  /** Of the classes of points and of digits. */
  readonly classes: readonly Rgb[];
  /** Of what a figure compares: four. */
  readonly compared: readonly Rgb[];
}

/** `#2257d4` → [0.13, 0.34, 0.83]; `#fff` likewise. */
export function parseHex(text: string): Rgb {
  const digits = text.trim().replace('#', '');
  const wide = digits.length === 3 ? [...digits].map((digit) => digit + digit).join('') : digits;
  const number = Number.parseInt(wide, 16);
  return [(number >> 16) / 255, ((number >> 8) & 255) / 255, (number & 255) / 255];
}

/** The value of one of the page's CSS variables, such as '--positive'. */
export function cssVariable(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** The palette of the scheme in use, from the variables of style.css. */
export function readPalette(): Palette {
  const colour = (name: string) => parseHex(cssVariable(name));
  return {
    negative: colour('--negative'),
    zero: colour('--tile'),
    positive: colour('--positive'),
    paper: colour('--tile'),
    ink: colour('--ink'),
    right: colour('--right'),
    wrong: colour('--wrong'),
    real: colour('--discriminator'),
    fake: colour('--muted'),
    compared: ['first', 'second', 'third', 'fourth'].map((name) => colour(`--${name}`)),
    classes: Array.from({ length: 10 }, (_, own) => colour(`--class-${own}`)),
  };
}

/** Calls `listener` whenever the reader changes between light and dark. */
export function onSchemeChange(listener: () => void): void {
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', listener);
}
