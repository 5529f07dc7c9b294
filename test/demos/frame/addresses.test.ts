import { describe, expect, it } from 'vitest';
import { addressesOf, publicAddress } from '../../../demos/frame/build/addresses.ts';

describe('the address of the source', () => {
  it.each([
    'https://github.com/who/what',
    'https://github.com/who/what.git',
    'https://who:secret@github.com/who/what.git/',
    'git@github.com:who/what.git',
    'ssh://git@github.com:22/who/what.git',
    'git+ssh://git@github.com/who/what',
    'git://github.com/who/what.git',
  ])('is made of the remote %s, without what is for git alone', (remote) => {
    expect(publicAddress(remote)).toBe('https://github.com/who/what');
  });

  it.each([
    ['git@gitlab.com:group/part/what.git', 'https://gitlab.com/group/part/what'],
    ['https://codeberg.org/who/what', 'https://codeberg.org/who/what'],
    ['git@git.sr.ht:~who/what', 'https://git.sr.ht/~who/what'],
  ])('knows other public hosts: %s', (remote, address) => {
    expect(publicAddress(remote)).toBe(address);
  });

  it.each([
    '/srv/wgrad',
    '../wgrad',
    'C:\\wgrad',
    'file:///srv/wgrad',
    'git@git.inside.example:who/what.git',
    'https://github.com.example.org/who/what',
    'http://localhost:3000/who/what',
    'https://10.0.0.1/who/what.git',
    '',
  ])('is not made of %s, to which no reader can go', (remote) => {
    expect(publicAddress(remote)).toBeUndefined();
  });
});

describe('the addresses of a build', () => {
  it('are those of package.json, before those of git', () => {
    const url = 'git+https://git.example.org/who/what.git';
    const own = { repository: { url }, homepage: 'https://example.org/wgrad/' };
    expect(addressesOf(own, 'git@github.com:a/b.git', undefined)).toEqual({
      source: 'https://git.example.org/who/what',
      site: 'https://example.org/wgrad',
    });
    expect(addressesOf({ repository: url }, undefined, undefined).source).toBe(
      'https://git.example.org/who/what',
    );
  });

  it('are those of git and WGRAD_SITE, where package.json has none', () => {
    expect(addressesOf({}, 'git@github.com:who/what.git', 'https://who.example/what/')).toEqual({
      source: 'https://github.com/who/what',
      site: 'https://who.example/what',
    });
    expect(addressesOf({ homepage: 'https://old.example' }, undefined, 'https://new.example').site).toBe(
      'https://new.example',
    );
  });

  it('are never made up', () => {
    expect(addressesOf({}, '/srv/wgrad', undefined)).toEqual({});
    expect(addressesOf({}, undefined, '')).toEqual({});
    expect(() => addressesOf({}, undefined, 'who.example/what')).toThrow(
      /WGRAD_SITE is 'who\.example\/what'/,
    );
  });
});
