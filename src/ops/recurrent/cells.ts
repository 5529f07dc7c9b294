import gruSource from '../../../shaders/recurrent/gru.wgsl?raw';
import lstmSource from '../../../shaders/recurrent/lstm.wgsl?raw';
import simpleRnnSource from '../../../shaders/recurrent/simple_rnn.wgsl?raw';
import type { KernelFile } from '../../kernels/kernel.ts';

/** A kind of recurrent network, as far as its kernels differ. */
export interface Cell {
  /** Of its op. */
  readonly name: 'lstm' | 'gru' | 'simpleRnn';
  readonly gates: number;
  /** h, and for the LSTM c. */
  readonly states: number;
  /** Numbers that the forward pass keeps for the gradient, for each unit and step. */
  readonly kept: number;
  /** The gates' sums of h U have derivatives of their own, beside those of x W. */
  readonly resets: boolean;
  /** FLOPs for each unit and step beside the product. */
  readonly flops: number;
  readonly kernel: KernelFile;
}

export const LSTM: Cell = {
  name: 'lstm',
  gates: 4,
  states: 2,
  kept: 5,
  resets: false,
  flops: 30,
  kernel: { name: 'recurrent/lstm', source: lstmSource },
};

export const GRU: Cell = {
  name: 'gru',
  gates: 3,
  states: 1,
  kept: 5,
  resets: true,
  flops: 25,
  kernel: { name: 'recurrent/gru', source: gruSource },
};

export const SIMPLE_RNN: Cell = {
  name: 'simpleRnn',
  gates: 1,
  states: 1,
  kept: 0,
  resets: false,
  flops: 10,
  kernel: { name: 'recurrent/simple_rnn', source: simpleRnnSource },
};
