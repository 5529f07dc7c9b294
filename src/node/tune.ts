// `npm run tune`: measures which kernels are the fastest here. See cli/tune.ts.
import { tune } from './cli/tune.ts';

process.exitCode = await tune(process.argv.slice(2));
