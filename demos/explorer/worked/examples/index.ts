import type { Worked } from '../worked.ts';
import { examples as images } from './images.ts';
import { examples as others } from './others.ts';
import { examples as rows } from './rows.ts';

/** What is worked out on the pages of each family, by their folders. */
export const EXAMPLES: Readonly<Record<string, readonly Worked[]>> = { ...rows, ...images, ...others };
