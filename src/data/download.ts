import { EnvironmentError, FormatError } from '../errors.ts';

export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

export interface DownloadOptions {
  /** Refuse answers longer than this, in bytes. */
  maxBytes: number;
  /** Give up if nothing arrives for this long, in milliseconds; default 15000. */
  timeoutMs?: number;
  /** Default: the platform's own `fetch`. */
  fetch?: Fetch;
  signal?: AbortSignal;
  /** Called with the bytes received so far. */
  onBytes?: (loaded: number) => void;
}

/**
 * Downloads a URL into memory.
 *
 * @throws EnvironmentError if the server cannot be reached, refuses, breaks the connection or stops sending
 * @throws FormatError if the answer is longer than `maxBytes`
 * @throws the signal's reason if the caller aborts
 */
export async function download(url: string, options: DownloadOptions): Promise<Uint8Array> {
  const { maxBytes, timeoutMs = 15000, signal, onBytes, fetch = globalThis.fetch } = options;
  signal?.throwIfAborted();
  const controller = new AbortController();
  const stop = () => controller.abort();
  signal?.addEventListener('abort', stop);
  let silent = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const listen = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      silent = true;
      stop();
    }, timeoutMs);
  };

  listen();
  try {
    const response = await fetch(url, { signal: controller.signal });
    if (!response.ok) {
      throw new EnvironmentError(`${url}: HTTP ${response.status} ${response.statusText}`.trimEnd());
    }
    const chunks: Uint8Array[] = [];
    let loaded = 0;
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      listen();
      chunks.push(read.value);
      loaded += read.value.length;
      if (loaded > maxBytes)
        throw new FormatError(`${url}: the answer is longer than the ${maxBytes} bytes expected`);
      onBytes?.(loaded);
    }
    return join(chunks, loaded);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof EnvironmentError || error instanceof FormatError) throw error;
    const { message, cause } = error as Error;
    const reason = silent
      ? `nothing arrived for ${timeoutMs / 1000} s`
      : !URL.canParse(url, globalThis.location?.href)
        ? 'it is not an absolute address; give a whole one, https://…, or in Node read files with loadMnistNode'
        : `the download failed (${cause instanceof Error ? cause.message || message : message})`;
    throw new EnvironmentError(`${url}: ${reason}`, { cause: error });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
    // Ends the connection if the body was not read to its end.
    stop();
  }
}

function join(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
