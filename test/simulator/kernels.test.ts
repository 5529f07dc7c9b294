import { describe, expect, it } from 'vitest';
import { library } from '../../src/kernels/library.ts';
import { specialize } from '../../src/kernels/specialize.ts';
import { compileKernel } from '../../src/simulator/compile.ts';
import { run } from '../../src/simulator/run.ts';
import { Stepper } from '../../src/simulator/stepper.ts';

const sources = import.meta.glob<string>(['../../shaders/**/*.wgsl', '../../bench/**/shaders/*.wgsl'], {
  query: '?raw',
  import: 'default',
  eager: true,
});
const files = Object.entries(sources)
  .map(([path, source]) => ({ name: path.replace(/^.*\/shaders\//, '').replace(/\.wgsl$/, ''), source }))
  // The bench's product of registers loops for seconds, and so does one in which each lane has all subgroup matrices: see races.test.ts.
  .filter(({ name }) => !/^(shared|draw)\/|^multiply_add$|subgroup_matrix$/.test(name));

const WORDS = 1 << 14;
const STEPS = 60;

it('finds the kernels', () => expect(files.length).toBeGreaterThan(90));

describe.each(files.map((file) => [file.name, file] as const))('%s as it stands', (_, file) => {
  const kernel = specialize(file, { library }, { rolled: true });
  const lanes = /LANES: u32 = (\d+)u/.exec(file.source)?.[1];
  const subgroupSize = Number(lanes ?? 8);
  /** Ones, and indices that are 0. */
  const buffers = () =>
    Object.fromEntries(
      kernel.bindings.map(({ name, type }) => [
        name,
        /f32|f>/.test(type) ? new Float32Array(WORDS).fill(1) : new Uint32Array(WORDS),
      ]),
    );
  const options = () => ({ buffers: buffers(), workgroups: [1] as const, subgroupSize, budget: 1e6 });

  it('gives the same with checks and without, and has no race in a workgroup', () => {
    const [plain, checked] = [options(), options()];
    run(compileKernel(kernel, { checks: false, outside: 'poison' }), plain);
    const { races } = run(compileKernel(kernel, { outside: 'poison' }), checked);
    expect(races).toEqual([]);
    for (const [name, { buffer }] of Object.entries(plain.buffers)) {
      const difference = Buffer.compare(Buffer.from(buffer), Buffer.from(checked.buffers[name].buffer));
      expect({ name, difference }).toEqual({ name, difference: 0 });
    }
  });

  it('is stepped through, back and forward', () => {
    const stepper = new Stepper(kernel, { ...options(), outside: 'poison' });
    const state = () => [
      stepper.lane(0),
      [...stepper.variables(0)],
      stepper.accesses.map(({ element }) => element),
    ];
    const states = [state()];
    while (states.length <= STEPS && stepper.step(0)) states.push(state());
    expect(states.length).toBeGreaterThan(2);
    const lines = new Map([file, ...library].map(({ name, source }) => [name, source.split('\n')]));
    for (const [lane, variables] of states as [ReturnType<Stepper['lane']>, [string, unknown][]][]) {
      const { file: own, line } = lane.place ?? {};
      if (own !== undefined) expect(lines.get(own)![line! - 1].trim()).not.toBe('');
      for (const [, value] of variables) expect(value).toBeDefined();
    }
    const middle = states.length >> 1;
    stepper.goTo(middle);
    expect(state()).toEqual(states[middle]);
    stepper.goTo(states.length - 1);
    expect(state()).toEqual(states.at(-1));
  });
});
