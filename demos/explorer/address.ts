export const VIEWS = ['read', 'step', 'run', 'edit'] as const;
export type ViewName = (typeof VIEWS)[number];

/** Where the reader is: it is in the page's address. */
export interface Place {
  /** `matmul/2_tiled` */
  readonly kernel: string;
  readonly view: ViewName;
  /** The line that is marked; 0 for none. */
  readonly line: number;
}

const START = 'matmul/2_tiled';

/** The place that an address names; what it does not name, or names wrongly, is at its beginning. */
export function placeOf(search: string, kernels: readonly string[]): Place {
  const query = new URLSearchParams(search);
  const kernel = query.get('kernel') ?? '';
  const view = VIEWS.find((name) => name === query.get('view')) ?? 'read';
  const line = Number(query.get('line'));
  return {
    kernel: kernels.includes(kernel) ? kernel : START,
    view,
    line: Number.isInteger(line) && line > 0 ? line : 0,
  };
}

/** The query of a place; what is at its beginning is left out. */
export function queryOf({ kernel, view, line }: Place): string {
  const query = new URLSearchParams({ kernel });
  if (view !== 'read') query.set('view', view);
  if (line > 0) query.set('line', String(line));
  return `?${query.toString().replaceAll('%2F', '/')}`;
}
