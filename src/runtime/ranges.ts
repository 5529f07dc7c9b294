/** The last step that the counter on the GPU, a u32, can hold. */
export const MAX_STEP = 2 ** 32 - 1;

/** Whether a value can be the number of a step. */
export const isStep = (value: number): boolean => Number.isInteger(value) && value >= 0 && value <= MAX_STEP;

/** Whether a value can be a learning rate: at least 0, and finite in f32. */
export const isRate = (value: number): boolean =>
  typeof value === 'number' && value >= 0 && Number.isFinite(Math.fround(value));
