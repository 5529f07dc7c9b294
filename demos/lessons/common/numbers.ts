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

/** Writes a number into an element, which lights up where the text changes. */
export function show(element: Element, value: number | string, digits?: number): void {
  const text = typeof value === 'string' ? value : number(value, digits);
  if (element.textContent === text) return;
  const first = element.textContent === '';
  element.textContent = text;
  if (first || matchMedia('(prefers-reduced-motion: reduce)').matches) return;
  element.animate([{ backgroundColor: 'color-mix(in srgb, var(--blue) 28%, transparent)' }, {}], 700);
}
