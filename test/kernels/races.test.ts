import { expect, it } from 'vitest';
import type { LoweredDispatch } from '../../src/runtime/lower.ts';
import { withoutSubgroupMatrices } from '../helpers/subgroupMatrix.ts';
import { findRaces } from '../helpers/validate.ts';
import { buffersOf, dispatches, files, withoutBarriers } from './raceCases.ts';
import { share } from '../helpers/share.ts';

/** What the race finder says of a dispatch, or of its kernel with other code. */
function races(dispatch: LoweredDispatch, code = dispatch.kernel.code): string[] {
  // The race finder knows no subgroups: each lane keeps its own value, as no address depends on it.
  const alone = withoutSubgroupMatrices(code)
    .replace('enable subgroups;', '')
    .replaceAll('subgroupShuffle(', 'keep(');
  const keep = 'fn keep(value: f32, lane: u32) -> f32 { return value; }';
  const own = alone === code ? code : `${alone}\n${keep}`;
  return findRaces(own, buffersOf(dispatch), [...dispatch.workgroups]);
}

it('every kernel with workgroup memory has a case', () => {
  expect(files.length).toBeGreaterThan(8);
  expect([...new Set(dispatches.map(({ file }) => file))].toSorted()).toEqual(files.toSorted());
});

it.each(
  share(
    dispatches.map((own) => [own.name, own.file, own.dispatch] as const),
    3,
    1,
  ),
)('%s: %s has no race', (_, __, dispatch) => {
  expect(races(dispatch)).toEqual([]);
});

it.each(share(files, 3, 0))('%s: a race is found where any one of its barriers is missing', (file) => {
  const unnoticed = new Set<number>();
  for (const { dispatch } of dispatches.filter((own) => own.file === file)) {
    // This race finder sees workgroup memory only; the simulator is asked about storage barriers, too.
    const codes = withoutBarriers(dispatch.kernel, /workgroupBarrier\(\);/g);
    if (unnoticed.size === 0) codes.forEach((_, i) => unnoticed.add(i));
    for (const i of unnoticed) if (races(dispatch, codes[i]).length > 0) unnoticed.delete(i);
  }
  expect([...unnoticed], 'barriers that no case needs').toEqual([]);
});
