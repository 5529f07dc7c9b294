import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { sha256 } from '../../src/data/sha256.ts';
import { findPublishedFile } from '../../src/node/publishedFile.ts';

const root = mkdtempSync(join(tmpdir(), 'wgrad-published-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const content = new TextEncoder().encode('month,passengers\n1949-01,112\n');
const file = {
  title: 'a table',
  path: 'tables/passengers.csv',
  urls: ['https://a.example/passengers.csv', 'https://b.example/passengers.csv'],
  bytes: content.length,
  sha256: await sha256(content),
};
const [dataDir, cacheDir] = [join(root, 'data'), join(root, 'cache')];
const cached = join(cacheDir, file.path);

beforeEach(() => {
  for (const folder of [dataDir, cacheDir]) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(join(folder, 'tables'), { recursive: true });
  }
});

/** A fetch with an answer for each URL; all others fail. */
const answers = (known: Record<string, Uint8Array>) => {
  const asked: string[] = [];
  const fetch = async (url: string) => {
    asked.push(url);
    if (!known[url]) throw new TypeError('fetch failed');
    return new Response(known[url] as Uint8Array<ArrayBuffer>);
  };
  return { fetch, asked };
};

describe('findPublishedFile', () => {
  it('takes the file of the data folder, and asks nobody', async () => {
    const path = join(dataDir, file.path);
    writeFileSync(path, content);
    const { fetch, asked } = answers({});
    const found = await findPublishedFile(file, { dataDir, cacheDir, fetch });
    expect(found).toEqual({ bytes: expect.anything(), source: path });
    expect(new Uint8Array(found.bytes!)).toEqual(content);
    expect(asked).toEqual([]);
  });

  it('refuses another file of that name in the data folder, which is the user’s', async () => {
    writeFileSync(join(dataDir, file.path), 'month,passengers\n1949-01,113\n');
    await expect(findPublishedFile(file, { dataDir, cacheDir, urls: [] })).rejects.toThrow(
      /passengers\.csv: damaged or another file of that name: the sha256 of its 29 bytes/,
    );
  });

  it('downloads from the first copy that has it, and keeps it', async () => {
    const { fetch, asked } = answers({ [file.urls[1]]: content });
    const first = await findPublishedFile(file, { dataDir, cacheDir, fetch });
    expect(first).toMatchObject({ source: file.urls[1] });
    expect(asked).toEqual(file.urls);
    expect(new Uint8Array(readFileSync(cached))).toEqual(content);
    const second = await findPublishedFile(file, { dataDir, cacheDir, fetch });
    expect(second).toMatchObject({ source: cached });
    expect(asked).toHaveLength(2);
  });

  it('does not take a copy that is damaged or too long', async () => {
    const changed = content.map((byte, i) => (i === 20 ? byte ^ 1 : byte));
    const { fetch } = answers({ [file.urls[0]]: changed, [file.urls[1]]: new Uint8Array(1000) });
    const found = await findPublishedFile(file, { dataDir, cacheDir, fetch });
    expect(found.bytes).toBeUndefined();
    expect(found).toMatchObject({
      reason: expect.stringMatching(/has no tables\/passengers\.csv.*sha256.*longer than the 29 bytes/),
    });
  });

  it('replaces a damaged file in the cache, and says so', async () => {
    writeFileSync(cached, 'broken');
    const notices: string[] = [];
    const { fetch } = answers({ [file.urls[0]]: content });
    const found = await findPublishedFile(file, {
      cacheDir,
      dataDir,
      fetch,
      onNotice: (text) => notices.push(text),
    });
    expect(found).toMatchObject({ source: file.urls[0] });
    expect(notices).toEqual([expect.stringContaining('will be downloaded again')]);
    expect(new Uint8Array(readFileSync(cached))).toEqual(content);
  });

  it('says why it has none, and what to do', async () => {
    const found = await findPublishedFile(file, { dataDir, cacheDir, urls: [] });
    expect(found).toMatchObject({
      reason: expect.stringMatching(
        /no download was allowed\. Set WGRAD_DATA to a folder that holds tables\/passengers\.csv/,
      ),
    });
    await expect(findPublishedFile(file, { dataDir: join(root, 'none'), cacheDir })).rejects.toThrow(
      'does not exist',
    );
  });

  it('ends when it is aborted', async () => {
    const reason = new Error('stop');
    await expect(
      findPublishedFile(file, { dataDir, cacheDir, signal: AbortSignal.abort(reason) }),
    ).rejects.toBe(reason);
  });
});
