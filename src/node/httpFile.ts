import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { EnvironmentError } from '../errors.ts';

export type Handler = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

/** The part of Vite's dev and preview servers that is needed. */
export interface Server {
  middlewares: { use(route: string, handler: Handler): unknown };
}

/** Answers in plain text. */
export function answer(
  response: ServerResponse,
  status: number,
  text: string,
  headers: OutgoingHttpHeaders = {},
): void {
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
    ...headers,
  });
  response.end(text);
}

/** Answers 405 to a request that does not read; tells whether it has. */
export function refuseMethod({ method = '' }: IncomingMessage, response: ServerResponse): boolean {
  if (method === 'GET' || method === 'HEAD') return false;
  answer(response, 405, `${method} is not possible here: read with GET or HEAD.`, { allow: 'GET, HEAD' });
  return true;
}

/**
 * Answers a GET or HEAD with a file, or with the part of it that a Range header asks for. However the request ends, also
 * when the client breaks it off, the file is closed.
 */
export async function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
): Promise<void> {
  try {
    const found = await stat(path);
    if (!found.isFile()) throw new EnvironmentError(`${path} is not a file.`);
    const { size } = found;
    const headers = {
      // No content-encoding: the page unpacks the file itself, as it does on a static host.
      'content-type': 'application/octet-stream',
      'cache-control': 'no-cache',
      'accept-ranges': 'bytes',
    };
    const range = request.method === 'GET' ? parseRange(request, size) : undefined;
    if (range === 'unsatisfiable') {
      answer(response, 416, `The file has ${size} bytes.`, { 'content-range': `bytes */${size}` });
      return;
    }
    const { start, end } = range ?? { start: 0, end: size - 1 };
    const whole = { ...headers, 'content-length': end - start + 1 };
    const part = { ...whole, 'content-range': `bytes ${start}-${end}/${size}` };
    if (request.method === 'HEAD' || size === 0) {
      response.writeHead(200, whole).end();
      return;
    }
    const file = createReadStream(path, { start, end });
    await once(file, 'open');
    response.writeHead(range ? 206 : 200, range ? part : whole);
    await pipeline(file, response); // closes both when either of them ends
  } catch (error) {
    if (response.headersSent || response.destroyed) response.destroy();
    else answer(response, 500, (error as Error).message);
  }
}

/**
 * One range of RFC 9110, 14.2: `bytes=0-99`, `bytes=100-` or `bytes=-100`. Undefined for what may be ignored: other units,
 * several ranges, what is not a range, and a range under a condition, for no file here has a validator.
 */
function parseRange(
  { headers }: IncomingMessage,
  size: number,
): { start: number; end: number } | 'unsatisfiable' | undefined {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(headers.range ?? '') ?? [];
  if (first === undefined || first + last === '' || headers['if-range'] !== undefined) return undefined;
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(size - 1, Number(last));
  if (first !== '' && last !== '' && Number(last) < start) return undefined;
  return start < size && start <= end ? { start, end } : 'unsatisfiable';
}
