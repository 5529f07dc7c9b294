import { NumericError } from '../../src/errors.ts';

/** What some work is refused with, which has to be a NumericError. */
export async function numericErrorOf(work: PromiseLike<unknown>): Promise<NumericError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof NumericError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}
