// `npm run train`: trains a model in the terminal. See cli/main.ts.
import { main } from './cli/main.ts';

process.exitCode = await main(process.argv.slice(2));
