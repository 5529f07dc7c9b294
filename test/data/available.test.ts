import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { take } from '../../src/data/dataset.ts';
import { MNIST_PARTS, MNIST_SETS } from '../../src/data/mnistFiles.ts';
import { locateMnistFile, loadMnistNode } from '../../src/node/mnist.ts';
import { nearestNeighbourAccuracy } from './nearestNeighbour.ts';

// The set this machine has: MNIST where WGRAD_DATA or the cache holds it, drawn digits elsewhere.
const { train, test } = await loadMnistNode({ mirrors: [], onNotice: () => undefined });

describe(`the digits at hand (${train.name})`, () => {
  it('are 60,000 + 10,000 images of 28 × 28 with their digits', () => {
    expect([train.size, test.size]).toEqual([60000, 10000]);
    for (const set of [train, test]) {
      expect([set.x.data.length, set.y.data.length]).toEqual([set.size * 784, set.size]);
      expect([set.x.shape, set.y.shape, set.synthetic]).toEqual([
        [28, 28, 1],
        [],
        set.name === 'synthetic digits',
      ]);
    }
  });

  it('have about as many of each digit', () => {
    const counts = new Float64Array(10);
    for (const label of train.y.data) counts[label]++;
    expect(Math.min(...counts)).toBeGreaterThan(5000);
    expect(Math.max(...counts)).toBeLessThan(7000);
  });

  it('have the mean and deviation that training normalises by', () => {
    let sum = 0;
    let squares = 0;
    for (const ink of train.x.data) {
      sum += ink;
      squares += ink * ink;
    }
    const mean = sum / train.x.data.length;
    expect(Math.abs(mean / 255 - 0.1307)).toBeLessThan(0.01);
    expect(Math.abs(Math.sqrt(squares / train.x.data.length - mean * mean) / 255 - 0.3081)).toBeLessThan(
      0.02,
    );
  });

  it('can be told apart by their nearest neighbours', () => {
    expect(nearestNeighbourAccuracy(take(train, 0, 2000), take(test, 0, 200)).accuracy).toBeGreaterThan(0.85);
  });
});

describe('the checksums', () => {
  // As published by Y. LeCun and by Zalando Research, of the packed files.
  const published: Record<string, string> = {
    'mnist/train-images-idx3-ubyte': 'f68b3c2dcbeaaa9fbdd348bbdeb94873',
    'mnist/train-labels-idx1-ubyte': 'd53e105ee54ea40749a09fcbcd1e9432',
    'mnist/t10k-images-idx3-ubyte': '9fb629c4189551a2d022fa330f9573f3',
    'mnist/t10k-labels-idx1-ubyte': 'ec29112dd5afa0611ce80d1b7f02629c',
    'fashion-mnist/train-images-idx3-ubyte': '8d4fb7e6c68d591d4c3dfef9ec88bf0d',
    'fashion-mnist/train-labels-idx1-ubyte': '25c81989df183df01b3e8a0aad5dffbe',
    'fashion-mnist/t10k-images-idx3-ubyte': 'bef4ecab320f06d8554ea6380940ec79',
    'fashion-mnist/t10k-labels-idx1-ubyte': 'bb300cfdad3c16e7a12a480ee83cd310',
  };

  it('are those of the published files, where they are at hand', async () => {
    const names = Object.keys(MNIST_SETS) as (keyof typeof MNIST_SETS)[];
    const all = names.flatMap((name) =>
      MNIST_PARTS.map((part) => [name, MNIST_SETS[name].files[part]] as const),
    );
    expect(all.map(([name, { file }]) => `${name}/${file}`).sort()).toEqual(Object.keys(published).sort());
    for (const [name, { file, gzBytes }] of all) {
      const path = locateMnistFile(name, file);
      if (!path?.endsWith('.gz')) continue;
      const bytes = await readFile(path);
      expect([file, bytes.length]).toEqual([file, gzBytes]);
      expect([file, createHash('md5').update(bytes).digest('hex')]).toEqual([
        file,
        published[`${name}/${file}`],
      ]);
    }
    for (const name of names.filter((each) =>
      locateMnistFile(each, MNIST_SETS[each].files.trainImages.file),
    )) {
      const set = await loadMnistNode({ name, mirrors: [], fallback: false });
      expect([set.train.size, set.train.classNames?.length]).toEqual([60000, 10]);
    }
  });
});
