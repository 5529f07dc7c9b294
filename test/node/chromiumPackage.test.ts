import { describe, expect, it } from 'vitest';
import { FormatError } from '../../src/errors.ts';
import { readTar } from '../../src/node/chromiumPackage.ts';

/** One tar member: a header with name, octal size and type, then the data in blocks of 512 bytes. */
function member(name: string, data: string, type = '0'): number[] {
  const header = new Uint8Array(512);
  const put = (at: number, text: string) => header.set(new TextEncoder().encode(text), at);
  put(0, name);
  put(124, data.length.toString(8).padStart(11, '0'));
  put(156, type);
  const body = new Uint8Array(Math.ceil(data.length / 512) * 512);
  body.set(new TextEncoder().encode(data));
  return [...header, ...body];
}
const archive = (...members: number[][]) => Uint8Array.from([...members.flat(), ...new Uint8Array(1024)]);

describe('readTar', () => {
  it('finds the files between folders, whatever their length', () => {
    const long = 'x'.repeat(513);
    const files = readTar(
      archive(member('lib/', '', '5'), member('lib/a', ''), member('b', 'B'), member('c', long)),
    );
    expect(files.map(({ path, data }) => [path, new TextDecoder().decode(data)])).toEqual([
      ['lib/a', ''],
      ['b', 'B'],
      ['c', long],
    ]);
  });

  it('refuses an archive that is cut off, or that would write outside its folder', () => {
    const bytes = archive(member('a', 'x'.repeat(600)));
    expect(() => readTar(bytes.subarray(0, 1000))).toThrow(FormatError);
    expect(() => readTar(archive(member('../a', 'x')))).toThrow(FormatError);
    expect(() => readTar(archive(member('/etc/a', 'x')))).toThrow(FormatError);
  });

  it('refuses a size that is no number', () => {
    const bytes = archive(member('a', 'x'));
    bytes.set(new TextEncoder().encode('zzzzzzzzzzz'), 124);
    expect(() => readTar(bytes)).toThrow(FormatError);
  });
});
