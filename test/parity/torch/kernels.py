"""Cases of products, convolutions, pools, norms, attention, recurrent networks and losses."""

import torch
import torch.nn.functional as fn

from cases import Apart, F, I, Values, case


def products():
    mm = torch.matmul
    case('matmul', mm, F(3, 5), F(5, 2))
    case('matmul', mm, F(4), F(4), note='vectors')
    case('matmul', mm, F(4), F(2, 4, 3), note='a vector and matrices')
    case('matmul', mm, F(2, 3, 4), F(4), note='matrices and a vector')
    case('matmul', mm, F(2, 1, 3, 4), F(5, 4, 2), note='batches that broadcast')
    case('matmul', lambda a, b: mm(a.mT, b), F(2, 4, 3), F(2, 4, 5), {'transposeA': True})
    case('matmul', lambda a, b: mm(a, b.mT), F(7, 3), F(6, 3), {'transposeB': True})
    case('matmul', lambda a, b: mm(a.mT, b.mT), F(3, 17), F(9, 3), {'transposeA': True, 'transposeB': True})
    sums = {
        'ij,jk->ik': [(2, 3), (3, 4)], 'bhid,bhjd->bhij': [(1, 2, 3, 4), (1, 2, 2, 4)], 'ii->i': [(3, 3)],
        'i,j->ij': [(3,), (2,)], 'ab,bc,cd->ad': [(2, 3), (3, 2), (2, 2)], '...ij,...jk->...ik': [(2, 1, 2, 3), (3, 3, 2)],
        'ij->': [(2, 3)], 'bi,bj,b->ij': [(2, 3), (2, 2), (2,)],
    }
    for text, shapes in sums.items():
        case('einsum', lambda *own, text=text: torch.einsum(text, *own), text, *[F(*shape) for shape in shapes])
    case('orthonormalize', lambda x: signed(*torch.linalg.qr(x)), Values([[1.0, 2.0], [0.5, -1.0], [-2.0, 0.25]]))
    case('linearCrossEntropy', lambda x, t, i: fn.cross_entropy(x @ t.mT, i.long(), reduction='none', ignore_index=-1),
         F(3, 4), F(5, 4), I([4, -1, 2]))


def signed(q, r):
    """The one whose columns go along with those of x."""
    return q * torch.sign(torch.diagonal(r))


def nchw(x):
    return x.permute(0, 3, 1, 2)


def nhwc(x):
    return x.permute(0, 2, 3, 1)


