import { sizeOf } from '../ops/core/shape.ts';
import type { RangeLayout } from './optimizerSpec.ts';
import type { Run } from './variables.ts';

/** How ranges of variables are made up, numbered through. */
export function layoutsOf(runs: readonly Run[]): RangeLayout[] {
  let [firstSegment, firstBlock] = [0, 0];
  return runs.map(({ variables, offset, offsets, bytes }) => {
    const segments = variables.map((variable, i) => ({
      variable,
      offset: (offsets[i] - offset) / 4,
      size: sizeOf(variable.shape),
    }));
    const layout = { length: bytes / 4, segments, firstSegment, firstBlock };
    firstSegment += segments.length;
    firstBlock += layout.length / 64;
    return layout;
  });
}
