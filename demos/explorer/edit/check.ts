import { GeneratedCodeError } from '../../../src/simulator/index.ts';
import { KernelError } from '../../../src/index.ts';
import { prepare, runWhole } from '../toys/simulate.ts';
import type { Toy } from '../toys/toy.ts';
import { firstLine, remarksOf } from '../../widgets/shader/remarks.ts';
import type { Remark } from '../../widgets/shader/remarks.ts';

/** What the simulator says of an edited text, on a toy. */
export type Verdict =
  | { readonly kind: 'wrong'; readonly remarks: readonly Remark[]; readonly text: string }
  | { readonly kind: 'right' | 'different' | 'forbidden'; readonly text: string };

/** Runs an edited text on the toy's numbers, with a budget of steps: an endless loop ends here, and not on the GPU. */
export function checkOnToy(toy: Toy, original: string, text: string): Verdict {
  try {
    const { buffers, races } = runWhole(prepare(toy, text));
    if (races.length > 0) {
      const remarks = races.map(({ message, second: { place } }) => ({
        line: place.line,
        column: 0,
        length: 0,
        text: message,
      }));
      return { kind: 'wrong', remarks, text: races[0].message };
    }
    const expected = runWhole(prepare(toy, original)).buffers;
    const wrong = Object.entries(expected).flatMap(([name, data]) => {
      const places = [...data.keys()].filter((i) => !isNear(buffers[name][i], data[i]));
      return places.length > 0
        ? [`${name}[${places[0]}] is ${buffers[name][places[0]]} instead of ${data[places[0]]}`]
        : [];
    });
    if (wrong.length > 0)
      return { kind: 'different', text: `On the example the numbers differ: ${wrong.join(', ')}.` };
    return { kind: 'right', text: 'On the example the numbers are those of the original.' };
  } catch (error) {
    if (error instanceof GeneratedCodeError)
      return {
        kind: 'forbidden',
        text: 'The site’s policy forbids the simulator: an edit cannot be tried before it runs on the GPU.',
      };
    if (!(error instanceof KernelError)) throw error;
    return {
      kind: 'wrong',
      remarks: remarksOf(error.messages, text, toy.kernel),
      text: firstLine(error.message),
    };
  }
}

const isNear = (a: number, b: number) =>
  Object.is(a, b) || Math.abs(a - b) <= 1e-5 * Math.max(1, Math.abs(b));
