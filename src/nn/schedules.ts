/** All learning-rate schedules. */
export * from './schedules/cosine.ts';
export * from './schedules/decays.ts';
export * from './schedules/warmUp.ts';
export type { Schedule } from './schedules/schedule.ts';
