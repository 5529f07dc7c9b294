import { join } from 'node:path';
import { download } from '../data/download.ts';
import type { Fetch } from '../data/download.ts';
import { sha256 } from '../data/sha256.ts';
import { EnvironmentError, FormatError } from '../errors.ts';
import { dataFolders, keepDownload, requireDataFolder } from './dataFolders.ts';
import type { DataFolders } from './dataFolders.ts';
import { readFileIfExists } from './files.ts';

/** A file that is the same wherever it is published: a table, a text. */
export interface PublishedFile {
  /** For messages: 'the airline passengers'. */
  readonly title: string;
  /** Its path in the data folder and in the cache, with forward slashes. */
  readonly path: string;
  /** Public copies, tried in this order. */
  readonly urls: readonly string[];
  readonly bytes: number;
  /** In hexadecimal. */
  readonly sha256: string;
}

export interface PublishedFileOptions extends DataFolders {
  /** In place of the file's own `urls`; [] never downloads. */
  urls?: readonly string[];
  /** Try the next copy if nothing arrives for this long, in milliseconds; default 10000. */
  timeoutMs?: number;
  fetch?: Fetch;
  /** Called with a sentence about a damaged file in the cache or a cache that cannot be written; default `console.warn`. */
  onNotice?: (notice: string) => void;
  signal?: AbortSignal;
}

/** The file's bytes and where they come from, or, where it is not available, why. */
export type FoundFile =
  | { readonly bytes: Uint8Array; readonly source: string }
  | { readonly bytes?: undefined; readonly reason: string };

/**
 * Finds a file: in the data folder, else in the cache, else at a public copy, which the cache then keeps. It is verified
 * against its checksum wherever it comes from. A damaged file in the cache is downloaded again.
 *
 * @throws EnvironmentError if there is no such data folder
 * @throws FormatError if the file in the data folder is not the published one
 * @throws the signal's reason if the caller aborts
 */
export async function findPublishedFile(
  file: PublishedFile,
  options: PublishedFileOptions = {},
): Promise<FoundFile> {
  const { urls = file.urls, timeoutMs = 10000, fetch, signal, onNotice = console.warn } = options;
  const { dataDir, cacheDir } = dataFolders(options);
  if (dataDir) {
    requireDataFolder(dataDir);
    const path = join(dataDir, file.path);
    const bytes = await readFileIfExists(path);
    if (bytes) return { bytes: await verified(file, bytes, path), source: path };
  }
  const cached = join(cacheDir, file.path);
  const failures: string[] = [];
  const attempt = async (read: () => Promise<Uint8Array | undefined>, where: string) => {
    try {
      const bytes = await read();
      return bytes && (await verified(file, bytes, where));
    } catch (error) {
      if (!(error instanceof EnvironmentError || error instanceof FormatError)) throw error;
      failures.push(error.message);
      return undefined;
    }
  };

  const kept = await attempt(() => readFileIfExists(cached), cached);
  if (kept) return { bytes: kept, source: cached };
  for (const failure of failures.splice(0))
    onNotice(`The cached file is not usable and will be downloaded again. ${failure}`);
  for (const url of urls) {
    const request = { maxBytes: file.bytes, timeoutMs, fetch, signal };
    const bytes = await attempt(() => download(url, request), url);
    if (!bytes) continue;
    await keepDownload(cached, bytes, onNotice);
    return { bytes, source: url };
  }
  const reason =
    `${dataDir ? `${dataDir} has no ${file.path}` : 'WGRAD_DATA is not set'}, the cache has no ${cached}, and ` +
    `${failures.length > 0 ? `no download helped: ${failures.join('; ')}` : 'no download was allowed'}. Set WGRAD_DATA ` +
    `to a folder that holds ${file.path}, or connect to the internet.`;
  return { reason };
}

async function verified(file: PublishedFile, bytes: Uint8Array, where: string): Promise<Uint8Array> {
  const found = await sha256(bytes);
  if (found === file.sha256) return bytes;
  throw new FormatError(
    `${where}: damaged or another file of that name: the sha256 of its ${bytes.length} bytes is ${found}, expected ` +
      `${file.sha256} of ${file.bytes} bytes. Delete the file and fetch it again.`,
  );
}
