"""Writes the cases of PyTorch: `python3 test/parity/torch/generate.py`, with PyTorch 1.13 (Debian 12: python3-torch).

The tests read the files alone, and need neither Python nor PyTorch. The seeds are fixed: the same PyTorch writes the same files.
"""

import cases
import kernels
import layers
import ops
import training

for part in (ops.elementwise, ops.integers, ops.reductions, ops.movement, kernels.products, kernels.convolutions,
             kernels.pools, kernels.norms, kernels.attention, kernels.recurrent, kernels.crossEntropies, layers.plain,
             layers.convolutions, layers.norms, layers.attention, layers.recurrent, training.losses, training.optimizers,
             ops.blocks):
    part()
cases.write('torchOps', cases.CASES)
cases.write('torchLayers', layers.LAYERS)
cases.write('torchRecurrent', layers.RECURRENT)
cases.write('torchLosses', training.LOSSES)
cases.write('torchOptimizers', training.OPTIMIZERS)
training.secondDerivatives()
