import { programs } from 'virtual:lesson-kernels';
import { init } from '../../../src/index.ts';
import type { Gpu } from '../../../src/index.ts';
import { cpuDevice } from '../../../src/simulator/index.ts';
import { hashOf } from '../../shared/hash.ts';

/**
 * A GPU whose kernels run as JavaScript. A built site brings their programs along, so that no policy forbids them; a
 * development server has none, and they are made here.
 */
export function openCpuGpu(): Promise<Gpu> {
  const brought = Object.keys(programs).length > 0;
  const evaluate = (text: string) => {
    const program = programs[hashOf(text)];
    if (!program) throw new Error('The site brings no program for this kernel: build it anew.');
    return program;
  };
  return init({ device: cpuDevice(brought ? { evaluate } : {}), software: true });
}
