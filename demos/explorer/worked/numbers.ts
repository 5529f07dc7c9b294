import { workedNumbers } from './make.ts';

/** For `site/madePlugin.ts`. */
export const numbers = workedNumbers();
