import { describe, expect, it } from 'vitest';
import { specialize } from '../../src/kernels/specialize.ts';
import { compileKernel } from '../../src/simulator/compile.ts';
import { run } from '../../src/simulator/run.ts';
import { Stepper } from '../../src/simulator/stepper.ts';
import type { StepAccess } from '../../src/simulator/told.ts';

const sources = import.meta.glob<string>(['../../shaders/**/*.wgsl', '../../src/**/shaders/*.wgsl'], {
  query: '?raw',
  import: 'default',
  eager: true,
});
const all = Object.entries(sources).map(([path, source]) => ({
  name: path.replace(/^.*\/shaders\//, '').replace(/\.wgsl$/, ''),
  source,
}));
const library = all.filter(({ name }) => name.startsWith('shared/'));
const files = all
  // The multiply-adds out of registers loops for seconds, and so does one in which each lane has all subgroup matrices: see races.test.ts.
  .filter(({ name }) => !/^(shared|draw)\/|^multiply_add$|subgroup_matrix$/.test(name));

/** Where a lane stands, what it sees, and what the step before touched. */
interface Stop {
  readonly lane: ReturnType<Stepper['lane']>;
  readonly variables: ReturnType<Stepper['variables']>;
  readonly touched: readonly Pick<StepAccess, 'variable' | 'element' | 'place'>[];
}

/** What the stops show that the text does not have at their lines. */
function wrongIn(stops: readonly Stop[], sources: ReadonlyMap<string, string>): string[] {
  const found: string[] = [];
  stops.forEach(({ lane: { place, calls }, variables, touched }, i) => {
    if (place?.file !== undefined) {
      const lines = sources.get(place.file)!.split('\n');
      const start = lines.findIndex((text) => text.includes(`fn ${place.fn}(`));
      const before = lines.slice(start, place.line).join('\n');
      if (lines[place.line - 1].trim() === '') found.push(`${place.text} is empty`);
      for (const name of variables.keys())
        if (!new RegExp(`\\b(?:let|var|const) ${name}\\b|\\b${name}\\s*:`).test(before))
          found.push(`${place.text}: ${name} is seen and not declared`);
      const [, name, literal] =
        /^\s*(?:let|var) (\w+)(?:: \w+)? = (?:(-?[\d.]+)[fu]?;)?/.exec(lines[place.line - 1]) ?? [];
      const next = stops.slice(i + 1).find((own) => own.lane.calls.length <= calls.length);
      const isAfter = next?.lane.place?.fn === place.fn && next.lane.place.line > place.line;
      if (name && isAfter && lines[place.line - 1].includes(';')) {
        const value = next.variables.get(name);
        if (value === undefined) found.push(`${place.text}: ${name} is declared and not seen`);
        if (literal !== undefined && value !== Math.fround(Number(literal)))
          found.push(`${place.text}: ${name} is ${String(value)}, not ${literal}`);
      }
    }
    for (const { variable, place: at } of touched) {
      const statement =
        at.file &&
        sources
          .get(at.file)!
          .split('\n')
          .slice(at.line - 1, at.line + 4)
          .join('\n');
      if (statement && !new RegExp(`\\b${variable}\\b`).test(statement))
        found.push(`${at.text}: ${variable} is touched and not named`);
    }
  });
  return found;
}

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

  it('is stepped through, forward and back: the right variables at the right lines', () => {
    const stepper = new Stepper(kernel, { ...options(), outside: 'poison' });
    const state = (): Stop => ({
      lane: stepper.lane(0),
      variables: stepper.variables(0),
      touched: stepper.accesses.map(({ variable, element, place }) => ({ variable, element, place })),
    });
    const states = [state()];
    while (states.length <= STEPS && stepper.step(0)) states.push(state());
    expect(states.length).toBeGreaterThan(2);
    expect(wrongIn(states, new Map([file, ...library].map(({ name, source }) => [name, source])))).toEqual(
      [],
    );
    const middle = states.length >> 1;
    stepper.goTo(middle);
    expect(state()).toEqual(states[middle]);
    stepper.goTo(states.length - 1);
    expect(state()).toEqual(states.at(-1));
  });
});
