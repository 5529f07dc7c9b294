import { createPlayback } from '../../demos/frame/page/playback.ts';

Object.assign(globalThis, { createPlayback });
