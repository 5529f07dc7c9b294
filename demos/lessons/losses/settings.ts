import { options } from '../../frame/settings.ts';
import { slider } from '../common/slider.ts';
import { CASES, CASE_NAMES } from './cases.ts';

const raw = (label: string, initial: number) => slider({ label, min: -6, max: 6, step: 0.1, initial });

export const settings = {
  question: options({
    label: 'The network answers with',
    acts: 'page',
    segments: true,
    values: CASE_NAMES,
    labels: Object.fromEntries(CASE_NAMES.map((name) => [name, CASES[name].title])),
    initial: 'two',
  }),
  answer: options({ label: 'Target', acts: 'page', segments: true, values: ['no', 'yes'], initial: 'yes' }),
  right: options({
    label: 'Right class',
    acts: 'page',
    segments: true,
    values: ['1', '2', '3'],
    initial: '1',
  }),
  target: options({
    label: 'Target',
    acts: 'page',
    segments: true,
    values: ['sure', 'soft', 'even'],
    initial: 'soft',
  }),
  z1: raw('Raw output z', -3),
  z2: raw('Raw output z₂', 1),
  z3: raw('Raw output z₃', 0),
  y: slider({ label: 'Target y', min: -4, max: 4, step: 0.1, initial: 1 }),
};
