import { describe, expect, it } from 'vitest';
import { tryEdit } from '../../../../demos/frame/graph/worker/trial.ts';
import { KernelError } from '../../../../src/errors.ts';
import type { InspectedDispatch } from '../../../../src/runtime/inspect.ts';

const source = `@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read_write> output: array<f32>;

const ROUNDS: u32 = 1u;

@compute @workgroup_size(4)
fn main(@builtin(global_invocation_id) id: vec3u) {
  var sum = 0.0;
  for (var round = 0u; round < ROUNDS; round++) {
    sum += input[id.x];
  }
  output[id.x] = sum;
}
`;

/** The dispatch of so many workgroups, each lane of which goes round so often; it has so many words to write to. */
function dispatch(workgroups: number, rounds = 1, words = 4 * workgroups): InspectedDispatch {
  const size = 4 * workgroups;
  const binding = { dtype: 'f32', shape: [size], tensor: 'x' } as const;
  return {
    label: 'sum',
    source: { file: { name: 'sum', source }, specialization: { constants: { ROUNDS: rounds } } },
    workgroups: [workgroups, 1, 1],
    subgroupSize: undefined,
    bindings: [
      { ...binding, name: 'input', access: 'read', data: Float32Array.from({ length: size }, (_, i) => i) },
      { ...binding, name: 'output', access: 'read_write', data: new Float32Array(words) },
    ],
  };
}

const put = (line: string) => source.replace('  output[id.x] = sum;', `  output[id.x] = sum;\n${line}`);

describe('the trial of an edit', () => {
  it('tries all workgroups where that takes little time', () => {
    expect(tryEdit(dispatch(1), `${source}\n`)).toBe(
      'No race in its workgroup, and the numbers are those of the original.',
    );
    expect(tryEdit(dispatch(9), `${source}\n`)).toBe(
      'No race in any of its 9 workgroups, and the numbers are those of the original.',
    );
    expect(tryEdit(dispatch(9), source.replace('var sum = 0.0', 'var sum = f32(id.x / 35u)'))).toBe(
      "No race in any of its 9 workgroups, and the numbers differ from the original's: output[35] is 36 instead of 35.",
    );
  });

  it.each([
    ['in the last workgroup alone', 'if (id.x >= 32u) { output[33] = 0.0; }'],
    ['between the first and the last', 'if (id.x == 35u) { output[0] = 0.0; }'],
  ])('finds a race %s, at its line', (_, line) => {
    const error = (() => {
      try {
        return tryEdit(dispatch(9), put(line));
      } catch (reason) {
        return reason;
      }
    })() as KernelError;
    expect(error).toBeInstanceOf(KernelError);
    expect(error.message).toMatch(/^Race on output\[/);
    const lines = put(line).split('\n');
    expect(error.messages.map((own) => lines[own.line - 1])).toContain(line);
  });

  it('says how many it has tried where all would take long: the first ones, and others up to the last', () => {
    const large = dispatch(2000, 1000);
    const told = tryEdit(large, `${source}\n`);
    const [, tried] = /^No race in the (\d+) of 2000 workgroups that were tried, and the numbers are/.exec(
      told,
    )!;
    expect(Number(tried)).toBe(Math.floor(4e6 / (4 * 1001 + 16)));
    expect(() => tryEdit(large, put('if (id.x == 7999u) { output[4] = 0.0; }'))).toThrow(
      /Race on output\[4\]/,
    );
  });

  it.each(['loop { }', 'if (id.x == 7999u) { loop { } }'])('ends where a loop does not: %s', (line) => {
    expect(() => tryEdit(dispatch(2000, 1000), put(line))).toThrow(/does this loop end/);
  });

  it('tries no more than it has memory to watch', () => {
    const told = tryEdit(dispatch(2 ** 17, 0, 2 ** 21), `${source}\n`);
    expect(told).toContain(`No race in the ${2 ** 16} of ${2 ** 17} workgroups that were tried`);
  });
});
