import { expect, inject, it } from 'vitest';
import { openPage, scriptOf } from './harness.ts';
import type { compileProduct, damage, saveTogether } from './tuningScript.ts';

type Scope = typeof globalThis & {
  compileProduct: typeof compileProduct;
  saveTogether: typeof saveTogether;
  damage: typeof damage;
};

it('keeps what the tuner has measured in the site’s database', async () => {
  const { page } = await openPage('');
  // A page of the same site without a policy of its own, in which the script may run.
  await page.goto(new URL('nothing-here', inject('site')).href);
  await page.evaluate(await scriptOf('tuningScript.ts'));
  const [tuned, cached, off] = await page.evaluate(async () => {
    const { compileProduct } = globalThis as Scope;
    return [await compileProduct(true), await compileProduct('cached'), await compileProduct(false)];
  });
  expect(tuned).toEqual({ choice: expect.stringMatching(/\(tuned\)$/), measured: 1, notices: [] });
  expect(cached).toEqual({ ...tuned, measured: 0 });
  expect(off).toEqual({ choice: expect.stringMatching(/\((rule|default)\)$/), measured: 0, notices: [] });
  expect(await page.evaluate(() => (globalThis as Scope).saveTogether())).toEqual([
    'one',
    'two',
    'three',
    'four',
  ]);

  const [damaged, mended] = await page.evaluate(async () => {
    const { compileProduct, damage } = globalThis as Scope;
    await damage('{"format":"wgrad tuning","version":99}');
    return [await compileProduct('cached'), await compileProduct(true)];
  });
  expect(damaged.choice).not.toMatch(/tuned/);
  expect(damaged.notices).toEqual([
    'Measured kernel choices are not used: the database "wgrad" of this site cannot be read: it is of version 99, and this wgrad reads version 1',
  ]);
  expect(mended.measured).toBe(1);
  expect((await page.evaluate(() => (globalThis as Scope).compileProduct('cached'))).choice).toMatch(
    /\(tuned\)/,
  );
}, 120_000);
