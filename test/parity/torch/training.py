"""Cases of losses and optimizers, in the form of losses.json and optimizers.json, and of second derivatives of a critic."""

import json
import os
import zlib

import torch
import torch.nn.functional as fn

from cases import F, FOLDER, I, Values, tensor
from kernels import nchw, nhwc

LOSSES, OPTIMIZERS = [], []


def loss(keras, config, f, target, prediction, note):
    torch.manual_seed(zlib.crc32(('%s %d' % (keras, len(LOSSES))).encode()))
    t, p = target.make(), prediction.make().requires_grad_()
    value = f(p, t)
    (gradient,) = torch.autograd.grad(value, [p])
    LOSSES.append({'keras': keras, 'config': config, 'note': note, 'target': tensor(t), 'prediction': tensor(p), 'weight': None,
                   'loss': tensor(value), 'gradient': tensor(gradient)})


def losses():
    x = F(4, 3)
    loss('MeanSquaredError', {}, fn.mse_loss, x, x, 'mse_loss')
    loss('MeanAbsoluteError', {}, fn.l1_loss, x, x, 'l1_loss')
    loss('Huber', {'delta': 0.7}, lambda p, t: fn.huber_loss(p, t, delta=0.7), x, x, 'huber_loss')
    share, sure = F(4, 3, low=0, high=1), F(4, 3, low=0.05, high=0.95)
    loss('BinaryCrossentropy', {}, fn.binary_cross_entropy, share, sure, 'binary_cross_entropy')
    loss('BinaryCrossentropy', {'from_logits': True}, fn.binary_cross_entropy_with_logits, share, x,
         'binary_cross_entropy_with_logits')
    hot = Values([[0, 1.0, 0], [0.5, 0.25, 0.25], [0, 0, 1.0], [1.0, 0, 0]])
    loss('CategoricalCrossentropy', {'from_logits': True, 'label_smoothing': 0.1},
         lambda p, t: fn.cross_entropy(p, t, label_smoothing=0.1), hot, x, 'cross_entropy')
    loss('SparseCategoricalCrossentropy', {'from_logits': True}, lambda p, t: fn.cross_entropy(p, t.long()), I([2, 0, 1, 1]), x,
         'cross_entropy')
    loss('KLDivergence', {}, lambda p, t: fn.kl_div(p.log(), t, reduction='batchmean'), sure, sure, 'kl_div')
    loss('Poisson', {}, lambda p, t: fn.poisson_nll_loss(p, t, log_input=False, eps=1e-7), sure, sure, 'poisson_nll_loss')
    loss('CosineSimilarity', {}, lambda p, t: -fn.cosine_similarity(p, t, dim=-1).mean(), x, x, 'cosine_similarity')
    signs = Values([[1.0, -1.0, 1.0], [-1.0, -1.0, 1.0]])
    loss('SquaredHinge', {}, lambda p, t: torch.relu(1 - t * p).square().mean(), signs, F(2, 3), 'a formula')


def optimizer(keras, config, make, note):
    torch.manual_seed(zlib.crc32(('%s %d' % (keras, len(OPTIMIZERS))).encode()))
    parameters = [F(2, 3).make().requires_grad_(), F(4).make().requires_grad_()]
    case = {'keras': keras, 'config': config, 'note': note, 'schedule': None, 'start': [tensor(p) for p in parameters],
            'gradients': [], 'after': [], 'averages': None}
    own = make(parameters)
    for _ in range(6):
        for p in parameters:
            p.grad = F(*p.shape, without=[0]).make()
        case['gradients'].append([tensor(p.grad) for p in parameters])
        own.step()
        case['after'].append([tensor(p) for p in parameters])
    OPTIMIZERS.append(case)


