import type { LivePage } from '../frame/page/page.ts';
import type { Calls } from './protocol.ts';
import type { settings } from './settings.ts';

/** What the parts of this page work with. */
export type Live = LivePage<typeof settings, Calls>;
