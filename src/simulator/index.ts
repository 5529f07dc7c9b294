/** The simulator of kernels: an entry of its own, which applications load only where they use it. */
export { specialize } from '../kernels/specialize.ts';
export type { KernelFile, Specialization, SpecializedKernel } from '../kernels/kernel.ts';
export { compileKernel } from './compile.ts';
export { compileForCpu, cpuDevice } from './cpuDevice.ts';
export type { CpuDeviceOptions } from './cpuDevice.ts';
export type { CompiledSimulation } from './compile.ts';
export type { CompileOptions } from './module.ts';
export { run } from './run.ts';
export type { BufferData, Race, RaceParty, RunOptions, RunResult } from './run.ts';
export type { CodePlace } from './place.ts';
export { GeneratedCodeError, SimulationError } from './problem.ts';
export { fromStored, storedText } from './stored.ts';
export type { StoredSimulation } from './stored.ts';
export { Stepper } from './stepper.ts';
export type { StepperOptions } from './stepper.ts';
export type { LaneState, StepAccess } from './told.ts';
export { findWriter } from './writer.ts';
export type { Writer, WriterOptions } from './writer.ts';
