import { describe, expect, it } from 'vitest';
import { isInstalled } from '../../src/node/setup.mjs';

describe('isInstalled', () => {
  const lock = {
    packages: {
      '': { version: '0.1.0' },
      'node_modules/a': { version: '1.0.0' },
      'node_modules/a/node_modules/b': { version: '2.0.0' },
      'node_modules/only-on-windows': { version: '3.0.0', optional: true },
    },
  };
  const { 'node_modules/a': a, 'node_modules/a/node_modules/b': b } = lock.packages;

  it('takes what npm installs, which leaves out the project and other platforms', () => {
    const installed = { packages: { 'node_modules/a': a, 'node_modules/a/node_modules/b': b } };
    expect(isInstalled(installed, lock)).toBe(true);
  });

  it('notices nothing installed, a missing package and another version', () => {
    const other = {
      packages: { 'node_modules/a': { version: '1.0.1' }, 'node_modules/a/node_modules/b': b },
    };
    expect(isInstalled(undefined, lock)).toBe(false);
    expect(isInstalled({ packages: { 'node_modules/a': a } }, lock)).toBe(false);
    expect(isInstalled(other, lock)).toBe(false);
  });
});
