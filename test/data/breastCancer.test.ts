import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  BREAST_CANCER_FEATURES,
  parseBreastCancer,
  syntheticBreastCancer,
} from '../../src/data/breastCancer.ts';

const row = (id: number, diagnosis: string, first: number) =>
  [id, diagnosis, ...Array.from({ length: 30 }, (_, i) => first + i)].join(',');
const bytes = (text: string) => new TextEncoder().encode(text);

describe('the breast cancer table', () => {
  it('is read line by line: class 1 is malignant', () => {
    const data = parseBreastCancer(bytes(`${row(1, 'M', 0.5)}\n${row(2, 'B', 100)}\r\n`), 'wdbc.data');
    expect(data.size).toBe(2);
    expect([...data.y.data]).toEqual([1, 0]);
    expect([...data.x.data.subarray(0, 2)]).toEqual([0.5, 1.5]);
    expect(data.x.data[59]).toBe(129);
    expect(data.classNames).toEqual(['benign', 'malignant']);
    expect(data.synthetic).toBe(false);
  });

  it('names a line that is not one of it', () => {
    const bad = [row(1, 'X', 0), row(1, 'M', 0).slice(0, -3), row(1, 'M', 0).replace(',5,', ',,'), '', 'id'];
    for (const line of bad) {
      expect(() =>
        parseBreastCancer(bytes(`${row(1, 'M', 0)}\n${line}\n${row(1, 'M', 0)}`), 'a.csv'),
      ).toThrow(/^a\.csv: line 2 is not an identifier, M or B, and 30 numbers/);
    }
  });

  it('has thirty features with names of their own', () => {
    expect(new Set(BREAST_CANCER_FEATURES).size).toBe(30);
    expect(BREAST_CANCER_FEATURES[10]).toBe('error of radius');
  });

  it('has a generated form that says so', () => {
    const data = syntheticBreastCancer();
    expect(data).toMatchObject({ size: 569, synthetic: true, name: 'synthetic table' });
    expect([...data.y.data].filter((label) => label === 1)).toHaveLength(212);
    expect(syntheticBreastCancer().x.data).toEqual(data.x.data);
  });

  const folder = process.env.WGRAD_DATA;
  const path = `${folder}/wdbc.data`;
  it.runIf(folder && existsSync(path))('has the means that scikit-learn publishes', () => {
    const { x, y, size } = parseBreastCancer(readFileSync(path), path);
    expect(size).toBe(569);
    expect([...y.data].filter((label) => label === 1)).toHaveLength(212);
    const mean = (column: number) =>
      Array.from({ length: size }, (_, i) => x.data[30 * i + column]).reduce((a, b) => a + b, 0) / size;
    expect(mean(0)).toBeCloseTo(14.127, 3);
    expect(mean(3)).toBeCloseTo(654.889, 2);
  });
});
