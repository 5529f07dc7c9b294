import './flow.css';

/**
 * Shows where in a step a network is. Boxes with `data-stage` are lit at their stage; those with `data-network` glow when
 * they learn; an element with the class `caption` gets the words. Without words, nothing is shown any more.
 */
export function showStage(
  flow: HTMLElement,
  stage: string | undefined,
  words: string,
  learns: (network: string) => boolean,
): void {
  for (const element of flow.querySelectorAll<HTMLElement>('[data-stage]')) {
    const { stage: own, network } = element.dataset;
    element.classList.toggle('lit', own === stage);
    element.classList.toggle('learning', network !== undefined && learns(network));
  }
  flow.classList.toggle('slow', stage !== undefined);
  flow.querySelector('.caption')!.textContent = words;
}
