import { stripVTControlCharacters } from 'node:util';

/** 12,345 */
export const formatCount = (value: number): string => Math.round(value).toLocaleString('en-US');

/** 97.53% */
export const formatPercent = (part: number): string => `${(part * 100).toFixed(2)}%`;

/** About three significant digits: 0.0214, 1.35, 120, 1.00e-5 */
export function formatLoss(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e5)) return value.toExponential(2);
  const decimals = size === 0 ? 2 : 2 - Math.floor(Math.log10(size));
  return Number.isNaN(value) ? 'NaN' : value.toFixed(Math.max(0, Math.min(4, decimals)));
}

/** A time gone by: 850 ms, 21.3 s, 3 min 20 s */
export function formatSeconds(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 99.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return whole < 3600
    ? `${Math.floor(whole / 60)} min ${whole % 60} s`
    : `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** A time to come, as a clock: 0:42, 1:02:03 */
export function formatClock(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  const two = (value: number) => String(value).padStart(2, '0');
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** Characters that a text takes on the screen: colours take none. */
export const widthOf = (text: string): number => stripVTControlCharacters(text).length;

export const padStart = (text: string, width: number): string =>
  ' '.repeat(Math.max(0, width - widthOf(text))) + text;

export const padEnd = (text: string, width: number): string =>
  text + ' '.repeat(Math.max(0, width - widthOf(text)));

/** An argument as a shell takes it. */
export const quoteArgument = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
