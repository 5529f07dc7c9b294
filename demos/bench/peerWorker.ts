import { wgradContestant } from '../../bench/peers/frameworks/wgrad.ts';
import type { Framework } from '../../bench/peers/problem.ts';
import type { Contestant } from '../../bench/peers/contestant.ts';
import { sampleTraining } from '../../bench/peers/sample.ts';
import { init } from '../../src/index.ts';
import { errorMessage, pagePort } from '../shared/port.ts';
import type { PeerMessage, PeerRequest } from './protocol.ts';

const port = pagePort<PeerRequest, PeerMessage>();
let contestant: Contestant | undefined;

port.listen((request) => {
  answer(request).catch((error: unknown) => port.post(errorMessage(error)));
});

async function answer(request: PeerRequest): Promise<void> {
  if (request.type === 'open') {
    contestant = await open(request.framework);
    port.post(contestant ? { type: 'opened', version: contestant.version } : { type: 'missing' });
    return;
  }
  const { model, stretchMs } = request;
  port.post({ type: 'sample', sample: await sampleTraining(contestant!, model, { stretchMs }) });
}

/** The peers' packages are those of bench/peers; vite.config.ts gives an empty module for one that is not installed. */
async function open(framework: Framework): Promise<Contestant | undefined> {
  if (framework === 'wgrad') return wgradContestant(await init(), '');
  const { openTfjs, openJax } = await import('../../bench/peers/frameworks/inBrowser.mjs');
  return (framework === 'tfjs' ? openTfjs() : openJax()) as Promise<Contestant | undefined>;
}
