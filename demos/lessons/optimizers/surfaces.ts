/** The surfaces, over the square from −2 to 2, each with its height, and a start that shows how the optimizers differ. */
export const SURFACES = {
  valley: { title: 'long valley', height: '0.1 x² + 2 y²', start: [-1.7, 1.2] },
  bend: { title: 'bent valley', height: '(1 − x)² / 4 + 2 (y − x²)²', start: [-1.5, -0.5] },
  saddle: { title: 'saddle', height: 'x² − y² + y⁴ / 3', start: [-1.6, 0.02] },
  wells: { title: 'two wells', height: '(x² − 1)² + 0.4 x + y²', start: [-1.8, 1.4] },
} as const;
export type Surface = keyof typeof SURFACES;
export const RANGE = [-2, 2] as const;
export const SIDE = 65;

/** The optimizers, each with a rate that suits these surfaces, and its step: g is the slope, ⟨ ⟩ a moving mean. */
export const RACERS = {
  sgd: { title: 'SGD', rule: (rate: string) => `−${rate} g`, rate: 0.05 },
  momentum: { title: 'Momentum', rule: (rate: string) => `v = 0.9 v − ${rate} g`, rate: 0.02 },
  adagrad: { title: 'AdaGrad', rule: (rate: string) => `−${rate} g / √Σ g²`, rate: 0.3 },
  rmsprop: { title: 'RMSprop', rule: (rate: string) => `−${rate} g / √⟨g²⟩`, rate: 0.03 },
  adam: { title: 'Adam', rule: (rate: string) => `−${rate} ⟨g⟩ / √⟨g²⟩`, rate: 0.1 },
} as const;
export type Racer = keyof typeof RACERS;
export const NAMES = Object.keys(RACERS) as Racer[];
