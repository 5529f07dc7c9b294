import { EnvironmentError, WgradError } from '../../../src/index.ts';
import { download } from '../../../src/data/download.ts';
import type { DataFacts } from '../protocol.ts';

/** A file that the site brings as it was published. */
interface PublishedFile {
  /** For notices: 'the breast cancer table'. */
  readonly title: string;
  /** In data/ of the site. */
  readonly path: string;
  readonly bytes: number;
}

/** What is made of a file, and of none. */
interface Reading<T> {
  readonly parse: (bytes: Uint8Array, where: string) => T;
  /** Data of the same form, which are records of nothing. */
  readonly generate: () => T;
}

/**
 * The data of a published file, as the site brings it; else generated ones, and `facts` say so.
 *
 * @param wish of the reader: 'synthetic' asks for generated data
 * @param base the site's folder data
 */
export async function loadPublished<T>(
  file: PublishedFile,
  wish: 'published' | 'synthetic',
  base: string,
  { parse, generate }: Reading<T>,
): Promise<{ data: T; facts: DataFacts }> {
  const made = (reason: string) => ({
    data: generate(),
    facts: {
      synthetic: true,
      notice: `These data are generated in place of ${file.title}, so no number here says anything about it; a network that comes trained was trained on the published data. ${reason}`,
    },
  });
  if (wish === 'synthetic') return made('The address asks for them.');
  const missing: readonly string[] = import.meta.env.WGRAD_WITHOUT_FILES ?? [];
  try {
    // A build that had no such file says so itself: there is nothing to ask the host for.
    if (missing.includes(file.path)) throw new EnvironmentError('This site was built without it.');
    const url = `${base.replace(/\/$/, '')}/${file.path}`;
    return { data: parse(await download(url, { maxBytes: file.bytes }), url), facts: { synthetic: false } };
  } catch (error) {
    if (!(error instanceof WgradError)) throw error;
    return made(error.message);
  }
}
