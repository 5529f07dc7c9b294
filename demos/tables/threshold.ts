/** Logits beyond this stand at the ends of the axis. */
export const END = 10;

/** The logit of a probability: −∞ for 0, ∞ for 1. */
export const logitOf = (probability: number): number => Math.log(probability / (1 - probability));

/** The probability of a logit, with six figures of the smaller of p and 1 − p. */
export function probabilityOf(logit: number): number {
  const rare = Number((1 / (1 + Math.exp(Math.abs(logit)))).toPrecision(6));
  return logit < 0 ? rare : 1 - rare;
}

/** 50 %, 3 %, 0.1 %, 99.9 %: with as many digits as it takes to see how far from 0 and from 100 % it is. */
export function probabilityText(logit: number): string {
  if (logit <= -END) return '0 %';
  if (logit >= END) return '100 %';
  const share = 100 / (1 + Math.exp(-logit));
  const digits = Math.max(0, -Math.floor(Math.log10(Math.min(share, 100 - share))));
  return `${share.toFixed(digits)} %`;
}
