import gruSource from '../../../shaders/recurrent/gru_gradient.wgsl?raw';
import lstmSource from '../../../shaders/recurrent/lstm_gradient.wgsl?raw';
import simpleRnnSource from '../../../shaders/recurrent/simple_rnn_gradient.wgsl?raw';

export const kernels = {
  lstm: { name: 'recurrent/lstm_gradient', source: lstmSource },
  gru: { name: 'recurrent/gru_gradient', source: gruSource },
  simpleRnn: { name: 'recurrent/simple_rnn_gradient', source: simpleRnnSource },
};
