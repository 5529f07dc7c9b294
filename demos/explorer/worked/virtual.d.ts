/** See site/madePlugin.ts. */
declare module 'virtual:worked-numbers' {
  import type { Shown } from './shown.ts';

  /** By the folders of the families. */
  export const numbers: Readonly<Record<string, readonly Shown[]>>;
}