def optimizers():
    """ε is small: Keras and PyTorch add it at different places. NAdam, which PyTorch has changed since, is in moreOptimizers.json."""
    rate, eps = {'learning_rate': 0.05}, {'epsilon': 1e-8}

    def of(name, **own):
        return lambda parameters: getattr(torch.optim, name)(parameters, lr=0.05, **own)

    optimizer('SGD', rate, of('SGD'), 'SGD')
    optimizer('SGD', {**rate, 'momentum': 0.9}, of('SGD', momentum=0.9), 'SGD')
    optimizer('SGD', {**rate, 'momentum': 0.9, 'nesterov': True}, of('SGD', momentum=0.9, nesterov=True), 'SGD')
    optimizer('SGD', {**rate, 'weight_decay': 0.1}, of('SGD', weight_decay=0.1), 'SGD: without momentum the decays are the same')
    optimizer('Adam', {**rate, **eps}, of('Adam'), 'Adam')
    optimizer('Adam', {**rate, **eps, 'amsgrad': True, 'beta_2': 0.9}, of('Adam', amsgrad=True, betas=(0.9, 0.9)), 'Adam')
    optimizer('AdamW', {**rate, **eps, 'weight_decay': 0.2}, of('AdamW', weight_decay=0.2), 'AdamW')
    optimizer('RMSprop', {**rate, **eps, 'rho': 0.9}, of('RMSprop', alpha=0.9), 'RMSprop')
    optimizer('RMSprop', {**rate, **eps, 'rho': 0.9, 'centered': True, 'momentum': 0.5},
              of('RMSprop', alpha=0.9, centered=True, momentum=0.5), 'RMSprop')
    optimizer('Adagrad', {**rate, **eps, 'initial_accumulator_value': 0.1}, of('Adagrad', initial_accumulator_value=0.1), 'Adagrad')
    optimizer('Adadelta', {**rate, 'rho': 0.9, 'epsilon': 1e-6}, of('Adadelta', rho=0.9), 'Adadelta')
    optimizer('Adamax', {**rate, **eps}, of('Adamax'), 'Adamax')
    optimizer('torch.RAdam', {'lr': 0.05}, of('RAdam'), 'RAdam')


def critic(x, w, bias, gamma, beta, v, u):
    """That of test/graph/secondDerivatives.test.ts."""
    first = fn.leaky_relu(nhwc(fn.conv2d(nchw(x), w.permute(3, 2, 0, 1))) + bias, 0.2)
    normal = fn.layer_norm(nhwc(fn.max_pool2d(nchw(first), 2)), (4,), gamma, beta, 1e-3)
    second = fn.gelu(nhwc(fn.conv2d(nchw(normal), v.permute(3, 2, 0, 1))))
    return second.reshape(2, 3) @ u


SMOOTH = {
    'elu': fn.elu, 'selu': fn.selu, 'gelu': fn.gelu, 'geluTanh': lambda x: fn.gelu(x, approximate='tanh'), 'sigmoid': torch.sigmoid,
    'tanh': torch.tanh, 'softplus': fn.softplus, 'softsign': fn.softsign, 'silu': fn.silu, 'relu': torch.relu,
    'logSigmoid': fn.logsigmoid, 'erf': torch.erf, 'tan': torch.tan, 'atan': torch.atan, 'sinh': torch.sinh, 'cosh': torch.cosh,
}


def secondDerivatives():
    """A gradient penalty and products of a Hessian with a vector, in the form of secondDerivatives.json."""
    torch.manual_seed(12)
    shapes = {'x': (2, 6, 6, 1), 'w': (3, 3, 1, 4), 'bias': (4,), 'gamma': (4,), 'beta': (4,), 'v': (2, 2, 4, 3), 'u': (3, 1)}
    own = {name: F(*shape, low=-1, high=1).make().requires_grad_() for name, shape in shapes.items()}
    direction = F(*shapes['x'], low=-1, high=1).make()
    (slope,) = torch.autograd.grad(critic(**own).sum(), [own['x']], create_graph=True)
    penalty = (slope.square().sum((1, 2, 3)).sqrt() - 1).square().mean()
    names = [name for name in shapes if name != 'x']
    slopes = torch.autograd.grad(penalty, [own[name] for name in names], retain_graph=True, allow_unused=True)
    products = torch.autograd.grad((slope * direction).sum(), [own['w'], own['x']])
    points = torch.tensor([-3.2, -1.1, -0.4, 0.3, 0.9, 1.3])
    second = {}
    for name, f in SMOOTH.items():
        at = points.clone().requires_grad_()
        (first,) = torch.autograd.grad(f(at).sum(), [at], create_graph=True)
        bend = torch.autograd.grad(first.sum(), [at])[0] if first.requires_grad else torch.zeros_like(at)
        second[name] = tensor(bend)['data']
    zero = lambda g, name: torch.zeros(shapes[name]) if g is None else g
    made = {
        'source': 'PyTorch %s, float64' % torch.__version__,
        'inputs': {name: tensor(x) for name, x in own.items()},
        'direction': tensor(direction),
        'penalty': tensor(penalty)['data'][0],
        'penaltyGradients': {name: tensor(zero(g, name)) for name, g in zip(names, slopes)},
        'products': {name: tensor(g) for name, g in zip(('w', 'x'), products)},
        'points': points.tolist(),
        'second': second,
    }
    with open(os.path.join(FOLDER, 'torchSecondDerivatives.json'), 'w') as file:
        file.write(json.dumps(made, separators=(',', ':')) + '\n')
