"""Cases of ops: elementwise functions, reductions, rows, and what moves numbers."""

import math

import torch
import torch.nn.functional as fn

from cases import Apart, F, I, Values, case

NAN, INF = float('nan'), float('inf')


def elementwise():
    x = F(2, 7)
    smooth = {
        'negate': torch.neg, 'exp': torch.exp, 'expm1': torch.expm1, 'square': torch.square, 'sin': torch.sin,
        'cos': torch.cos, 'erf': torch.erf, 'atan': torch.atan, 'sinh': torch.sinh, 'cosh': torch.cosh,
        'asinh': torch.asinh, 'sigmoid': torch.sigmoid, 'tanh': torch.tanh, 'gelu': fn.gelu,
        'geluTanh': lambda v: fn.gelu(v, approximate='tanh'), 'softplus': fn.softplus, 'silu': fn.silu,
        'mish': lambda v: v * torch.tanh(fn.softplus(v)), 'logSigmoid': fn.logsigmoid, 'tanhShrink': fn.tanhshrink,
    }
    for name, f in smooth.items():
        case(name, f, x)
    case('tan', torch.tan, F(2, 7, low=-1.3, high=1.3))
    for name in ['asin', 'acos', 'atanh']:
        case(name, getattr(torch, name), F(2, 7, low=-0.9, high=0.9))
    case('acosh', torch.acosh, F(2, 7, low=1.1, high=4))
    for name in ['log', 'sqrt', 'rsqrt']:
        case(name, getattr(torch, name), F(2, 7, low=0.2, high=4))
    case('log1p', torch.log1p, F(2, 7, low=-0.7, high=3))
    case('reciprocal', torch.reciprocal, F(2, 7, low=0.3, high=2))
    corner = F(2, 7, without=[0])
    for name, f in {'abs': torch.abs, 'relu': torch.relu, 'selu': fn.selu, 'softsign': fn.softsign}.items():
        case(name, f, corner)
    case('relu', lambda v: torch.where(v > 2, 2 + 0 * v, torch.where(v > 0.5, v, 0.25 * (v - 0.5))),
         F(2, 7, low=-3, high=3, without=[0.5, 2]), {'negativeSlope': 0.25, 'maxValue': 2, 'threshold': 0.5})
    case('leakyRelu', lambda v: fn.leaky_relu(v, 0.3), corner, 0.3)
    case('elu', lambda v: fn.elu(v, 0.7), corner, 0.7)
    case('celu', lambda v: fn.celu(v, 0.7), corner, 0.7)
    wide = F(2, 7, low=-5, high=9, without=[-3, 0, 3, 6])
    for name, f in {'relu6': fn.relu6, 'hardSigmoid': fn.hardsigmoid, 'hardSilu': fn.hardswish}.items():
        case(name, f, wide, second=name == 'relu6')  # of the others PyTorch has no second derivative
    bent = F(2, 7, without=[-1, -0.5, 0.5, 1])
    case('hardTanh', fn.hardtanh, bent)
    case('hardShrink', lambda v: fn.hardshrink(v, 0.5), bent, 0.5)
    case('softShrink', lambda v: fn.softshrink(v, 0.5), bent, 0.5)
    case('threshold', lambda v: fn.threshold(v, 0.5, -3.0), bent, 0.5, -3)
    case('clip', lambda v: torch.clamp(v, -0.5, 1), bent, -0.5, 1)
    case('scale', lambda v: v * -2.5, x, -2.5)
    case('shift', lambda v: v + 0.75, x, 0.75)
    case('huber', lambda v: fn.huber_loss(v, torch.zeros_like(v), reduction='none', delta=0.5), bent, 0.5, second=False)
    case('logCosh', lambda v: v + fn.softplus(-2 * v) - math.log(2), x)
    case('squareplus', lambda v: (v + torch.sqrt(v * v + 3)) / 2, x, 3)
    case('sparsePlus', lambda v: torch.where(v < -1, 0 * v, torch.where(v > 1, v, (v + 1) ** 2 / 4)), bent)
    case('sparseSigmoid', lambda v: torch.clamp((v + 1) / 2, 0, 1), bent)
    case('glu', lambda v: fn.glu(v, 1), F(2, 4, 3), 1)
    case('glu', lambda v: fn.glu(v, -1), F(3, 6))
    steps = F(2, 7, without=[-2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2])
    for name in ['sign', 'floor', 'ceil', 'round']:
        case(name, getattr(torch, name), steps)
    odd = Values([0.0, 1.5, -2.25, NAN, INF, -INF])
    case('isNan', torch.isnan, odd)
    case('isFinite', torch.isfinite, odd)
    case('stopGradient', lambda v: v.detach(), x)
    pair = (F(3, 1, 4), F(2, 1))
    for name, f in {'add': torch.add, 'subtract': torch.sub, 'multiply': torch.mul, 'atan2': torch.atan2}.items():
        case(name, f, *pair)
    case('divide', torch.div, F(3, 1, 4), F(2, 1, low=0.5, high=2))
    case('power', torch.pow, F(3, 1, 4, low=0.3, high=2), F(2, 1))
    case('maximum', torch.maximum, Apart(3, 4), Values([[0.01], [-0.26], [0.11]], fixed=False))
    case('minimum', torch.minimum, Apart(3, 4), Values([[0.01], [-0.26], [0.11]], fixed=False))
    truth = (Values([1.0, 0.0, -2.0, 0.0, 0.5]), Values([0.0, 0.0, -2.0, 1.0, 0.25]))
    names = {'equal': 'eq', 'notEqual': 'ne', 'less': 'lt', 'lessEqual': 'le', 'greater': 'gt', 'greaterEqual': 'ge',
             'logicalAnd': 'logical_and', 'logicalOr': 'logical_or', 'logicalXor': 'logical_xor'}
    for name, own in names.items():
        case(name, getattr(torch, own), *truth)
    case('logicalNot', torch.logical_not, truth[0])
    case('where', lambda c, a, b: torch.where(c != 0, a, b), Values([[1.0, 0.0, -2.0]]), F(2, 3), F(2, 1))
    case('keepNan', lambda a, b: torch.where(torch.isnan(a), a, b), F(3), F(3))
    case('bceWithLogits', lambda a, t: fn.binary_cross_entropy_with_logits(a, t, reduction='none'),
         F(2, 4, without=[0]), F(2, 4, low=0, high=1))
    case('binaryCrossentropy', lambda p, t: -(t * torch.log(p) + (1 - t) * torch.log(1 - p)),
         F(2, 4, low=0.05, high=0.95), F(2, 4, low=0, high=1))


