import { crc32 } from '../../io/crc32.ts';
import type { Dispatch, Node, Tunable } from '../../ops/core/op.ts';

/** The source of a choice: the caller, a measurement on this device, a measurement shipped with wgrad, or the family's rule. */
export type ChosenBy = 'forced' | 'tuned' | 'default' | 'rule';

/** A choice that a measurement may make, of a node that is being lowered. */
export interface Question {
  /** What is computed: equal keys may share an answer. */
  readonly key: string;
  readonly candidates: readonly string[];
  /** The rule's choice. */
  readonly preferred: string;
  /** Hash of the candidates and the code of the family's kernels: with another hash, old answers are not used. */
  readonly sources: string;
}

export interface Answer {
  readonly variant: string;
  readonly by: 'tuned' | 'default';
  /** Of the plan that was measured (see `fingerprintOf`); an answer whose plan has changed since is not used. */
  readonly fingerprint?: string;
}

/** What has been measured. */
export interface Answers {
  find(question: Question): Answer | undefined;
}

/** What a node has chosen, for profiles and the tuner. */
export interface Choice {
  readonly variant: string;
  readonly by: ChosenBy;
  /** The node, and what there is to measure; undefined where there is nothing. */
  readonly node?: Node;
  readonly question?: Question;
  /** Of the node's dispatches, when all are there. */
  readonly fingerprint: () => string;
}

/**
 * What a node computes, as text: op, types and shapes of its inputs, attributes, and how the tensors of its epilogue are
 * read. Neither names nor values are part of it: layers of equal shape share a key.
 *
 * `conv2d f32[64,28,28,1] f32[5,5,1,8] {"padding":"same"} +channel`
 */
export function choiceKey({ op, inputs, attrs, epilogue }: Node): string {
  const own = inputs.slice(0, inputs.length - (epilogue?.extras.length ?? 0));
  return [
    op.name,
    ...own.map(({ dtype, shape }) => `${dtype}[${shape.join(',')}]`),
    stableJson(attrs),
    ...(epilogue ? [`+${epilogue.extras.map(({ access }) => access).join(',')}`] : []),
  ].join(' ');
}

/** JSON whose fields are in the order of their names. */
function stableJson(value: unknown): string {
  return JSON.stringify(value, (_, own: unknown) =>
    typeof own === 'object' && own !== null && !Array.isArray(own)
      ? Object.fromEntries(Object.entries(own).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : own,
  );
}

export function questionOf(node: Node, preferred: string, { candidates, kernels }: Tunable): Question {
  const all = candidates.includes(preferred) ? candidates : [preferred, ...candidates];
  return {
    key: choiceKey(node),
    candidates: all,
    preferred,
    sources: hash(`${all} ${sourcesHash(kernels)}`),
  };
}

const hashes = new WeakMap<object, string>();

/** Computed once for each table of kernels. */
function sourcesHash(kernels: Tunable['kernels']): string {
  const known = hashes.get(kernels);
  if (known !== undefined) return known;
  const made = hash(codeOf(kernels));
  hashes.set(kernels, made);
  return made;
}

/**
 * Hash of a plan: sources, constants, types and workgroups of its dispatches. Fused ops are part neither of the hash nor
 * of the key.
 */
export function fingerprintOf(calls: readonly Dispatch[]): string {
  return hash(
    codeOf(
      calls.map(({ kernel, constants, aliases, workgroups }) => [kernel, constants, aliases, workgroups]),
    ),
  );
}

/** JSON of kernels without comments and blank lines, so that a measurement stays valid when a comment is rewritten. */
function codeOf(value: unknown): string {
  return JSON.stringify(value, (name, own: unknown) =>
    name === 'source' && typeof own === 'string'
      ? own.replaceAll(COMMENT, '').replaceAll(BLANK_LINES, '')
      : own,
  );
}

/**
 * A comment to the end of its line, unless it is a directive such as `// @unroll`. `// @tune` changes no code: the values
 * that are tried are the candidates.
 */
const COMMENT = /[ \t]*\/\/(?! @(?!tune)).*/g;
const BLANK_LINES = /^[ \t]*\n/gm;

const encoder = new TextEncoder();

function hash(text: string): string {
  return crc32(encoder.encode(text)).toString(16).padStart(8, '0');
}
