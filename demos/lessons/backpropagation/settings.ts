import { slider } from '../common/slider.ts';

const value = (label: string, initial: number) => slider({ label, min: -2, max: 2, step: 0.1, initial });

export const settings = {
  x1: value('Input x₁', 1),
  x2: value('Input x₂', 0.5),
  y: value('Target y', 1),
  rate: slider({ label: 'Learning rate', min: 0.01, max: 1, step: 0.1, scale: 'log', initial: 0.1 }),
};
