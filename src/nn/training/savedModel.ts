import type { Saved } from './checkpoint.ts';
import type { Compiled } from './compiled.ts';

/** What a checkpoint of a model is made of. */
export function savedModel({ network, gpu, minimizer, optimizer, state }: Compiled): Saved {
  const variables = network.variableKeys();
  const part = { prefix: '', network, variables, trained: minimizer.variables, minimizer, optimizer };
  return { name: network.name, kind: 'model', gpu, state, parts: [part], owner: network };
}
