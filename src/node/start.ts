// `npm start`: serves the demo pages and, where there is a display, opens them in the browser.
import { parseArgs } from 'node:util';
import { createServer } from 'vite';
import { ArgumentError, EnvironmentError, WgradError } from '../errors.ts';

const USAGE = `npm start -- [--port 5173] [--host] [--no-open]

  --port     the port to listen on; without it the first free one from 5173
  --host     listen on every network interface (WebGPU itself needs https or localhost)
  --no-open  only print the address`;

interface StartOptions {
  port: number | undefined;
  host: boolean;
  open: boolean;
}

/** undefined: the user only asked for help. */
function readOptions(args: string[]): StartOptions | undefined {
  const options = {
    port: { type: 'string' },
    host: { type: 'boolean', default: false },
    'no-open': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  } as const;
  let values;
  try {
    ({ values } = parseArgs({ args, options }));
  } catch (cause) {
    throw new ArgumentError(`${(cause as Error).message}\n\n${USAGE}`, { cause });
  }
  if (values.help) return undefined;
  const port = values.port === undefined ? undefined : Number(values.port);
  if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65536)) {
    throw new ArgumentError(`--port ${values.port}: a port is a whole number from 1 to 65535.`);
  }
  return { port, host: values.host, open: !values['no-open'] && hasDisplay() };
}

function hasDisplay(): boolean {
  const { CI, DISPLAY, WAYLAND_DISPLAY, SSH_CONNECTION } = process.env;
  if (CI || SSH_CONNECTION) return false;
  return process.platform !== 'linux' || Boolean(DISPLAY || WAYLAND_DISPLAY);
}

async function start({ port, host, open }: StartOptions): Promise<void> {
  const server = await createServer({ server: { port, strictPort: port !== undefined, host, open } });
  try {
    await server.listen();
  } catch (cause) {
    await server.close();
    if (!(cause as Error).message.includes('already in use')) throw cause;
    throw new EnvironmentError(
      `Port ${port} is in use: choose another with --port, or leave --port out to get the first free one.`,
      { cause },
    );
  }
  server.printUrls();
  if (!open) console.log('  Open the address in a browser with WebGPU. Ctrl+C stops.');
}

// The server keeps running after its output is closed.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

try {
  const options = readOptions(process.argv.slice(2));
  if (options) await start(options);
  else console.log(USAGE);
} catch (error) {
  if (!(error instanceof WgradError)) throw error;
  console.error(`${error.name}: ${error.message}`);
  process.exitCode = 1;
}
