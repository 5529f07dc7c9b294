import { afterAll, afterEach, vi } from 'vitest';
import { workAfterFile, workAfterTest } from './everyFile.ts';

// Runs before each test file. Most files share a process: each leaves it to the next one as it found it.

const environment = { ...process.env };

afterEach(workAfterTest);
afterAll(async () => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
  Object.assign(process.env, environment);
  await workAfterFile();
});