def same(extent, window, stride):
    """Padding before and after as TensorFlow and Keras have it for 'same'."""
    total = max((-(-extent // stride) - 1) * stride + window - extent, 0)
    return total // 2, total - total // 2


def padded(x, window, stride, value=0.0):
    """x [N, C, H, W] with the padding of 'same'."""
    rows, columns = [same(x.shape[axis], window[axis - 2], stride[axis - 2]) for axis in (2, 3)]
    return fn.pad(x, (*columns, *rows), value=value)


def convolutions():
    def conv(x, w, **own):
        return nhwc(fn.conv2d(nchw(x), w.permute(3, 2, 0, 1), **own))

    case('conv2d', conv, F(1, 5, 6, 2), F(3, 2, 2, 3))
    case('conv2d', lambda x, w: conv(x, w, stride=(2, 1), padding=(1, 2)), F(2, 5, 4, 1), F(3, 3, 1, 2),
         {'stride': [2, 1], 'padding': [1, 1, 2, 2]})
    case('conv2d', lambda x, w: conv(x, w, dilation=2), F(1, 6, 5, 2), F(2, 2, 2, 2), {'dilation': 2})
    case('conv2d', lambda x, w: conv(x, w, groups=2), F(1, 3, 4, 4), F(2, 2, 2, 4), {'groups': 2})
    case('conv2d', lambda x, w: conv(x, w, groups=3), F(1, 3, 4, 3), F(2, 2, 1, 3), {'groups': 3}, note='depthwise')
    case('conv2d', lambda x, w: nhwc(fn.conv2d(padded(nchw(x), (2, 3), (2, 2)), w.permute(3, 2, 0, 1), stride=2)),
         F(1, 5, 4, 2), F(2, 3, 2, 2), {'stride': 2, 'padding': 'same'})

    def transposed(x, w, **own):
        return nhwc(fn.conv_transpose2d(nchw(x), w.permute(3, 2, 0, 1), **own))

    case('conv2dTranspose', transposed, F(1, 3, 4, 2), F(2, 3, 3, 2))
    case('conv2dTranspose', lambda x, w: transposed(x, w, stride=2, padding=1), F(1, 3, 2, 2), F(3, 3, 2, 2),
         {'stride': 2, 'padding': [1, 1, 1, 1]})
    case('conv2dTranspose', lambda x, w: transposed(x, w, stride=2, padding=1, output_padding=1), F(1, 2, 3, 2),
         F(3, 3, 1, 2), {'stride': 2, 'padding': [1, 1, 1, 1], 'outputSize': [4, 6]})
    case('conv2dTranspose', lambda x, w: transposed(x, w, groups=2, dilation=2), F(1, 3, 3, 4), F(2, 2, 1, 4),
         {'groups': 2, 'dilation': 2})


def pools():
    largest = lambda x, *own, **more: nhwc(fn.max_pool2d(nchw(x), *own, **more))
    mean = lambda x, *own, **more: nhwc(fn.avg_pool2d(nchw(x), *own, **more))
    case('maxPool2d', lambda x: largest(x, 2), Apart(1, 4, 5, 2))
    case('maxPool2d', lambda x: largest(x, (3, 2), (2, 1), 1), Apart(1, 5, 4, 2),
         {'poolSize': [3, 2], 'stride': [2, 1], 'padding': [1, 1, 1, 1]}, note='overlapping')
    case('maxPool2d', lambda x: largest(x, 2, 1, 0, 2), Apart(1, 4, 5, 1), {'poolSize': 2, 'stride': 1, 'dilation': 2})
    case('averagePool2d', lambda x: mean(x, 2), F(1, 4, 5, 2))
    case('averagePool2d', lambda x: mean(x, (3, 2), (2, 1), (1, 0), count_include_pad=False), F(1, 5, 4, 2),
         {'poolSize': [3, 2], 'stride': [2, 1], 'padding': [1, 1, 0, 0]})
    case('globalMaxPool2d', lambda x: x.amax((1, 2)), Apart(2, 3, 4, 2))
    case('globalAveragePool2d', lambda x: x.mean((1, 2)), F(2, 3, 4, 2))
    case('adaptiveMaxPool2d', lambda x: nhwc(fn.adaptive_max_pool2d(nchw(x), (2, 3))), Apart(1, 5, 4, 2), [2, 3])
    case('adaptiveAveragePool2d', lambda x: nhwc(fn.adaptive_avg_pool2d(nchw(x), (3, 2))), F(1, 5, 4, 2), [3, 2])
    modes = {'nearest': 'nearest', 'nearestExact': 'nearest-exact', 'bilinear': 'bilinear', 'bicubic': 'bicubic'}
    for name, mode in modes.items():
        case('resize2d', lambda x, mode=mode: nhwc(fn.interpolate(nchw(x), (5, 3), mode=mode)), F(1, 3, 4, 2), [5, 3],
             {'interpolation': name})


def norms():
    """y by PyTorch's functions, of the variance that is divided by n; mean and variance beside it."""

    def moments(x, axes):
        return x.mean(axes), x.var(axes, unbiased=False)

    x, wide = F(4, 3, 2, 6), {'gamma': F(6), 'beta': F(6), 'epsilon': 1e-3}

    def own(f, axes):
        return lambda v, g, b: (nhwc(f(nchw(v), g, b)), *moments(v, axes))

    case('normalize', own(lambda v, g, b: fn.batch_norm(v, None, None, g, b, True, eps=1e-3), (0, 1, 2)), x,
         {'over': 'batch', **wide})
    case('normalize', own(lambda v, g, b: fn.instance_norm(v, None, None, g, b, eps=1e-3), (1, 2)), x,
         {'over': 'instance', **wide})

    def grouped(v, g, b):
        mean, variance = moments(v.reshape(4, 6, 3, 2), (1, 3))
        return nhwc(fn.group_norm(nchw(v), 3, g, b, 1e-3)), mean, variance

    case('normalize', grouped, x, {'over': 'group', 'groups': 3, **wide})
    case('normalize', lambda v, g, b: (fn.layer_norm(v, (6,), g, b, 1e-3), *moments(v, -1)), F(3, 2, 6),
         {'over': 'layer', **wide})
    case('normalize', lambda v: (fn.layer_norm(v, (5,), None, None, 1e-5), *moments(v, -1)), F(7, 5),
         {'over': 'layer', 'epsilon': 1e-5})
    def square(v, g):
        mean = (v * v).mean(-1)
        return g * v / torch.sqrt(mean[..., None] + 1e-3), torch.zeros_like(mean), mean

    case('normalize', square, F(3, 2, 6), {'over': 'layer', 'gamma': F(6), 'centered': False}, note='root mean square')
    case('normalizeWith', lambda v, m, s, g, b: g * (v - m) / torch.sqrt(s + 1e-3) + b, F(3, 2, 4),
         {'mean': F(4), 'variance': F(4, low=0.2, high=2), 'gamma': F(4), 'beta': F(4)})


def scores(q, k, v, bias=None, scale=None):
    """Attention by its formula: PyTorch 1.13 has no public function of it. [batch, steps, heads, size]."""
    keys = q.shape[2] // k.shape[2]
    q, k, v = q.transpose(1, 2), k.repeat_interleave(keys, 2).transpose(1, 2), v.repeat_interleave(keys, 2).transpose(1, 2)
    dots = q @ k.mT * (scale or q.shape[-1] ** -0.5)
    return (torch.softmax(dots if bias is None else dots + bias, -1) @ v).transpose(1, 2)


def hidden(shown):
    return torch.zeros(shown.shape).masked_fill(~shown, float('-inf'))


def attention():
    def causal(q, k):
        return hidden(torch.ones(q, k).tril().bool())

    for steps, size in [(1, 1), (5, 3), (7, 8), (3, 64)]:
        own = [F(1, steps, 2 if size < 64 else 1, size) for _ in range(3)]
        case('attention', scores, *own, note='heads of %d' % size, second=size < 64)
        case('attention', lambda q, k, v: scores(q, k, v, causal(q.shape[1], k.shape[1])), *own, {'causal': True},
             note='heads of %d' % size, second=size < 64)
    case('attention', lambda q, k, v: scores(q, k, v, scale=0.3), F(2, 3, 4, 2), F(2, 5, 2, 2), F(2, 5, 2, 3), {'scale': 0.3},
         note='shared keys, longer than the queries')
    case('attention', lambda q, k, v, m: scores(q, k, v, hidden(m != 0)), F(2, 3, 1, 4), F(2, 4, 1, 4), F(2, 4, 1, 4),
         {'mask': Values([[[[1.0, 0.0, 1.0, 1.0]]], [[[0.0, 0.0, 1.0, 0.0]]]])})
    case('attention', scores, F(1, 3, 2, 4), F(1, 3, 2, 4), F(1, 3, 2, 4), {'bias': F(2, 3, 3)})
    case('attention', lambda q, k, v, n: scores(q, k, v, hidden(torch.arange(4) < n.reshape(-1, 1, 1, 1))),
         F(2, 3, 1, 4), F(2, 4, 1, 4), F(2, 4, 1, 4), {'lengths': I([1, 3])})

    def turned(x):
        half = x.shape[3] // 2
        angle = torch.arange(x.shape[1]).reshape(-1, 1, 1) * 10000.0 ** (-torch.arange(half) / half)
        a, b = x[..., :half], x[..., half:]
        return torch.cat([a * angle.cos() - b * angle.sin(), b * angle.cos() + a * angle.sin()], -1)

    case('rotary', turned, F(1, 4, 2, 6))


# Columns of wgrad's and Keras's weights, gate after gate, as PyTorch's rows: i f c o is its i f g o; z r h are its r z n.
GATES = {'lstm': [0, 1, 2, 3], 'gru': [1, 0, 2], 'rnn': [0]}


def rows(name, weights):
    """[..., gates · units] in PyTorch's order, gates first."""
    parts = weights.chunk(len(GATES[name]), -1)
    return torch.cat([parts[gate] for gate in GATES[name]], -1).mT if weights.dim() > 1 else torch.cat([parts[gate] for gate in GATES[name]])


def recurrent():
    def lstm(x, kernel, own, bias, h, c):
        weights = [rows('lstm', kernel), rows('lstm', own), rows('lstm', bias), torch.zeros_like(bias)]
        y, *last = torch.lstm(x, (h[None], c[None]), weights, True, 1, 0.0, True, False, True)
        return (y, *[each[0] for each in last])

    given = {'bias': F(12), 'initialState': [F(2, 3), F(2, 3)]}
    case('lstm', lstm, F(2, 4, 2), F(2, 12), F(3, 12), given)

    def gru(x, kernel, own, bias, beside, h):
        weights = [rows('gru', kernel), rows('gru', own), rows('gru', bias), rows('gru', beside)]
        y, last = torch.gru(x, h[None], weights, True, 1, 0.0, True, False, True)
        return y, last[0]

    case('gru', gru, F(2, 4, 2), F(2, 9), F(3, 9), {'bias': F(9), 'recurrentBias': F(9), 'initialState': [F(2, 3)]})

    def simple(f):
        def run(x, kernel, own, bias):
            y, last = f(x, torch.zeros(1, x.shape[0], own.shape[0]), [kernel.mT, own.mT, bias, torch.zeros_like(bias)],
                        True, 1, 0.0, True, False, True)
            return y, last[0]
        return run

    case('simpleRnn', simple(torch.rnn_tanh), F(2, 4, 2), F(2, 3), F(3, 3), {'bias': F(3)})
    case('simpleRnn', simple(torch.rnn_relu), F(2, 4, 2), F(2, 3), F(3, 3), {'bias': F(3), 'activation': 'relu'})
    case('lstm', lambda x, k, u, b: [each.flip(1) if each.dim() == 3 else each for each in
                                     lstm(x.flip(1), k, u, b, *[torch.zeros(1, 5)] * 2)],
         F(1, 65, 1), F(1, 20), F(5, 20), {'bias': F(20), 'goBackwards': True}, note='65 steps, backwards', second=False)


def crossEntropies():
    case('softmaxCrossEntropy', lambda x, t: fn.cross_entropy(x, t, reduction='none', label_smoothing=0.2),
         F(3, 5), Values([[0, 0, 1.0, 0, 0], [0.5, 0.5, 0, 0, 0], [0.25, 0.125, 0.125, 0, 0.5]]), {'labelSmoothing': 0.2})
    case('sparseSoftmaxCrossEntropy', lambda x, i: fn.cross_entropy(x, i.long(), reduction='none', ignore_index=-100),
         F(4, 5), I([2, 0, -100, 4]))
    case('categoricalAccuracy', lambda p, i: (p.argmax(1) == i).double(), Values([[0.1, 0.7, 0.2], [0.5, 0.2, 0.3]]), I([1, 2]))
    case('binaryAccuracy', lambda p, t: ((p > 0) == (t > 0.5)).double().mean(1), Values([[0.3, -0.7], [-0.5, -0.2]]),
         Values([[1.0, 0.0], [1.0, 0.0]]))
