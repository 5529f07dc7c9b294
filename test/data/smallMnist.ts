import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { syntheticDigits } from '../../src/data/digits.ts';
import { encodeIdx } from '../../src/data/idx.ts';
import { MNIST_PARTS, MNIST_SETS } from '../../src/data/mnistFiles.ts';
import type { MnistPart } from '../../src/data/mnistFiles.ts';
import { afterEveryFile } from '../helpers/everyFile.ts';

export const SMALL = { train: 40, test: 20 };

const { files } = MNIST_SETS.mnist;
const full = { ...files };
afterEveryFile(() => void Object.assign(files, full));

/**
 * Makes 'mnist' a set of 40 + 20 images for this test file, so that loading can be tested without the real
 * files: the same four names, with the sizes and checksums of the small ones.
 *
 * @returns the packed bytes of each part
 */
export function useSmallMnist(): Record<MnistPart, Uint8Array> {
  const { train, test } = syntheticDigits({ ...SMALL, seed: 5 });
  const plain: Record<MnistPart, Uint8Array> = {
    trainImages: encodeIdx({ shape: [train.size, 28, 28], data: train.x.data as Uint8Array }),
    trainLabels: encodeIdx({ shape: [train.size], data: train.y.data as Uint8Array }),
    testImages: encodeIdx({ shape: [test.size, 28, 28], data: test.x.data as Uint8Array }),
    testLabels: encodeIdx({ shape: [test.size], data: test.y.data as Uint8Array }),
  };
  const packed = {} as Record<MnistPart, Uint8Array>;
  for (const part of MNIST_PARTS) {
    packed[part] = new Uint8Array(gzipSync(plain[part]));
    files[part] = {
      file: files[part].file,
      bytes: plain[part].length,
      gzBytes: packed[part].length,
      sha256: createHash('sha256').update(plain[part]).digest('hex'),
    };
  }
  return packed;
}

/** How a test mirror treats every request. */
export type Manner =
  | 'good'
  | 'encoded'
  | 'corrupt'
  | 'truncated'
  | 'missing'
  | 'silent'
  | 'stalling'
  | 'page'
  | 'endless';

export interface Mirror {
  readonly url: string;
  manner: Manner;
  /** Files asked for, in order. */
  readonly requests: string[];
  close(): void;
}

/** A local server of the packed parts that behaves or misbehaves as told. */
export async function startMirror(packed: Record<MnistPart, Uint8Array>, manner: Manner): Promise<Mirror> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const file = request.url!.split('/').at(-1)!;
    requests.push(file);
    const part = MNIST_PARTS.find((each) => `${files[each].file}.gz` === file)!;
    respond(response, packed[part], mirror.manner);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const mirror: Mirror = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/data`,
    manner,
    requests,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return mirror;
}

function respond(response: ServerResponse, bytes: Uint8Array, manner: Manner): void {
  if (manner === 'silent') return;
  if (manner === 'missing') {
    response.writeHead(404).end('no such file');
  } else if (manner === 'page') {
    response.end('<!doctype html><title>Sign in to this network</title>');
  } else if (manner === 'encoded') {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(bytes);
  } else if (manner === 'corrupt') {
    // A valid IDX file of the right size whose last value is another.
    const changed = encodeIdx({ shape: [40, 28, 28], data: new Uint8Array(40 * 784) });
    response.end(gzipSync(changed));
  } else if (manner === 'endless') {
    const timer = setInterval(() => response.write(new Uint8Array(50_000)), 1);
    response.on('close', () => clearInterval(timer));
  } else {
    response.writeHead(200, { 'content-length': bytes.length });
    if (manner === 'good') response.end(bytes);
    else {
      response.write(bytes.subarray(0, bytes.length >> 1));
      if (manner === 'truncated') setTimeout(() => response.destroy(), 20);
    }
  }
}
