"""Cases of layers and of recurrent networks, in the form of layers.json and recurrent.json: Keras's words, PyTorch's numbers."""

import zlib

import torch
import torch.nn.functional as fn

from cases import Apart, F, I, factors, f32, tensor
from kernels import nchw, nhwc, rows

LAYERS, RECURRENT = [], []


def draw(name, given):
    torch.manual_seed(zlib.crc32(name.encode()))
    made = [own.make() for own in given]
    for x in made:
        x.requires_grad_(x.is_floating_point())
    return made


def layer(keras, config, f, inputs, weights=(), training=False, after=None, constant=0):
    """f(inputs…, weights…) is the output. The last `constant` weights are not trained; `after` gives all weights after a call."""
    torch.manual_seed(0)
    own = draw('%s %d' % (keras, len(LAYERS)), [*inputs, *[each for _, each in weights]])
    xs, ws = own[:len(inputs)], own[len(inputs):]
    y = f(*xs, *ws)
    dy = f32(torch.rand(y.shape).mul(8).round() / 4 - 1)
    floats = [x for x in own if x.requires_grad]
    found = dict(zip(map(id, floats), torch.autograd.grad((y * dy).sum(), floats, allow_unused=True)))
    trained = ws[:len(ws) - constant]
    made = {'keras': keras, 'config': config, 'training': training, 'inputs': [tensor(x) for x in xs]}
    made['weights'] = [{'name': name, **tensor(w)} for (name, _), w in zip(weights, ws)]
    made.update(dy=tensor(dy), output=tensor(y))
    made['inputGradients'] = [tensor(found[id(x)]) if x.requires_grad else None for x in xs]
    made['weightGradients'] = [tensor(found[id(w)]) for w in trained] + [None] * constant
    if after:
        made['weightsAfter'] = [tensor(each) for each in after(*xs, *ws)]
    LAYERS.append(made)


def plain():
    layer('Dense', {'units': 3}, lambda x, w, b: fn.linear(x, w.mT, b), [F(2, 3, 4)], [('kernel', F(4, 3)), ('bias', F(3))])
    layer('Embedding', {'input_dim': 5, 'output_dim': 3}, lambda i, w: fn.embedding(i.long(), w), [I([[4, 0], [4, 2]])],
          [('embeddings', F(5, 3))])
    layer('PReLU', {'shared_axes': [1, 2]}, lambda x, a: nhwc(fn.prelu(nchw(x), a.reshape(-1))), [F(2, 2, 3, 4, without=[0])],
          [('alpha', F(1, 1, 4))])
    layer('Maxout', {'units': 2}, lambda x: x.reshape(2, 3, 2, 2).amax(3), [Apart(2, 3, 4)])
    layer('PixelShuffle', {'upscale_factor': 2}, lambda x: nhwc(fn.pixel_shuffle(nchw(x), 2)), [F(1, 2, 3, 8)])
    layer('PixelUnshuffle', {'downscale_factor': 2}, lambda x: nhwc(fn.pixel_unshuffle(nchw(x), 2)), [F(1, 4, 2, 2)])
    for mode, own in {'constant': 'constant', 'reflect': 'reflect', 'edge': 'replicate'}.items():
        layer('Padding2D', {'padding': 1, 'mode': mode}, lambda x, own=own: nhwc(fn.pad(nchw(x), (1, 1, 1, 1), mode=own)), [F(1, 2, 3, 2)])
    layer('PositionalEmbedding', {'input_dim': 5}, lambda x, w: x + w[:3], [F(2, 3, 4)], [('embeddings', F(5, 4))])
    layer('ReversibleEmbedding', {'input_dim': 5, 'output_dim': 4}, lambda x, w: x @ w.mT, [F(2, 3, 4)], [('embeddings', F(5, 4))])


