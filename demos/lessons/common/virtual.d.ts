/** See site/lessonKernelsPlugin.ts. */
declare module 'virtual:lesson-kernels' {
  import type { Evaluate } from '../../../src/simulator/index.ts';

  /** The programs of the lessons' kernels, by the hash of their text. */
  export const programs: Readonly<Record<string, ReturnType<Evaluate>>>;
}
