import { coordsOf, indexOf, sizeOf, zeros, type Array64 } from './array.ts';

/** Subscripts with an arrow, where `...` has become letters of its own. */
function written(subscripts: string, operands: readonly Array64[]) {
  const [given, wanted] = subscripts.split('->');
  const ranks = given.split(',').map((part, i) => operands[i].shape.length - part.replace('...', '').length);
  const most = Math.max(0, ...given.split(',').map((part, i) => (part.includes('...') ? ranks[i] : 0)));
  const digits = Array.from({ length: most }, (_, i) => `${i}`).join('');
  const inputs = given.split(',').map((part, i) => part.replace('...', digits.slice(most - ranks[i])));
  const letters = [...new Set(inputs.join('').replaceAll(/\d/g, ''))].toSorted();
  const once = letters.filter((letter) => inputs.join('').split(letter).length === 2);
  return { inputs, output: wanted === undefined ? digits + once.join('') : wanted.replace('...', digits) };
}

/** Calls `visit` for every assignment of places to letters, with the elements that it takes. */
function visitAll(
  subscripts: string,
  operands: readonly Array64[],
  visit: (places: readonly number[], result: number) => void,
): number[] {
  const { inputs, output } = written(subscripts, operands);
  const letters = [...new Set(inputs.join(''))];
  const extentOf = (letter: string) =>
    Math.max(...inputs.flatMap((part, i) => [...part].flatMap((own, axis) => (own === letter ? operands[i].shape[axis] : 0)))); // prettier-ignore
  const extents = letters.map(extentOf);
  const shape = [...output].map(extentOf);
  for (let i = 0; i < sizeOf(extents); i++) {
    const coords = coordsOf(extents, i);
    const place = (part: string, own: readonly number[]) =>
      indexOf(own, [...part].map((letter, axis) => (own[axis] === 1 ? 0 : coords[letters.indexOf(letter)]))); // prettier-ignore
    visit(
      inputs.map((part, k) => place(part, operands[k].shape)),
      place(output, shape),
    );
  }
  return shape;
}

/** Σ of products over all letters that the result has not. */
export function einsum(subscripts: string, ...operands: Array64[]): Array64 {
  const y = zeros(visitAll(subscripts, operands, () => {}));
  visitAll(subscripts, operands, (places, result) => {
    y.data[result] += places.reduce((product, place, i) => product * operands[i].data[place], 1);
  });
  return y;
}

/** Its gradients: of each operand, dy times the others. */
export function einsumGrad(subscripts: string, operands: readonly Array64[], dy: Array64): Array64[] {
  const gradients = operands.map(({ shape }) => zeros(shape));
  visitAll(subscripts, operands, (places, result) => {
    places.forEach((own, i) => {
      const others = places.reduce((product, place, k) => (k === i ? product : product * operands[k].data[place]), 1); // prettier-ignore
      gradients[i].data[own] += dy.data[result] * others;
    });
  });
  return gradients;
}