def convolutions():
    def conv1d(x, w, b, **own):
        return fn.conv1d(x.transpose(1, 2), w.permute(2, 1, 0), b, **own).transpose(1, 2)

    layer('Conv1D', {'filters': 3, 'kernel_size': 3, 'strides': 2}, lambda x, w, b: conv1d(x, w, b, stride=2), [F(2, 8, 2)],
          [('kernel', F(3, 2, 3)), ('bias', F(3))])
    layer('Conv1D', {'filters': 4, 'kernel_size': 2, 'dilation_rate': 2, 'groups': 2},
          lambda x, w, b: conv1d(x, w, b, dilation=2, groups=2), [F(1, 6, 4)], [('kernel', F(2, 2, 4)), ('bias', F(4))])
    layer('Conv2D', {'filters': 2, 'kernel_size': [2, 3], 'activation': 'tanh'},
          lambda x, w, b: torch.tanh(nhwc(fn.conv2d(nchw(x), w.permute(3, 2, 0, 1), b))), [F(1, 4, 5, 2)],
          [('kernel', F(2, 3, 2, 2)), ('bias', F(2))])
    layer('Conv2DTranspose', {'filters': 2, 'kernel_size': 3, 'strides': 2},
          lambda x, w, b: nhwc(fn.conv_transpose2d(nchw(x), w.permute(3, 2, 0, 1), b, stride=2)), [F(1, 2, 3, 2)],
          [('kernel', F(3, 3, 2, 2)), ('bias', F(2))])
    for name, f, x in [('MaxPool1D', fn.max_pool1d, Apart(2, 6, 2)), ('AveragePool1D', fn.avg_pool1d, F(2, 6, 2))]:
        layer(name, {'pool_size': 3, 'strides': 2}, lambda v, f=f: f(v.transpose(1, 2), 3, 2).transpose(1, 2), [x])


def norms():
    names = [('gamma', F(4)), ('beta', F(4))]

    def moved(x, g, b, mean, variance):
        own = x.mean((0, 1, 2)), x.var((0, 1, 2), unbiased=False)  # PyTorch takes the unbiased variance here, Keras not
        return g, b, 0.9 * mean + 0.1 * own[0], 0.9 * variance + 0.1 * own[1]

    known = [*names, ('moving_mean', F(4)), ('moving_variance', F(4, low=0.3, high=2))]
    config = {'momentum': 0.9, 'epsilon': 0.01}

    def batch(x, g, b, mean, variance, training):
        m, v = (None, None) if training else (mean.detach(), variance.detach())
        return nhwc(fn.batch_norm(nchw(x), m, v, g, b, training, eps=0.01))

    for training in (True, False):
        layer('BatchNormalization', config, lambda *own, training=training: batch(*own, training), [F(2, 3, 2, 4)], known,
              training, moved if training else None, constant=2)
    layer('LayerNormalization', {'axis': [1, 2]}, lambda x, g, b: fn.layer_norm(x, (3, 4), g, b, 1e-3), [F(2, 3, 4)],
          [('gamma', F(3, 4)), ('beta', F(3, 4))])
    layer('GroupNormalization', {'groups': 2}, lambda x, g, b: nhwc(fn.group_norm(nchw(x), 2, g, b, 1e-3)), [F(2, 2, 3, 4)], names)
    layer('InstanceNormalization', {}, lambda x, g, b: nhwc(fn.instance_norm(nchw(x), None, None, g, b, eps=1e-3)),
          [F(2, 2, 3, 4)], names)
    layer('RMSNormalization', {}, lambda x, g: g * x / torch.sqrt((x * x).mean(-1, keepdim=True) + 1e-6), [F(2, 3, 4)],
          [('scale', F(4))])
    layer('UnitNormalization', {}, lambda x: fn.normalize(x, dim=-1), [F(2, 3, 4)])


def heads(x, wq, bq, wk, bk, wv, bv, wo, bo, causal=False):
    """torch.nn.MultiheadAttention of x to itself, with weights [features, heads, size] and [heads, size, features]."""
    features = x.shape[2]
    weight = torch.cat([w.reshape(features, features).mT for w in (wq, wk, wv)])
    bias = torch.cat([b.reshape(-1) for b in (bq, bk, bv)])
    steps = x.shape[1]
    mask = torch.ones(steps, steps).triu(1).bool() if causal else None
    own = x.transpose(0, 1)
    y, _ = fn.multi_head_attention_forward(
        own, own, own, features, wq.shape[1], weight, bias, None, None, False, 0.0, wo.reshape(features, features).mT, bo,
        need_weights=False, attn_mask=mask)
    return y.transpose(0, 1)


