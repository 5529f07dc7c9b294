import { createPlayback } from '../../demos/frame/playback.ts';

Object.assign(globalThis, { createPlayback });
