"""What the cases of PyTorch have in common: seeded inputs, and values, gradients and second derivatives by autograd.

All is computed in float64 from inputs that are f32 numbers, and written with seven digits.
"""

import json
import os
import zlib

import torch

torch.set_default_dtype(torch.float64)

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'cases')


def f32(x):
    """The nearest f32 numbers, in float64."""
    return x.to(torch.float32).to(torch.float64)


class Given:
    """An input of a case. It is drawn when the case is made, by the case's own seed."""

    differentiable = False


class F(Given):
    """Uniform floats of a shape, of four decimal digits."""

    differentiable = True

    def __init__(self, *shape, low=-2.0, high=2.0, without=()):
        self.shape, self.low, self.high, self.without = shape, low, high, without

    def make(self):
        x = torch.rand(self.shape) * (self.high - self.low) + self.low
        for point in self.without:  # no number within 0.05 of a corner of the function
            x = torch.where((x - point).abs() < 0.05, torch.full_like(x, point + 0.11), x)
        return f32((x * 1e4).round() / 1e4)


class Apart(Given):
    """Floats of a shape that are at least 0.05 apart from each other: no ties, and none near."""

    differentiable = True

    def __init__(self, *shape):
        self.shape = shape

    def make(self):
        count = 1
        for extent in self.shape:
            count *= extent
        return f32(((torch.randperm(count) - count / 2 + 0.25) * 0.0625).reshape(self.shape))


class Values(Given):
    """Given numbers: floats unless all are whole and `integer`; `fixed` ones are not differentiated by."""

    def __init__(self, values, integer=False, fixed=True):
        self.values, self.integer, self.differentiable = values, integer, not fixed

    def make(self):
        return torch.tensor(self.values, dtype=torch.int32 if self.integer else torch.float64)


def I(values):
    """Integers."""
    return Values(values, integer=True)


def factors(output, place):
    """What the numbers of an output are multiplied with in the loss, and those of a gradient in the sum of second derivatives:
    number k of tensor i with ((7 k + 3 i) mod 11 - 5) / 4. The test computes the same."""
    k = torch.arange(output.numel())
    return (((7 * k + 3 * place) % 11 - 5) / 4).reshape(output.shape)


def number(value):
    if value != value:
        return 'NaN'
    if value in (float('inf'), float('-inf')):
        return 'Infinity' if value > 0 else '-Infinity'
    short = float('%.7g' % value)
    return int(short) if short == int(short) and abs(short) < 1e7 else short


def tensor(x):
    x = x.detach()
    whole = not x.is_floating_point() and x.dtype != torch.bool
    return {'shape': list(x.shape), 'dtype': 'i' if whole else 'f', 'data': [number(v) for v in x.reshape(-1).tolist()]}


def slope(x):
    """A gradient; null where it is 0 everywhere."""
    return None if x is None or not bool((x != 0).any()) else tensor(x)


def derivatives(outputs, leaves, second):
    """Gradients of the weighted sum of the outputs, and, if wanted, those of the weighted sum of these gradients."""
    smooth = [(y, i) for i, y in enumerate(outputs) if y.is_floating_point() and y.requires_grad]
    nothing = [None] * len(leaves)
    if not leaves or not smooth:
        return nothing, nothing
    loss = sum((y * factors(y, i)).sum() for y, i in smooth)
    first = torch.autograd.grad(loss, leaves, create_graph=True, allow_unused=True)
    bent = [(g, i) for i, g in enumerate(first) if g is not None and g.requires_grad]
    if not bent or not second:
        return first, nothing
    along = sum((g * factors(g, i)).sum() for g, i in bent)
    return first, torch.autograd.grad(along, leaves, allow_unused=True)


def listed(y):
    return list(y) if isinstance(y, (tuple, list)) else [y]


CASES = []


def case(op, f, *args, note=None, second=True):
    """A case of an op: `args` are those of wgrad, with F, Apart or I in the place of tensors, which f gets in this order."""
    torch.manual_seed(zlib.crc32(('%s %d' % (op, len(CASES))).encode()))
    given, inputs = [], []

    def place(arg):
        if isinstance(arg, Given):
            given.append(arg)
            inputs.append(arg.make())
            return {'input': len(inputs) - 1}
        if isinstance(arg, (list, tuple)):
            return [place(each) for each in arg]
        if isinstance(arg, dict):
            return {name: place(each) for name, each in arg.items()}
        return arg

    placed = [place(arg) for arg in args]
    for own, x in zip(given, inputs):
        x.requires_grad_(own.differentiable)
    leaves = [x for x in inputs if x.requires_grad]
    outputs = [y.to(torch.float64) if y.dtype == torch.bool else y for y in listed(f(*inputs))]
    first, bent = derivatives(outputs, leaves, second)
    made = {'op': op, 'args': placed, **({'note': note} if note else {})}
    made['inputs'] = [tensor(x) for x in inputs]
    made['outputs'] = [tensor(y) for y in outputs]
    made['wrt'] = [i for i, x in enumerate(inputs) if x.requires_grad]
    made['gradients'] = [slope(g) for g in first]
    made['seconds'] = [slope(g) for g in bent] if second else None
    CASES.append(made)


def write(name, cases):
    """Writes cases/<name>.json, a line for each case."""
    lines = ',\n'.join(json.dumps(own, separators=(',', ':')) for own in cases)
    head = '{"torch":"%s","cases":[\n' % torch.__version__
    with open(os.path.join(FOLDER, name + '.json'), 'w') as file:
        file.write(head + lines + '\n]}\n')
    print('%s: %d cases' % (name, len(cases)))
