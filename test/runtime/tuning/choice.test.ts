import { describe, expect, it } from 'vitest';
import { ArgumentError } from '../../../src/errors.ts';
import { createNode, withScope } from '../../../src/ops/core/node.ts';
import { input } from '../../../src/ops/core/leaves.ts';
import type { Node, Tunable } from '../../../src/ops/core/op.ts';
import { conv2d } from '../../../src/ops/conv2d/conv2d.ts';
import { parseVariant, variantName } from '../../../src/ops/core/variant.ts';
import { matmul } from '../../../src/ops/matmul/matmul.ts';
import { choiceKey, fingerprintOf, questionOf } from '../../../src/runtime/tuning/choice.ts';

const product = (rows: number, options = {}) =>
  matmul(input('a', [rows, 8]), input('b', [8, 4]), options).node;

/** The node with an epilogue that reads one more tensor in this way. */
function withExtra(node: Node, access: 'element' | 'channel', fn = 'add'): Node {
  const tensor = input('bias', access === 'channel' ? [4] : [16, 4]);
  const expression = { inputs: 2, steps: [{ fn, args: [0, 1], literals: [] }] };
  const epilogue = { expression, extras: [{ tensor, access }] };
  return createNode(node.op, [...node.inputs, tensor], node.attrs, node.outputs, 'fused', epilogue);
}

describe('choiceKey', () => {
  it('is a line that says what is computed', () => {
    expect(choiceKey(product(16))).toBe('matmul f32[16,8] f32[8,4] {"transposeA":false,"transposeB":false}');
    expect(choiceKey(withExtra(product(16), 'channel'))).toMatch(/ f32\[8,4\] \{.*\} \+channel$/);
  });

  it('is the same for layers of equal shape, whatever they are called', () => {
    const named = withScope('dense_7', () => product(16));
    expect(named.label).not.toBe(product(16).label);
    expect(choiceKey(named)).toBe(choiceKey(product(16)));
  });

  it('does not depend on the order of attributes', () => {
    const { op, inputs, outputs, label } = product(16);
    const turned = createNode(op, inputs, { transposeB: false, transposeA: false }, outputs, label);
    expect(choiceKey(turned)).toBe(choiceKey(product(16)));
  });

  it('does not depend on which functions are fused', () => {
    const node = product(16);
    expect(choiceKey(withExtra(node, 'channel', 'multiply'))).toBe(choiceKey(withExtra(node, 'channel')));
  });

  it('tells shapes, attributes and epilogues apart', () => {
    const image = input('x', [2, 6, 6, 3]);
    const kernel = input('w', [3, 3, 3, 4]);
    const keys = [
      product(16),
      product(17),
      withExtra(product(16), 'channel'),
      withExtra(product(16), 'element'),
      matmul(input('a', [8, 16]), input('b', [8, 4]), { transposeA: true }).node,
      conv2d(image, kernel).node,
      conv2d(image, kernel, { padding: 'same' }).node,
      conv2d(image, kernel, { stride: 2 }).node,
    ].map(choiceKey);
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe('questionOf', () => {
  const kernels = { one: { name: 'one', source: 'fn main() {}' } };
  const ask = (tunable: Partial<Tunable>, preferred = 'one') =>
    questionOf(product(16), preferred, { candidates: ['one', 'two'], kernels, ...tunable });

  it('has the rule’s choice among its candidates', () => {
    expect(ask({}).candidates).toEqual(['one', 'two']);
    expect(ask({}, 'naive').candidates).toEqual(['naive', 'one', 'two']);
  });

  it('changes its hash with the candidates and with a kernel of the family', () => {
    const hashes = [
      ask({}),
      ask({ candidates: ['one', 'three'] }),
      ask({ kernels: { one: { name: 'one', source: 'fn main() { }' } } }),
      ask({ kernels: { ...kernels, two: { name: 'two', source: '' } } }),
    ].map(({ sources }) => sources);
    expect(new Set(hashes).size).toBe(hashes.length);
    expect(ask({ kernels: structuredClone(kernels) }).sources).toBe(hashes[0]);
  });
});

describe('comments of a kernel', () => {
  const hashes = (source: string) => {
    const kernel = { name: 'one', source };
    const call = { kernel, bindings: {}, workgroups: [1, 1, 1] as const };
    const question = questionOf(product(16), 'one', { candidates: ['one'], kernels: { kernel } });
    return [question.sources, fingerprintOf([call])];
  };

  it('change nothing, whether they have lines of their own or not', () => {
    expect(hashes('// New words\n//\n\nfn main() {} // and more')).toEqual(hashes('// Old\nfn main() {}'));
  });

  it('change nothing beside the values to tune, which are candidates', () => {
    const line = 'const TILE: u32 = 4u;';
    expect(hashes(`${line} // of a tile // @tune 4 8`)).toEqual(hashes(`${line} // @tune 2 4`));
    expect(hashes(`${line} // @tune 4 8`)).not.toEqual(hashes('const TILE: u32 = 8u; // @tune 4 8'));
  });

  it('change the kernel where they are directives', () => {
    const [sources, fingerprint] = hashes('// @unroll\nfor (;;) {}');
    expect(sources).not.toBe(hashes('// @unrolled\nfor (;;) {}')[0]);
    expect(fingerprint).not.toBe(hashes('//\nfor (;;) {}')[1]);
  });
});

describe('fingerprintOf', () => {
  const call = {
    kernel: { name: 'k', source: 'fn main() {}' },
    constants: { TILE: 4 },
    aliases: { Value: 'f32' },
    bindings: {},
    workgroups: [1, 2, 3] as const,
  };
  const print = (change: object) => fingerprintOf([{ ...call, ...change }]);

  it('changes with the kernel, its constants, its types and its workgroups', () => {
    const prints = [
      print({}),
      print({ kernel: { ...call.kernel, source: 'fn main() { }' } }),
      print({ constants: { TILE: 8 } }),
      print({ aliases: { Value: 'vec4f' } }),
      print({ workgroups: [1, 2, 4] }),
      fingerprintOf([call, call]),
    ];
    expect(new Set(prints).size).toBe(prints.length);
  });

  it('does not change with what is fused into it', () => {
    expect(print({ functions: { epilogue: 'return relu(value);' }, epilogue: true })).toBe(print({}));
  });
});

describe('names of variants', () => {
  it.each([
    ['direct', { rung: 'direct', tile: [] }],
    ['direct:12x2', { rung: 'direct', tile: [12, 2] }],
    ['register_tiled:64x64x16:split4', { rung: 'register_tiled', tile: [64, 64, 16], split: 4 }],
    ['implicit_gemm:split2', { rung: 'implicit_gemm', tile: [], split: 2 }],
    ['register_blocks:half', { rung: 'register_blocks', tile: [], half: true }],
    [
      'register_blocks:64x64x8:split4:half',
      { rung: 'register_blocks', tile: [64, 64, 8], split: 4, half: true },
    ],
  ])('%s', (name, variant) => {
    expect(parseVariant(name)).toEqual(variant);
    expect(variantName(variant)).toBe(name);
  });

  it.each([
    '',
    'direct:',
    'direct:x2',
    'direct:2x',
    'direct:split',
    'direct:4:4',
    'direct:split2:4',
    'direct:half:4',
  ])('"%s" is none', (name) => {
    expect(() => parseVariant(name)).toThrow(ArgumentError);
  });
});
