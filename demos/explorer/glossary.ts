/** A word that this project's shaders use in a sense of their own. */
export interface Term {
  readonly name: string;
  /** How it is written in prose and in code, as the source of a regular expression. */
  readonly pattern: string;
  readonly text: string;
}

const term = (name: string, text: string, pattern = name): Term => ({ name, pattern, text });

/** The words that a reader who knows shaders but not deep learning, or the reverse, may stumble over. */
export const GLOSSARY: readonly Term[] = [
  term(
    'accumulator',
    'A variable that a sum grows in, step by step. Several of them let an invocation add numbers without waiting for the last addition.',
    'accumulators?',
  ),
  term(
    'atomic',
    'An operation on memory that no other invocation can come between. Sums by atomics depend on the order of the invocations; this engine needs none for them.',
    'atomics?|atomic[A-Z]\\w*',
  ),
  term(
    'bank',
    'Workgroup memory consists of banks. Invocations that read different addresses of one bank wait for each other.',
    'banks?',
  ),
  term(
    'barrier',
    'A line at which the invocations of a workgroup wait until all of them have come. What was written before it can be read after it.',
    'barriers?|workgroupBarrier|storageBarrier',
  ),
  term(
    'memory-bound',
    'Its time is that of reading and writing. Faster arithmetic would not make it faster.',
    'memory[- ]bound',
  ),
  term(
    'broadcast',
    'One number is used for many elements: a bias for all pixels, or one lane’s value for the whole subgroup.',
    'broadcasts?|broadcasted|subgroupBroadcast|subgroupShuffle',
  ),
  term(
    'causal',
    'A position of a sequence sees itself and earlier ones, and none that comes later.',
    'causal|CAUSAL',
  ),
  term(
    'channel',
    'The index along the innermost dimension of the output: of an image its colours or features.',
    'channels?',
  ),
  term(
    'chunk',
    'A part of a long row or sum. Parts can be computed side by side, and their results are then combined.',
    'chunks?|CHUNKS?|CHUNK',
  ),
  term(
    'coalesced',
    'Neighbouring invocations read neighbouring addresses, so that the GPU fetches them in one wide transaction.',
    'coalesc\\w+',
  ),
  term(
    'dispatch',
    'One launch of a compute shader: so many workgroups of it. A training step is a list of them.',
    'dispatch(?:es)?',
  ),
  term(
    'epilogue',
    'A function that each result goes through before it is stored. The engine fills it with fused operations, such as adding a bias and ReLU.',
    'epilogues?',
  ),
  term(
    'extra',
    'A buffer that a fused operation reads in the epilogue, such as the bias.',
    'extra_\\w+|extras',
  ),
  term(
    'fault',
    'A gradient that is NaN or infinite, or an update that would make a weight so. A step with a fault changes nothing.',
    'faults?',
  ),
  term('FLOPs', 'Floating-point operations. A multiplication and an addition count as two.', 'FLOPs?'),
  term(
    'fused',
    'Several operations run in one kernel, so that what lies between them never goes to memory.',
    'fuse[ds]?|fusing|fused',
  ),
  term(
    'gate',
    'A number between 0 and 1, computed from the input and the state, that a value is multiplied with: it says how much of the value goes on.',
    'gates?',
  ),
  term(
    'head',
    'Attention is computed several times side by side, with queries, keys and values of their own: each of these is a head.',
    'HEADS|KEY_HEADS|of (?:one|each) head|OWN_HEADS',
  ),
  term(
    'hyper',
    'The optimizer’s settings that may change between steps: learning rate, norm of the gradient, and tables. They lie in a buffer.',
    'hyper',
  ),
  term(
    'implicit GEMM',
    'A convolution computed as a matrix product whose left matrix is never written down: each of its elements is looked up in the image.',
    'implicit(?: GEMM| matrix product)?',
  ),
  term(
    'intensity',
    'FLOPs per byte of memory traffic. A kernel of low intensity waits for memory.',
    '[Ii]ntensity',
  ),
  term('invocation', 'One run of main(), with numbers of its own. CUDA calls it a thread.', 'invocations?'),
  term(
    'kernel',
    'In shader code: a compute program. In a convolution also: the filter, and how large it is.',
    'kernels?|KERNEL',
  ),
  term(
    'key, value',
    'What a position of a sequence offers to the others in attention: a key, which is compared with queries, and a value, which is passed on.',
    'keys and values|KEYS|kᵀ|vᵀ',
  ),
  term(
    'key/value cache',
    'The keys and values of all positions so far, kept while a model writes: each new position adds one of each, and reads all.',
    'cache of keys and values|CAPACITY|the cache',
  ),
  term('lane', 'The place of an invocation in its group; also one of the components of a vector.', 'lanes?'),
  term(
    'logit',
    'A number of any size that a softmax or sigmoid turns into a probability. Larger logits mean larger probabilities.',
    'logits?',
  ),
  term(
    'mask',
    'Zeros and ones that say which steps of a sequence, or which elements, count.',
    'masks?|MASKED|masked',
  ),
  term('neutral element', 'What changes nothing when it is combined: 0 in a sum, 1 in a product.', 'neutral'),
  term(
    'online softmax',
    'The softmax of a row that is read once: the maximum and the sums are those of the entries so far, and are scaled when a larger entry comes.',
    'online softmax',
  ),
  term(
    'occupancy',
    'How many workgroups a compute unit holds at once. More of them hide the time that loads take; registers and workgroup memory limit it.',
    '[Oo]ccupancy',
  ),
  term(
    'perplexity',
    'How many neighbours a point has in effect: e to the power of the entropy of their weights.',
    'perplexity',
  ),
  term(
    'phase',
    'In the gradient of a strided convolution: the inputs whose position has the same remainder by the stride. All of a phase meet the same taps.',
    'phases?|PHASES?',
  ),
  term(
    'query',
    'What a position of a sequence looks for in attention: a vector that is multiplied with the keys of the others.',
    'quer(?:y|ies)|QUERIES|qᵀ',
  ),
  term(
    'registers',
    'The fastest memory: the variables of an invocation. An array with constant indices becomes registers too.',
    'registers?',
  ),
  term(
    'split-K',
    'A long sum is cut among several workgroups. A second kernel adds up their partial sums.',
    '[Ss]plit-K|SPLITS?|partial sums?',
  ),
  term('stable', 'A sort is stable if elements that are equal stay in the order in which they were.'),
  term(
    'stride',
    'The distance from one element to the next along a dimension; of a window, how far it moves.',
    'strides?|STRIDE\\w*',
  ),
  term(
    'subgroup',
    'Invocations that a GPU runs in step, 4 to 64 of them. They can hand values to each other without memory.',
    'subgroups?',
  ),
  term('tap', 'One place of a filter, with its weight: a 3 × 3 filter has nine taps.', 'taps?|TAPS'),
  term(
    'tile',
    'A rectangle of a matrix that a workgroup, or an invocation, works on at a time.',
    'tiles?|TILE\\w*|tiled',
  ),
  term(
    'unroll',
    'The engine writes the iterations of a loop out one by one, because their number is a constant.',
    '@unroll|unroll(?:ed|s)?',
  ),
  term(
    'Value',
    'The type of one element of work: f32, or vec4f where four neighbours are computed together. The engine chooses it.',
    'Values?',
  ),
  term(
    'verdict',
    'What a kernel says of a whole step, once its gradients are known: whether all parameters may change, or none.',
    'verdicts?',
  ),
  term(
    'workgroup',
    'Invocations that run together on one compute unit, share workgroup memory and can wait for each other. CUDA calls it a block.',
    'workgroups?',
  ),
];

/** Finds the words in a text: group i + 1 is the i-th term. */
export const TERMS = new RegExp(
  `(?<![\\w-])(?:${GLOSSARY.map(({ pattern }) => `(${pattern})`).join('|')})(?![\\w-])`,
  'g',
);

/** The term that a match of TERMS is of. */
export function termOf(match: RegExpMatchArray): Term {
  return GLOSSARY[match.slice(1).findIndex((group) => group !== undefined)];
}
