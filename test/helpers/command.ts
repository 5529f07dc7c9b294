import { Writable } from 'node:stream';
import { main } from '../../src/node/cli/main.ts';

export interface Ran {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

/** Runs `npm run train -- …args` in this process. */
export async function train(...args: string[]): Promise<Ran> {
  const texts = ['', ''];
  const [output, errors] = texts.map(
    (_, i) =>
      new Writable({
        write(chunk, _encoding, done) {
          texts[i] += String(chunk);
          done();
        },
      }),
  );
  const code = await main(args, output, errors);
  return { code, output: texts[0], errors: texts[1] };
}