PARTS = [(part + end, F(*shape)) for part in ('query', 'key', 'value')
         for end, shape in ((' kernel', (4, 2, 2)), (' bias', (2, 2)))] + [('output kernel', F(2, 2, 4)), ('output bias', F(4))]


def attention():
    for causal in (False, True):
        layer('MultiHeadAttention', {'num_heads': 2, 'key_dim': 2, 'use_causal_mask': causal},
              lambda x, *own, causal=causal: heads(x, *own, causal=causal), [F(2, 5, 4)], PARTS)

    def block(x, g1, b1, *own):
        """torch.nn.TransformerEncoderLayer with norm_first."""
        g2, b2, w1, c1, w2, c2 = own[8:]
        y = x + heads(fn.layer_norm(x, (4,), g1, b1), *own[:8], causal=True)
        return y + fn.linear(fn.gelu(fn.linear(fn.layer_norm(y, (4,), g2, b2), w1.mT, c1)), w2.mT, c2)

    layer('TransformerBlock', {'num_heads': 2, 'hidden_dim': 3, 'use_causal_mask': True}, block, [F(2, 3, 4)],
          [('gamma', F(4)), ('beta', F(4)), *PARTS, ('hidden gamma', F(4)), ('hidden beta', F(4)), ('expand', F(4, 3)),
           ('expand bias', F(3)), ('contract', F(3, 4)), ('contract bias', F(4))])


def sequence(keras, config, name, units, gates, both=False):
    """A module of recurrent networks; with `both`, of two directions."""
    sides = ['forward_', 'backward_'] if both else ['']
    bias = (2, gates * units) if name == 'gru' else (gates * units,)
    shapes = [('kernel', (2, gates * units)), ('recurrent_kernel', (units, gates * units)), ('bias', bias)]
    names = [(side + own, F(*shape)) for side in sides for own, shape in shapes]
    x, *weights = draw('%s %d' % (keras, len(RECURRENT)), [F(3, 5, 2), *[each for _, each in names]])
    flat = []
    for i in range(len(sides)):
        kernel, own, b = weights[3 * i:3 * i + 3]
        first, second = (b[0], b[1]) if name == 'gru' else (b, torch.zeros_like(b))
        flat += [rows(name, kernel), rows(name, own), rows(name, first), rows(name, second)]
    zero = torch.zeros(len(sides), 3, units)
    run = {'lstm': torch.lstm, 'gru': torch.gru, 'rnn': torch.rnn_tanh}[name]
    y, *states = run(x, (zero, zero) if name == 'lstm' else zero, flat, True, 1, 0.0, True, both, True)
    outputs = [y, *[state[side] for side in range(len(sides)) for state in states]]
    dys = [factors(own, i) for i, own in enumerate(outputs)]
    found = torch.autograd.grad(sum((a * b).sum() for a, b in zip(outputs, dys)), [x, *weights])
    RECURRENT.append({
        'keras': keras, 'config': config, 'note': 'PyTorch', 'inputs': [tensor(x)],
        'weights': [{'name': own, **tensor(w)} for (own, _), w in zip(names, weights)],
        'dys': [tensor(own) for own in dys], 'outputs': [tensor(own) for own in outputs],
        'inputGradients': [tensor(found[0])],
        'weightGradients': [{'name': own, **tensor(g)} for (own, _), g in zip(names, found[1:])],
    })


def recurrent():
    own = {'units': 3, 'return_sequences': True}
    for keras, name, gates in [('LSTM', 'lstm', 4), ('GRU', 'gru', 3), ('SimpleRNN', 'rnn', 1)]:
        sequence(keras, own, name, 3, gates)
        sequence('Bidirectional', {'layer': [keras, {'units': 2, 'return_sequences': True}]}, name, 2, gates, both=True)
