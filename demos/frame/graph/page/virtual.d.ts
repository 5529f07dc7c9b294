/** See site/madePlugin.ts. */
declare module 'virtual:step-graphs' {
  /** By the folders of the pages, each a StepGraph. */
  export const graphs: unknown;
}
