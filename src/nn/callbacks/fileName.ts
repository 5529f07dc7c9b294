import { ArgumentError } from '../../errors.ts';
import { didYouMean } from '../../nearestName.ts';
import { valueName } from './monitor.ts';

/** `{epoch}`, `{epoch:03d}`, `{loss:.4f}`: a name, and how its value is written, as in Python. */
const FIELD = /\{([^{}:]*)(?::([^{}]*))?\}/g;
const WHOLE = /^(0?)(\d*)d?$/;
const FIXED = /^\.(\d+)f$/;

/**
 * Puts values into a name: `best-{epoch:03d}-{val_loss:.2f}.safetensors`.
 *
 * @param callback for messages
 * @throws ArgumentError if there is no such value, it cannot be written so, or the name has folders
 */
export function fileName(
  callback: string,
  pattern: string,
  values: Readonly<Record<string, number | undefined>>,
): string {
  const known = Object.keys(values);
  const stray = /[{}/\\]/.exec(pattern.replaceAll(FIELD, ''))?.[0];
  if (stray !== undefined) {
    throw new ArgumentError(
      `${callback}: the name "${pattern}" has a "${stray}" in it; give the name of a file, without folders, and fields such as {epoch:03d}`,
    );
  }
  return pattern.replaceAll(FIELD, (field, given: string, format = '') => {
    const name = valueName(given, known);
    if (!known.includes(name)) {
      throw new ArgumentError(
        `${callback}: the name "${pattern}" asks for ${field}, but there is ${known.join(', ')}${didYouMean(name, known)}`,
      );
    }
    const value = values[name];
    if (value === undefined) return 'none';
    const fixed = FIXED.exec(format);
    if (fixed) return value.toFixed(Math.min(100, Number(fixed[1])));
    const whole = WHOLE.exec(format);
    if (whole && (format === '' || Number.isInteger(value)))
      return String(value).padStart(Number(whole[2]), whole[1] || ' ');
    throw new ArgumentError(
      `${callback}: the name "${pattern}" asks for ${field}, but the value is ${value}; write {${name}}, {${name}:.4f} for 4 decimals, or {epoch:03d} for 3 digits`,
    );
  });
}
