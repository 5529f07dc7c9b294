import { ArgumentError } from '../errors.ts';
import { describe } from '../options.ts';
import type { InputAttrs } from '../ops/core/leaves.ts';
import type { Tensor } from '../ops/core/op.ts';
import { bytesOf, formatShape } from '../ops/core/shape.ts';

export type InputData = Float32Array | Int32Array | Uint32Array | Uint8Array;

/** What holds the data of each type on the CPU. */
const ARRAYS = { f32: 'Float32Array', i32: 'Int32Array', u32: 'Uint32Array', u8: 'Uint8Array' } as const;

/** @throws ArgumentError unless `data` are values of the input's type, as many as it has */
export function checkInputData(label: string, input: Tensor, data: InputData): void {
  const { name } = input.node.attrs as InputAttrs;
  const type = ArrayBuffer.isView(data) ? data[Symbol.toStringTag] : undefined;
  if (type !== ARRAYS[input.dtype]) {
    throw new ArgumentError(
      `${label}: input ${name} takes ${input.dtype} values in a ${ARRAYS[input.dtype]}; got ${type === undefined ? describe(data) : `a ${type}`}`,
    );
  }
  if (data.byteLength !== bytesOf(input)) {
    throw new ArgumentError(
      `${label}: input ${name} takes ${formatShape(input.shape)} ${input.dtype} values, ${bytesOf(input)} bytes; got ${data.byteLength} bytes`,
    );
  }
}
