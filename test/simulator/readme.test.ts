import { expect, it } from 'vitest';
import { checkKernel, ops } from '../../src/index.ts';
import * as simulator from '../../src/simulator/index.ts';
import readme from '../../src/simulator/README.md?raw';
import { testGpu } from '../helpers/evaluate.ts';

/** The examples, one after the other as one program, and what they say that they print. */
const code = [...readme.matchAll(/^```ts\n(.*?)^```/gms)].map(([, text]) => text).join('\n');
const printed = [...code.matchAll(/\/\/ → (.*)/g)].map(([, text]) => text);

it('the examples of the README print what it says', async () => {
  const wgrad = { checkKernel, ops, init: () => testGpu() };
  const lines: string[] = [];
  const console = { log: (...values: unknown[]) => lines.push(values.map(String).join(' ')) };
  const program = code.replaceAll(/^import \{ (.*) \} from '(.*)';$/gm, (_, names, from) =>
    from === 'wgrad' ? `const { ${names} } = wgrad;` : `const { ${names} } = simulator;`,
  );
  const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor as FunctionConstructor;
  await AsyncFunction('wgrad', 'simulator', 'console', program)(wgrad, simulator, console);
  expect(lines).toEqual(printed);
  expect(printed.length).toBeGreaterThan(14);
});
