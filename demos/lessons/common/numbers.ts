/** A number as a page writes it: a few significant digits, a true minus sign, no trailing zeros. */
export function number(value: number, digits = 4): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  const rounded = Number(value.toPrecision(digits));
  const size = Math.abs(rounded);
  const text = size !== 0 && (size < 1e-4 || size >= 1e6) ? power(rounded, digits) : plain(rounded);
  return text.replace('-', '−');
}

const plain = (value: number): string => (value === 0 ? '0' : String(value));

/** 1.2 · 10⁻⁷ */
function power(value: number, digits: number): string {
  const [mantissa, exponent] = value.toExponential(Math.min(digits, 3) - 1).split('e');
  const raised = [...exponent.replace('+', '')].map((sign) =>
    sign === '-' ? '⁻' : '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(sign)],
  );
  return `${String(Number(mantissa))}·10${raised.join('')}`;
}

/** In brackets where negative, so that it may follow an operator. */
export const operand = (value: number, digits?: number): string =>
  value < 0 ? `(${number(value, digits)})` : number(value, digits);

/** A share between 0 and 1, of which `rest` is missing: with three digits of the smaller of both, as logarithms need it. */
export function share(value: number, rest: number): string {
  if (rest < 1e-3) return `1 − ${number(rest, 3)}`;
  if (value < 1e-3) return number(value, 3);
  return String(Number(value.toFixed(3 - Math.floor(Math.log10(Math.min(value, rest))))));
}

/** With a fixed number of decimals, for numbers in columns and for those that change while one looks. */
export const fixed = (value: number, digits = 2): string =>
  Number.isFinite(value) && Math.abs(value) < 1e6
    ? zero(value.toFixed(digits)).replace('-', '−')
    : number(value, 3);

/** Without the sign of a zero. */
const zero = (text: string): string => (Number(text) === 0 ? text.replace('-', '') : text);

/** When the text of an element last changed. */
const changes = new WeakMap<Element, number>();
/** A text that changes again within this time is not highlighted: it would glow all the time. */
const QUIET = 600;

/** Writes a number into an element, which lights up where the text changes. */
export function show(element: Element, value: number | string, digits?: number): void {
  const text = typeof value === 'string' ? value : number(value, digits);
  if (element.textContent === text) return;
  const first = element.textContent === '';
  element.textContent = text;
  const since = performance.now() - (changes.get(element) ?? -QUIET);
  changes.set(element, performance.now());
  if (first || since < QUIET || matchMedia('(prefers-reduced-motion: reduce)').matches) return;
  element.animate([{ backgroundColor: 'color-mix(in srgb, var(--ink) 18%, transparent)' }, {}], 700);
}
