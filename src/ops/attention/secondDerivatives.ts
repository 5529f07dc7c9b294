import type { Equivalent, Op } from '../core/op.ts';
import type { AttentionGradientAttrs } from './attrs.ts';
import { gradientGraph } from './gradientGraph.ts';
import { attentionGradientOp } from './op.ts';

/** The gradient with the weights in memory, of which the kernels compute each only where it is used. */
const withWeights: Equivalent<AttentionGradientAttrs> = {
  graph({ inputs, attrs }, of) {
    const [output, logSum, dy, dLogSum] = inputs.slice(0, attrs.known).map(of);
    const own = inputs.slice(attrs.known);
    const floats = own.map((each) => (each.dtype === 'f32' ? of(each) : each));
    const { dQuery, dKey, dValue } = gradientGraph(floats, { output, logSum, dy, dLogSum }, attrs);
    return [dQuery, dKey, dValue];
  },
};

export const ofAttention = (): [Op, Equivalent][] => [[attentionGradientOp, withWeights]];