def integers():
    a, b = I([[7, -7, 5, 0, -1]]), I([[2], [-3], [4]])
    plain = {
        'add': torch.add, 'subtract': torch.sub, 'multiply': torch.mul, 'maximum': torch.maximum,
        'minimum': torch.minimum, 'floorDivide': lambda x, y: torch.div(x, y, rounding_mode='floor'),
        'remainder': torch.remainder, 'bitwiseAnd': torch.bitwise_and, 'bitwiseOr': torch.bitwise_or,
        'bitwiseXor': torch.bitwise_xor,
    }
    for name, f in plain.items():
        case('integers.' + name, f, a, b)
    for name, f in {'equal': torch.eq, 'notEqual': torch.ne, 'less': torch.lt, 'lessEqual': torch.le,
                    'greater': torch.gt, 'greaterEqual': torch.ge}.items():
        case('integers.' + name, lambda x, y, f=f: f(x, y), a, I([[0, -7, 9, 0, 2]]))
    case('integers.leftShift', torch.bitwise_left_shift, a, I([[0], [3], [5]]))
    case('integers.rightShift', torch.bitwise_right_shift, a, I([[0], [1], [5]]))
    case('integers.negate', torch.neg, a)
    case('integers.abs', torch.abs, a)
    case('integers.where', lambda c, x, y: torch.where(c != 0, x, y), I([[1, 0, 2, 0, -1]]), a, b)
    case('cast', lambda x: x.to(torch.int32), Values([2.75, -2.75, 0.5, -0.5]), 'i32')
    case('cast', lambda x: x.to(torch.float64), I([3, -4, 0]), 'f32')


def along(axes):
    return {'dim': axes, 'keepdim': False}


