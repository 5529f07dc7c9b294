import type { Gpu } from '../../../src/index.ts';
import type { Lab } from './lab.ts';
import { serve } from './serve.ts';

/** The lessons, by the place of what they compute. */
const labs = import.meta.glob<(gpu: Gpu) => Promise<Lab>>('../*/kernels.ts', { import: 'create' });

/** The worker of all lessons is named after the one that it computes. */
const create = labs[`../${self.name}/kernels.ts`]();
serve(async (gpu) => (await create)(gpu));
