/** See site/lessonKernelsPlugin.ts. */
declare module 'virtual:lesson-kernels' {
  import type { StoredSimulation } from '../../../src/simulator/index.ts';

  /** The lessons' kernels as JavaScript, by the hash of their code; none on a development server. */
  export const kernels: Readonly<Record<string, StoredSimulation>>;
}
