import { expect, it } from 'vitest';
import { clusters, compiledTiny } from '../modelFixtures.ts';

it('a run in the middle of an epoch goes on with the same metrics only', async () => {
  const model = await compiledTiny({ metrics: ['accuracy'] });
  await model.fit(clusters(20), { batchSize: 8, steps: 1 });
  const bytes = await model.save();
  const { gpu } = model.compiled;
  const others = await compiledTiny({ gpu, metrics: ['accuracy', 'topKCategoricalAccuracy'] });
  others.load(bytes);
  await expect(others.fit(clusters(20), { batchSize: 8, resume: true })).rejects.toThrow(
    /resume: the epoch under way has recorded values with 1, 1 columns, but this training records 1, 1, 1/,
  );
  others.load(bytes);
  expect((await others.fit(clusters(20), { batchSize: 8 })).epochs).toMatchObject([{ epoch: 1 }]);
  model.destroy();
  others.destroy();
});