def reductions():
    x = F(3, 4, 5)
    case('reduceSum', lambda v: v.sum((0, 2)), x, {'axes': [0, 2]})
    case('reduceSum', torch.sum, F(70))
    case('reduceMean', lambda v: v.mean(1, keepdim=True), x, {'axes': [1], 'keepDims': True})
    case('reduceMax', lambda v: v.amax((0, 2)), Apart(3, 4, 5), {'axes': [0, 2]})
    case('reduceMin', lambda v: v.amin(-1), Apart(3, 4, 5), {'axes': [-1]})
    case('reduceProd', lambda v: v.prod(1), F(3, 4, 2), {'axes': [1]})
    case('reduceProd', torch.prod, Values([2.0, 0.0, -3.0, 0.5], fixed=False), note='a factor of 0')
    case('argmax', lambda v: v.argmax(1).to(torch.int32), Apart(3, 4, 2), 1)
    case('argmin', lambda v: v.argmin(-1, keepdim=True).to(torch.int32), Apart(3, 7), -1, {'keepDims': True})
    case('logSumExp', lambda v: v.logsumexp((0, 2), keepdim=True), x, {'axes': [0, 2], 'keepDims': True})
    case('logSumExp', lambda v: v.logsumexp(1), Values([[800.0, 801.0], [-900.0, -INF]], fixed=False), {'axes': [1]},
         note='large', second=False)
    case('variance', lambda v: v.var((0, 2), unbiased=False), x, {'axes': [0, 2]})
    case('variance', lambda v: v.var(1, unbiased=True), x, {'axes': [1], 'correction': 1})
    case('std', lambda v: v.std(-1, unbiased=False, keepdim=True), x, {'axes': [-1], 'keepDims': True})
    case('std', lambda v: v.std(0, unbiased=True), x, {'axes': [0], 'correction': 1})
    case('std', lambda v: v.std(1, unbiased=False), Values([[2.0, 2.0, 2.0], [1.0, 2.0, 4.0]], fixed=False), {'axes': [1]},
         note='a constant', second=False)
    case('cumsum', lambda v: v.cumsum(1), x, 1)
    case('cumsum', lambda v: v.flip(-1).cumsum(-1).flip(-1) - v, x, -1, {'exclusive': True, 'reverse': True})
    case('cumprod', lambda v: v.cumprod(1), F(2, 5, 3), 1)
    case('cumprod', lambda v: v.cumprod(0), Values([2.0, 0.0, -3.0, 0.5], fixed=False), 0, note='a factor of 0')
    case('sort', lambda v: v.sort(1).values, Apart(3, 5, 2), 1)
    case('sort', lambda v: v.sort(-1, descending=True).values, Apart(2, 9), -1, {'descending': True})
    case('argsort', lambda v: v.argsort(0).to(torch.int32), Apart(5, 3), 0)
    case('topK', lambda v: (v.topk(3, 1).values, v.topk(3, 1).indices.to(torch.int32)), Apart(2, 7), 3)
    case('topK', lambda v: (v.topk(2, 0).values, v.topk(2, 0).indices.to(torch.int32)), Apart(5, 3), 2, 0)
    for name, f in {'softmax': torch.softmax, 'logSoftmax': torch.log_softmax}.items():
        case(name, lambda v, f=f: f(v, -1), F(3, 5))
        case(name, lambda v, f=f: f(v, 1), F(2, 4, 3), 1)
    case('sparsemax', sparsemax, F(3, 6))


def sparsemax(x):
    """Martins & Astudillo 2016, which PyTorch does not have."""
    z = x.sort(-1, descending=True).values
    k = torch.arange(1, x.shape[-1] + 1, dtype=x.dtype)
    support = (1 + k * z > z.cumsum(-1)).sum(-1, keepdim=True)
    tau = (z.cumsum(-1).gather(-1, support - 1) - 1) / support
    return torch.relu(x - tau)


def spread(size):
    return [list(range(extent)) for extent in size]


