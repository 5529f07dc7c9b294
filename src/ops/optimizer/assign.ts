import { ArgumentError, ShapeError } from '../../errors.ts';
import { describe } from '../../options.ts';
import { read, Variable } from '../core/leaves.ts';
import { requireTensor } from '../core/node.ts';
import type { Tensor } from '../core/op.ts';
import { formatShape, sameShape } from '../core/shape.ts';
import { sideEffect } from '../core/sideEffects.ts';
import { acceptDispatch } from './accept.ts';
import { assignments } from './assignments.ts';

/**
 * Gives a variable a new value at the end of each step of the program whose graph is being built: any tensor of that graph,
 * which may be computed from the variable itself. All that reads the variable within the step sees the old value, also
 * other assignments: `assign(a, read(b)); assign(b, read(a))` exchanges the two. An output that is the variable itself
 * is read after the step. In a program that trains, a step that is not made (see StepGuard) assigns nothing.
 *
 * It belongs in a function that a program is compiled from, or in a layer's call. Elsewhere, as where shapes are checked,
 * nothing happens.
 *
 * @throws ArgumentError if it is no Variable, or the value is not f32; when the program is compiled, if anything else in
 *   it changes the variable
 * @throws ShapeError if the value has another shape
 */
export function assign(variable: Variable, value: Tensor): void {
  if (!(variable instanceof Variable)) {
    throw new ArgumentError(
      `assign: changes a Variable, but was given ${describe(variable)}; pass the Variable itself, not a tensor that reads it`,
    );
  }
  const { name, shape } = variable;
  requireTensor('assign', value, `the value for ${name}`);
  if (value.dtype !== 'f32') {
    throw new ArgumentError(
      `assign: ${name} holds f32 numbers, but its new value is ${value.dtype}; cast it`,
    );
  }
  if (!sameShape(value.shape, shape)) {
    throw new ShapeError(
      `assign: ${name} has the shape ${formatShape(shape)}, but its new value ${formatShape(value.shape)}; make them equal, with reshape or broadcastTo`,
    );
  }
  const target = read(variable);
  sideEffect({
    label: `${name}/assign`,
    inputs: [value, target],
    assigns: { target, rules: assignments },
    lower: ({ guard, dispatch }, [proposed, values]) => dispatch(acceptDispatch({ proposed, values, guard })),
  });
}
