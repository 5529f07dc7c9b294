/** The surfaces, over the square from −2 to 2, each with a start that shows how the optimizers differ. */
export const SURFACES = {
  valley: { title: 'long valley', start: [-1.7, 1.2] },
  bend: { title: 'bent valley', start: [-1.5, -0.5] },
  saddle: { title: 'saddle', start: [-1.6, 0.02] },
  wells: { title: 'two wells', start: [-1.8, 1.4] },
} as const;
export type Surface = keyof typeof SURFACES;
export const RANGE = [-2, 2] as const;
export const SIDE = 65;

/** The optimizers, each with a rate that suits these surfaces. */
export const RACERS = {
  sgd: { title: 'SGD', rate: 0.05 },
  momentum: { title: 'Momentum', rate: 0.02 },
  adagrad: { title: 'AdaGrad', rate: 0.3 },
  rmsprop: { title: 'RMSprop', rate: 0.03 },
  adam: { title: 'Adam', rate: 0.1 },
} as const;
export type Racer = keyof typeof RACERS;
export const NAMES = Object.keys(RACERS) as Racer[];