def movement():
    x = F(3, 4, 2)
    case('reshape', lambda v: v.reshape(2, 12), x, [2, -1])
    case('flatten', lambda v: v.flatten(1), x)
    case('transpose', lambda v: v.permute(2, 0, 1), x, [2, 0, 1])
    case('moveAxis', lambda v: v.movedim((0, 1), (-1, 0)), x, [0, 1], [-1, 0])
    case('expandDims', lambda v: v.unsqueeze(1), x, 1)
    case('squeeze', lambda v: v.squeeze(1), F(3, 1, 2), 1)
    case('broadcastTo', lambda v: v.expand(2, 3, 4), F(3, 1), [2, 3, 4])
    case('concat', lambda a, b: torch.cat([a, b], 1), [F(2, 3), F(2, 1)], 1)
    case('stack', lambda a, b: torch.stack([a, b], 1), [F(2, 3), F(2, 3)], 1)
    case('unstack', lambda v: v.unbind(1), F(2, 3), 1)
    case('split', lambda v: v.split(2, 1), x, 2, 1)
    case('split', lambda v: v.tensor_split([1, 4]), F(5, 2), [1, 4])
    case('slice', lambda v: v[1:3, ::2, 1:], x, [1, 0, 1], [2, 2, 1], [1, 2, 1])
    case('slice', lambda v: v.flip(0)[:, 1:3], F(3, 4), [-1, 1], [-1, 2], [-1, 1], note='backwards')
    case('tile', lambda v: v.repeat(2, 1, 3), F(2, 3), [2, 1, 3])
    case('repeat', lambda v: v.repeat_interleave(3, 1), F(2, 3), 3, 1)
    case('repeat', lambda v: v.repeat_interleave(torch.tensor([2, 0, 1]), 1), F(2, 3), [2, 0, 1], 1)
    case('repeat', lambda v: v.repeat_interleave(2), F(2, 3), 2)
    case('roll', lambda v: v.roll((1, -2), (0, 1)), x, [1, -2], [0, 1])
    case('roll', lambda v: v.roll(4), F(3, 3), 4)
    case('flip', lambda v: v.flip(0, 2), x, [0, 2])
    case('reverse', lambda v: v.flip(1), x, [1])
    for name, f in {'tril': torch.tril, 'triu': torch.triu}.items():
        case(name, f, F(3, 4))
        case(name, lambda v, f=f: f(v, -1), F(2, 4, 3), -1)
        case(name, lambda v, f=f: f(v, 2), F(3, 4), 2)
    case('pad', lambda v: fn.pad(v, (1, 2, 0, 1), value=0.5), F(2, 3), [[0, 1], [1, 2]], {'value': 0.5})
    for mode, own in {'reflect': 'reflect', 'edge': 'replicate'}.items():
        case('pad', lambda v, own=own: fn.pad(v, (2, 1, 1, 2), mode=own), F(1, 2, 4, 3),
             [[0, 0], [0, 0], [1, 2], [2, 1]], {'mode': mode})
    row, table = I([[2, 0], [2, 3]]), F(4, 3)
    case('gather', lambda v, i: v[i.long()], table, row)
    case('gather', lambda v, i: v[:, i.long()], F(2, 4), row, 1)
    case('takeAlongAxis', lambda v, i: v.gather(1, i.long()), F(2, 4), I([[3, 0, 3], [1, 1, 2]]), 1)
    case('scatterAdd', lambda v, i, u: v.index_add(0, i.long(), u), F(4, 3), I([2, 0, 2]), F(3, 3))
    case('scatterAdd', lambda v, i, u: v.index_add(1, i.long(), u), F(2, 4), I([3, 3]), F(2, 2), 1)
    case('scatterUpdate', lambda v, i, u: v.index_copy(0, i.long(), u), F(4, 3), I([2, 0]), F(2, 3))
    case('oneHot', lambda i: fn.one_hot(i.long(), 4).to(torch.float64), I([[2, 0], [1, 3]]), 4)
    case('fill', lambda: torch.full((2, 3), 1.5), [2, 3], 1.5)
    case('writeStep', lambda c, s, p: torch.stack([r.index_copy(0, q.long().reshape(1), t) for r, q, t in zip(c, p, s)]),
         F(2, 4, 3), F(2, 1, 3), I([1, 3]))


def blocks():
    """Blocks of pixels as channels, in TensorFlow's order: PyTorch's pixel_shuffle has the places within a block last."""
    def toSpace(v):
        n, h, w, c = v.shape
        return v.reshape(n, h, w, 2, 2, c // 4).permute(0, 1, 3, 2, 4, 5).reshape(n, 2 * h, 2 * w, c // 4)

    def toDepth(v):
        n, h, w, c = v.shape
        return v.reshape(n, h // 2, 2, w // 2, 2, c).permute(0, 1, 3, 2, 4, 5).reshape(n, h // 2, w // 2, 4 * c)

    case('depthToSpace', toSpace, F(2, 3, 2, 12), 2)
    case('spaceToDepth', toDepth, F(2, 4, 6, 3), 2)
