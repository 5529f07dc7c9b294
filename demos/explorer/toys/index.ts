import { toys as images } from './images.ts';
import { toys as matmul } from './matmul.ts';
import { toys as optimizers } from './optimizers.ts';
import { toys as others } from './others.ts';
import { toys as rows } from './rows.ts';
import { toys as training } from './training.ts';
import type { Toy } from './toy.ts';

/** Every toy; a kernel may have several. */
export const TOYS: readonly Toy[] = [...matmul, ...images, ...rows, ...others, ...optimizers, ...training];

export const toysOf = (kernel: string): readonly Toy[] => TOYS.filter((toy) => toy.kernel === kernel);
