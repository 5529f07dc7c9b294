// `npm run train`: trains a model in the terminal. See cli/main.ts.
import { isatty } from 'node:tty';
import { main } from './cli/main.ts';

const onTerminal = [0, 1, 2].some((stream) => isatty(stream));
process.exitCode = await main(process.argv.slice(2));

// Node gives a terminal its settings back when it exits, and aborts where the terminal is gone. All is saved by now, so the
// process ends by the same signal, which shells report as the same 129.
if (process.exitCode === 129 && onTerminal && process.platform !== 'win32')
  process.kill(process.pid, 'SIGHUP');
