import { rocCurve } from '../../src/models/rocCurve.ts';
import type { RocCurve } from '../../src/models/rocCurve.ts';
import type { LivePage } from '../frame/page/page.ts';
import { byId, count } from '../shared/dom.ts';
import { createImageRows, heading } from '../widgets/imageRows.ts';
import { createFeatureGrid } from './featureGrid.ts';
import { NEURON_TEXELS, TEST_ROWS } from './protocol.ts';
import type { Calls, Tells } from './protocol.ts';
import { createRoc } from './roc.ts';
import { createScores } from './scores.ts';
import type { settings } from './settings.ts';
import { logitOf } from './threshold.ts';
import { countsAt, createVerdicts, verdictText } from './verdicts.ts';

/** What the test rows' scores say at the threshold, and what the network makes of its columns. */
export function createFigures(page: LivePage<typeof settings, Calls>) {
  let labels: Float32Array | undefined;
  let logits: Float32Array | undefined;
  let curve: RocCurve | undefined;
  const choose = (threshold: number) => page.set({ threshold });
  const scores = createScores(choose);
  const roc = createRoc(byId('roc'), choose);
  const showVerdicts = createVerdicts();
  const showFeatures = createFeatureGrid(byId('features'), page);

  function show(): void {
    const threshold = logitOf(page.values.threshold);
    if (!labels || !logits || !curve) return scores.place(threshold);
    const counts = countsAt(threshold, labels, logits);
    const words = verdictText(counts);
    showVerdicts(counts);
    scores.show(labels, logits, threshold, words);
    roc.show(curve, counts, words);
  }

  show();
  return {
    labels(own: Tells['labels']): void {
      labels = own;
      logits = undefined; // those of other rows
      const malignant = own.reduce((sum, label) => sum + label, 0);
      byId('row-count').textContent = count(own.length);
      byId('benign-part').style.flexGrow = String(own.length - malignant);
      byId('malignant-part').style.flexGrow = String(malignant);
    },
    logits(own: Tells['logits']): void {
      if (!labels) return;
      logits = own;
      curve = rocCurve(labels, own);
      byId('stat-area').textContent = curve.area.toFixed(4);
      show();
    },
    changed(names: readonly string[]): void {
      if (names.includes('threshold')) show();
      if (names.includes('features')) showFeatures();
    },
    /** Another network has other neurons. */
    model({ layers, parameters }: Tells['model']): void {
      byId('weight-count').textContent = count(parameters);
      byId('neuron-part').hidden = layers.length === 0;
      const { row } = createImageRows((name, canvas, plan) =>
        page.handOver(name, canvas, plan, { ofNetwork: true }),
      );
      byId('neurons').replaceChildren(
        ...layers.map((units, i) =>
          row(heading(`layer ${i + 1}`, `${units} neurons`), {
            panel: `layer:${i}`,
            label: `The value of each neuron of layer ${i + 1} for each test row: a line for each neuron, benign rows on the left`,
            count: 1,
            aspect: () => (units * NEURON_TEXELS) / TEST_ROWS,
          }),
        ),
      );
    },
  };
}
