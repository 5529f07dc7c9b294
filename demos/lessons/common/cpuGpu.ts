import { kernels } from 'virtual:lesson-kernels';
import { init } from '../../../src/index.ts';
import type { Gpu } from '../../../src/index.ts';
import { compileForCpu, cpuDevice, fromStored } from '../../../src/simulator/index.ts';
import { hashOf } from '../../shared/hash.ts';

/**
 * A GPU whose kernels run as JavaScript. The built site includes them, because a policy may forbid generating code;
 * others are compiled here.
 */
export const openCpuGpu = (): Promise<Gpu> =>
  init({
    device: cpuDevice({
      compile(kernel) {
        const stored = kernels[hashOf(kernel.code)];
        return stored ? fromStored(kernel, stored) : compileForCpu(kernel);
      },
    }),
    software: true,
  });
