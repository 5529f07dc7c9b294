import type { MnistSet } from '../../src/data/mnistFiles.ts';
import type { Gpu } from '../../src/index.ts';
import type { TrainedRecord } from '../frame/trainedRecord.ts';
import type { ChartPlan, PictureWords, Recorder } from './recorder.ts';

/** Of a classifier: losses and accuracies of training and test data. */
export const CLASSIFIER_CHARTS: readonly ChartPlan[] = [
  {
    title: 'Loss',
    scale: 'log',
    series: {
      loss: { name: 'training', colour: '--training' },
      testLoss: { name: 'test', colour: '--test' },
    },
  },
  {
    title: 'Accuracy',
    scale: 'linear',
    percent: true,
    series: {
      accuracy: { name: 'training', colour: '--training' },
      testAccuracy: { name: 'test', colour: '--test' },
    },
  },
];

/** The training of the network that a page shows when it opens. */
export interface SiteTraining extends Pick<TrainedRecord, 'model' | 'steps' | 'batchSize' | 'samples'> {
  /** Of the page's files in its folder `trained`. */
  readonly name: string;
  /** What it is trained on; default: MNIST. */
  readonly data?: string;
  readonly charts: readonly ChartPlan[];
  /** What the pictures of the recording show. */
  readonly pictures: PictureWords;
  start(gpu: Gpu, data: MnistSet): Promise<StartedTraining>;
}

export interface StartedTraining {
  run(recorder: Recorder): Promise<void>;
  save(): Promise<Uint8Array>;
  /** What the network reaches with these weights. */
  score(weights: Uint8Array): Promise<TrainedRecord['scores']>;
  destroy(): void;
}
