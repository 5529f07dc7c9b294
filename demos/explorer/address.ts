import { shortened } from '../frame/page/address.ts';

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
/** Moves that an address may ask for: each takes some microseconds. */
const MOST_MOVES = 10_000;

const isWhole = (text: string, least: number, most = Infinity) =>
  /^\d+$/.test(text) && Number(text) >= least && Number(text) <= most;

/** Where stepping begins. */
export interface Walk {
  /** The invocation that is watched. */
  readonly lane: number;
  readonly moves: number;
  /** All invocations of the workgroup move. */
  readonly together: boolean;
}

/** Where an address has the stepping begin; what it does not name, or names wrongly, is at its beginning. */
export function walkOf(search: string): Walk {
  const query = new URLSearchParams(search);
  const number = (name: string, most?: number) => {
    const text = query.get(name) ?? '';
    return isWhole(text, 0, most) ? Number(text) : 0;
  };
  return { lane: number('lane'), moves: number('moves', MOST_MOVES), together: query.get('all') === '1' };
}

/** Says of what an address asks for and cannot have what is shown instead. */
export function refusedOf(search: string, kernels: readonly string[]): string[] {
  const query = new URLSearchParams(search);
  const rules: Record<string, [isValid: (text: string) => boolean, allowed: string, instead: string]> = {
    kernel: [(text) => kernels.includes(text), 'one of the shaders listed here', `${START} is shown`],
    view: [(text) => VIEWS.some((name) => name === text), VIEWS.join(', '), 'it can be read'],
    line: [(text) => isWhole(text, 1), 'a whole number from 1', 'no line is marked'],
    lane: [(text) => isWhole(text, 0), 'a whole number from 0', 'invocation 0 is watched'],
    moves: [
      (text) => isWhole(text, 0, MOST_MOVES),
      `a whole number from 0 to ${MOST_MOVES}`,
      'it stands at its beginning',
    ],
    all: [(text) => ['0', '1'].includes(text), '0 or 1', 'one invocation moves'],
  };
  return Object.entries(rules).flatMap(([name, [isValid, allowed, instead]]) => {
    const text = query.get(name);
    if (text === null || isValid(text)) return [];
    return [`The address asks for ${name} “${shortened(text)}”, which must be ${allowed}: ${instead}.`];
  });
}

/** The place that an address names; what it does not name, or names wrongly, is at its beginning. */
export function placeOf(search: string, kernels: readonly string[]): Place {
  const query = new URLSearchParams(search);
  const kernel = query.get('kernel') ?? '';
  const view = VIEWS.find((name) => name === query.get('view')) ?? 'read';
  const line = query.get('line') ?? '';
  return {
    kernel: kernels.includes(kernel) ? kernel : START,
    view,
    line: isWhole(line, 1) ? Number(line) : 0,
  };
}

/** The query of a place; what is at its beginning is left out. */
export function queryOf({ kernel, view, line }: Place): string {
  const query = new URLSearchParams({ kernel });
  if (view !== 'read') query.set('view', view);
  if (line > 0) query.set('line', String(line));
  return `?${query.toString().replaceAll('%2F', '/')}`;
}
