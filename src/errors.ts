/**
 * Every error wgrad throws on purpose. The message says what went wrong, where, with which values,
 * and how to fix it; the class is the kind of error, so that a caller can react to it.
 */
export class WgradError extends Error {
  override name = 'WgradError';
}

/** Shapes do not fit an op or layer. */
export class ShapeError extends WgradError {
  override name = 'ShapeError';
}

/** An argument has a wrong type, range or name. */
export class ArgumentError extends WgradError {
  override name = 'ArgumentError';
}

/** Data, weights, gradients or values hold NaN or infinity. */
export class NumericError extends WgradError {
  override name = 'NumericError';
  /** The training step that was not made because of it; the weights are those from before this step. */
  readonly step: number | undefined;
  /** The variable that is NaN or infinite, or would have become so. */
  readonly variable: string | undefined;
  constructor(message: string, details: { step?: number; variable?: string } = {}) {
    super(message);
    this.step = details.step;
    this.variable = details.variable;
  }
}

/** A file or download is truncated, corrupted or of another format. */
export class FormatError extends WgradError {
  override name = 'FormatError';
}

/** A path cannot be read or written, a port is taken, a download failed. */
export class EnvironmentError extends WgradError {
  override name = 'EnvironmentError';
}

/** No usable WebGPU adapter, or a device without what the work needs. */
export class AdapterError extends WgradError {
  override name = 'AdapterError';
}

/** A tensor, binding or workgroup is larger than the device's limits. */
export class LimitError extends WgradError {
  override name = 'LimitError';
}

/** The device was lost; `reason` is WebGPU's own ('destroyed' or 'unknown'). */
export class DeviceLostError extends WgradError {
  override name = 'DeviceLostError';
  readonly reason: string;
  constructor(message: string, reason: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** Something was destroyed or compiled again while work on it was under way. */
export class InterruptedError extends WgradError {
  override name = 'InterruptedError';
}

/** The device reported a validation, out-of-memory or internal error. */
export class GpuError extends WgradError {
  override name = 'GpuError';
}

/** One error in a WGSL file. */
export interface KernelMessage {
  /** The kernel or library file; undefined for generated code. */
  readonly file: string | undefined;
  /** 1-based, in that file, or in the specialised code where there is no file; 0 where unknown. */
  readonly line: number;
  /** 1-based; 0 where unknown. */
  readonly column: number;
  /** Number of characters that the message is about. */
  readonly length: number;
  /** These characters. */
  readonly word: string;
  readonly text: string;
}

/** A WGSL kernel cannot be specialised or does not compile. */
export class KernelError extends WgradError {
  override name = 'KernelError';
  /** What is wrong and where, for an editor; empty where the error has no line. */
  readonly messages: readonly KernelMessage[];
  constructor(
    message: string,
    { messages = [], ...options }: ErrorOptions & { messages?: readonly KernelMessage[] } = {},
  ) {
    super(message, options);
    this.messages = messages;
  }
}

/** The op has no derivative along a path that needs one. */
export class GradientError extends WgradError {
  override name = 'GradientError';
}
