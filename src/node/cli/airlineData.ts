import {
  AIRLINE_PASSENGERS,
  parseMonthlyPassengers,
  syntheticPassengers,
} from '../../data/airlinePassengers.ts';
import type { MonthlySeries } from '../../data/airlinePassengers.ts';
import type { TrainContext } from './command.ts';
import { formatCount } from './format.ts';
import { loadFile } from './loadFile.ts';

/** The airline passengers, or what stands in for them, loudly. */
export async function loadPassengers(context: TrainContext): Promise<MonthlySeries> {
  const { data: series, source } = await loadFile(context, AIRLINE_PASSENGERS, {
    parse: parseMonthlyPassengers,
    generate: syntheticPassengers,
  });
  context.terminal.line(
    `Data: ${series.name}, ${formatCount(series.values.length)} months from ${series.year} on (${source})`,
  );
  return series;
}
