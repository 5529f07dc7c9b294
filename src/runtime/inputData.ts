import type { Device } from '../device/device.ts';
import { ArgumentError } from '../errors.ts';
import { describe } from '../options.ts';
import type { InputAttrs } from '../ops/core/leaves.ts';
import type { Tensor } from '../ops/core/op.ts';
import { bytesOf, formatShape } from '../ops/core/shape.ts';
import type { Location } from './location.ts';

export type InputData = Float32Array | Int32Array | Uint32Array | Uint8Array;

/** What holds the data of each type on the CPU. */
export const ARRAYS = { f32: Float32Array, i32: Int32Array, u32: Uint32Array, u8: Uint8Array } as const;

/** @throws ArgumentError unless `data` are values of the input's type, as many as it has */
export function checkInputData(label: string, input: Tensor, data: InputData): void {
  const { name } = input.node.attrs as InputAttrs;
  const type = ArrayBuffer.isView(data) ? data[Symbol.toStringTag] : undefined;
  const expected = ARRAYS[input.dtype].name;
  if (type !== expected) {
    throw new ArgumentError(
      `${label}: input ${name} takes ${input.dtype} values in a ${expected}; got ${type === undefined ? describe(data) : `a ${type}`}`,
    );
  }
  if (data.byteLength !== bytesOf(input)) {
    throw new ArgumentError(
      `${label}: input ${name} takes ${formatShape(input.shape)} ${input.dtype} values, ${bytesOf(input)} bytes; got ${data.byteLength} bytes`,
    );
  }
}

/** Uploads the data of an input: uploads come in words. */
export function upload(device: Device, { buffer, offset }: Location, data: InputData): void {
  const rest = data.byteLength % 4;
  const whole = data.byteLength - rest;
  device.write(buffer, offset, data, 0, whole);
  if (rest === 0) return;
  const word = new Uint8Array(4);
  word.set((data as Uint8Array).subarray(-rest));
  device.write(buffer, offset + whole, word);
}
