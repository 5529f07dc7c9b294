import { afterAll, afterEach, vi } from 'vitest';
import { workAfterFile, workAfterTest } from './everyFile.ts';



afterEach(workAfterTest);
afterAll(async () => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  await workAfterFile();
});
