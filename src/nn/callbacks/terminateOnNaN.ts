import { TerminateOnNaN } from './callback.ts';

/**
 * Makes a NaN or an infinity an end of the training like others (Keras's TerminateOnNaN): where it would be rejected with a
 * NumericError, it ends with a history whose `stopped` is `nan` and whose `error` is that NumericError. As always, the step is not
 * made: weights and clock are those from before it.
 */
export const terminateOnNaN = (): TerminateOnNaN => new TerminateOnNaN();
