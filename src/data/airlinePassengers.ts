import { FormatError } from '../errors.ts';
import { randomStream } from './random.ts';

/** A month's passengers, month after month. */
export interface MonthlySeries {
  readonly name: string;
  /** Of the first month. */
  readonly year: number;
  readonly values: readonly number[];
}

/**
 * The passengers of international airlines in thousands, of each month from January 1949 to December 1960 (Box & Jenkins 1976,
 * series G), as the table `"Month","Passengers"` that is widely copied.
 */
export const AIRLINE_PASSENGERS = {
  title: 'the airline passengers',
  path: 'airline-passengers.csv',
  urls: ['https://raw.githubusercontent.com/jbrownlee/Datasets/master/airline-passengers.csv'],
  bytes: 2180,
  sha256: '8cb51be753a718d9be5d76d7e238cc224792754676adc21faa59e954b0201621',
} as const;

const MONTHS = 144;
const FIRST_YEAR = 1949;

/**
 * Reads the table.
 *
 * @param source where it comes from, for messages
 * @throws FormatError unless it has a month and a whole number in each of its lines
 */
export function parseMonthlyPassengers(bytes: Uint8Array, source: string): MonthlySeries {
  const [, ...lines] = new TextDecoder().decode(bytes).trim().split(/\r?\n/);
  const values = lines.map((line, i) => {
    const [, month, passengers] = /^"?(\d{4}-\d{2})"?,(\d+)$/.exec(line.trim()) ?? [];
    if (month === undefined) {
      throw new FormatError(
        `${source}: line ${i + 2} is "${line}"; expected a month and a number, "1949-01",112`,
      );
    }
    return Number(passengers);
  });
  if (values.length === 0) throw new FormatError(`${source}: has no lines after the first`);
  return { name: 'airline-passengers', year: Number(/\d{4}/.exec(lines[0])![0]), values };
}

/**
 * A series of the same length with a trend, a season and some noise, which is no record of anything: for machines that cannot
 * have the real one.
 */
export function syntheticPassengers(): MonthlySeries {
  const random = randomStream(1);
  const values = Array.from({ length: MONTHS }, (_, month) => {
    const season =
      1 + 0.18 * Math.sin((2 * Math.PI * (month - 3)) / 12) + 0.06 * Math.cos((4 * Math.PI * month) / 12);
    return Math.round(120 * Math.exp(0.0092 * month) * season * (1 + 0.06 * (random() - 0.5)));
  });
  return { name: 'synthetic-passengers', year: FIRST_YEAR, values };
}
