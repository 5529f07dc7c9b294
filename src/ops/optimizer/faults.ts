/** The kinds of faults, by the highest bits of their word. */
export const FAULT_KINDS = ['weight', 'gradient', 'update'] as const;

/** What the guard's words hold. */
export const GUARD_LAYOUT = { stopped: 0, fault: 1, step: 2, flags: 3 } as const;

/** A fault's word: the kind in two bits, the place in the others; NO_FAULT is none. */
export const NO_FAULT = 2 ** 32 - 1;
export const PLACE_BITS = 30;
