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

/** An optimizer. In its formulas g is the slope, ⟨ ⟩ a moving mean, t the number of the step. */
export interface RacerRule {
  readonly title: string;
  /** Suits these surfaces. */
  readonly rate: number;
  /** Its step, at a rate. */
  readonly rule: (rate: string) => string;
  /** What it keeps of earlier slopes, in the order of the slots of its update. */
  readonly keeps?: readonly ((rate: string) => string)[];
  /** How its moving means follow from what it keeps, which begins at 0 and is too small at first. */
  readonly corrected?: readonly string[];
  /** The step as it follows from what it keeps, where the rule says that less exactly. */
  readonly step?: (rate: string) => string;
}

const velocity = (rate: string) => `v = 0.9 v − ${rate} g`;

export const RACERS = {
  sgd: { title: 'SGD', rate: 0.05, rule: (rate: string) => `−${rate} g` },
  momentum: { title: 'Momentum', rate: 0.02, rule: velocity, keeps: [velocity], step: () => 'v' },
  adagrad: {
    title: 'AdaGrad',
    rate: 0.3,
    rule: (rate: string) => `−${rate} g / √Σ g²`,
    keeps: [() => 'Σ g²'],
    step: (rate) => `−${rate} g / √(0.1\u00A0+\u00A0Σ\u00A0g²)`,
  },
  rmsprop: {
    title: 'RMSprop',
    rate: 0.03,
    rule: (rate: string) => `−${rate} g / √⟨g²⟩`,
    keeps: [() => '⟨g²⟩ = 0.9 ⟨g²⟩ + 0.1 g²'],
  },
  adam: {
    title: 'Adam',
    rate: 0.1,
    rule: (rate: string) => `−${rate} ⟨g⟩ / √⟨g²⟩`,
    keeps: [() => 'm = 0.9 m + 0.1 g', () => 's = 0.999 s + 0.001 g²'],
    corrected: ['⟨g⟩ = m / (1 − 0.9ᵗ)', '⟨g²⟩ = s / (1 − 0.999ᵗ)'],
  },
} as const satisfies Record<string, RacerRule>;
export type Racer = keyof typeof RACERS;
export const NAMES = Object.keys(RACERS) as Racer[];
