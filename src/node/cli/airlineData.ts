import {
  AIRLINE_PASSENGERS,
  parseMonthlyPassengers,
  syntheticPassengers,
} from '../../data/airlinePassengers.ts';
import type { MonthlySeries } from '../../data/airlinePassengers.ts';
import { findPublishedFile } from '../publishedFile.ts';
import { formatCount } from './format.ts';
import type { Terminal } from './terminal.ts';

/**
 * The airline passengers, or what stands in for them, loudly.
 *
 * @param data a folder, or `synthetic`
 */
export async function loadPassengers(
  terminal: Terminal,
  data: string | undefined,
  signal: AbortSignal,
): Promise<MonthlySeries> {
  const series = await load(terminal, data, signal);
  if (series.notice) terminal.line(terminal.style(['bold', 'yellow'], series.notice));
  terminal.line(
    `Data: ${series.name}, ${formatCount(series.values.length)} months from ${series.year} on (${series.source})`,
  );
  return series;
}

async function load(
  terminal: Terminal,
  data: string | undefined,
  signal: AbortSignal,
): Promise<MonthlySeries> {
  if (data === 'synthetic') return syntheticPassengers('It was asked for.');
  const onNotice = (notice: string) => terminal.warn(notice);
  const found = await findPublishedFile(AIRLINE_PASSENGERS, { dataDir: data, signal, onNotice });
  if (!found.bytes) return syntheticPassengers(`The real ones are not available: ${found.reason}`);
  return parseMonthlyPassengers(new TextDecoder().decode(found.bytes), found.source);
}
