import { expect, it, vi } from 'vitest';

/** wgrad as an application finds it that has named nothing yet: the table of names is still to be loaded. */
async function fresh() {
  vi.resetModules();
  const { adam, dense, Gan, sequential } = await import('../../src/index.ts');
  const { initNode } = await import('../../src/node/index.ts');
  const gpu = await initNode();
  const network = (inputs: number, units: number) =>
    sequential([dense({ units })], { inputShape: [inputs], name: 'tiny' });
  return {
    gpu,
    adam,
    network,
    gan: () => new Gan({ generator: network(2, 4), discriminator: network(4, 1) }),
  };
}

it('a model that is destroyed while names are loaded is not compiled', async () => {
  const { gpu, network } = await fresh();
  const model = network(4, 3);
  const compiling = model.compile({ gpu, optimizer: 'adam', loss: 'softmaxCrossEntropy' });
  model.destroy();
  await expect(compiling).rejects.toThrow('tiny: was destroyed while it was being compiled');
  await expect(model.predict([[1, 2, 3, 4]])).rejects.toThrow('compile');
  gpu.destroy();
});

it('of two compilations the later one counts, also where only the first one loads names', async () => {
  const { gpu, adam, network } = await fresh();
  const model = network(4, 3);
  const first = model.compile({ gpu, optimizer: 'adam' });
  const second = model.compile({ gpu, optimizer: adam({ learningRate: 0.5 }) });
  await expect(first).rejects.toThrow('tiny: was compiled again while it was being compiled');
  await second;
  expect(model.learningRate).toBe(0.5);
  gpu.destroy();
});

it('a file cannot be loaded while names are', async () => {
  const { gpu, network } = await fresh();
  const other = await network(4, 3).compile({ gpu });
  const file = await other.save();
  const model = network(4, 3);
  const compiling = model.compile({ gpu, optimizer: 'adam' });
  expect(() => model.load(file)).toThrow('load was called while it is being compiled');
  await compiling;
  gpu.destroy();
});

it('a wrong name leaves the model as it was', async () => {
  const { gpu, network } = await fresh();
  const model = await network(4, 3).compile({ gpu });
  await expect(model.compile({ gpu, optimizer: 'adamm' as never })).rejects.toThrow('adamm');
  expect(await model.predict([[1, 2, 3, 4]])).toHaveLength(3);
  gpu.destroy();
});

it('two networks that are destroyed while names are loaded are not compiled', async () => {
  const { gpu, gan } = await fresh();
  const pair = gan();
  const compiling = pair.compile({ gpu, generatorOptimizer: 'adam' });
  pair.destroy();
  await expect(compiling).rejects.toThrow('was destroyed while it was being compiled');
  expect(() => pair.learningRates).toThrow('compile');
  gpu.destroy();
});
