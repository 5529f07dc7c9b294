import { describe, expect, it } from 'vitest';
import { parseMonthlyPassengers, syntheticPassengers } from '../../src/data/airlinePassengers.ts';
import { FormatError } from '../../src/errors.ts';
import { airlineNetwork, baselines, forecastData, rootMeanSquaredError } from '../../src/models/airline.ts';
import '../helpers/close.ts';

/** 20 months, of which 16 are for training. */
const series = Array.from({ length: 20 }, (_, month) => 10 + 2 * month);

describe('the forecast', () => {
  it('scales by the training part alone, and has the same months for the test whatever the look-back', () => {
    for (const lookBack of [1, 3, 12]) {
      const { train, test, months, passengers } = forecastData(series, { lookBack, logChange: false });
      expect(test.size).toBe(4);
      expect(train.size).toBe(16 - lookBack);
      expect(months[0]).toBe(lookBack);
      const x = train.x.data as Float32Array;
      expect(x.slice(0, lookBack)).toBeAllClose(Array.from({ length: lookBack }, (_, i) => i / 15)); // prettier-ignore
      expect([...(train.y.data as Float32Array)].at(-1)).toBeCloseTo(1, 6);
      const targets = [...(test.y.data as Float32Array)];
      expect(targets).toBeAllClose([16 / 15, 17 / 15, 18 / 15, 19 / 15]); // beyond what was seen
      expect(passengers(targets, 16)).toBeAllClose(series.slice(16));
      // a window ends before its month: none sees what is to be forecast
      const windows = [...(test.x.data as Float32Array)];
      expect(windows[lookBack - 1]).toBeCloseTo(15 / 15, 6);
    }
  });

  it('needs a month after the first window that is for training', () => {
    expect(forecastData(series, { lookBack: 15, logChange: false }).train.size).toBe(1);
    expect(() => forecastData(series, { lookBack: 16, logChange: false })).toThrow(
      'The first 16 of 20 months are for training, too few for windows of 16',
    );
  });

  it('of the logarithm’s change adds to the year before', () => {
    const { train, test, passengers } = forecastData(series, { lookBack: 3, logChange: true });
    expect([train.size, test.size]).toEqual([4, 4]);
    expect(passengers([...(test.y.data as Float32Array)], 16)).toBeAllClose(series.slice(16));
    expect(passengers([0, 0], 16)).toBeAllClose(series.slice(4, 6));
  });

  it('is compared with what needs no network', () => {
    const own = baselines(series, 1);
    expect(own.persistenceRmse).toBeCloseTo(2, 9);
    expect(own.yearlyRmse).toBeCloseTo(24, 9);
    expect(own.regressionRmse).toBeCloseTo(0, 6);
    expect(rootMeanSquaredError([1, 5, 5], [2, 9])).toBeCloseTo(Math.sqrt((9 + 16) / 2), 9);
  });

  it('is made by few parameters', () => {
    expect(airlineNetwork('lstm', { lookBack: 3, logChange: false }, 0).parameters).toBe(1169);
    expect(airlineNetwork('gru', { lookBack: 3, logChange: false }, 0).parameters).toBe(929);
  });
});

describe('the series', () => {
  const read = (text: string) => parseMonthlyPassengers(new TextEncoder().encode(text), 'a.csv');

  it('is read from its table', () => {
    const { values, year } = read('"Month","Passengers"\r\n"1949-01",112\r\n"1949-02",118\r\n');
    expect({ values, year }).toEqual({ values: [112, 118], year: 1949 });
    expect(() => read('"Month","Passengers"\n"1949-01",x')).toThrow(FormatError);
    expect(() => read('"Month","Passengers"\n"1949-01",x')).toThrow(/a\.csv: line 2 is/);
    expect(() => read('')).toThrow(/no lines/);
  });

  it('that stands in for it is the same each time, and grows', () => {
    const { name, values } = syntheticPassengers();
    expect(name).toMatch(/synthetic/);
    expect(values).toEqual(syntheticPassengers().values);
    expect(values).toHaveLength(144);
    expect(Math.max(...values)).toBeGreaterThan(3 * values[0]);
  });
});
