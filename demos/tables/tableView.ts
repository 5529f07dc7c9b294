import { ops } from '../../src/index.ts';
import type { Gpu, Network, Program, Tensor } from '../../src/index.ts';
import type { TensorSource } from '../drawing/tiles.ts';
import { FEATURES, KINDS, MEASURES } from './features.ts';
import { NEURON_TEXELS, TEST_ROWS, WEIGHTS_ASPECT } from './protocol.ts';

const FIRST = 'weights';
/** Texels across the weights of a column: those of few neurons are wider. */
const ACROSS = 16;

/** What a network of dense layers makes of the test rows, as pictures and numbers. */
export interface TableView {
  readonly program: Program;
  /** [TEST_ROWS, columns]: where the rows go. */
  readonly rows: Tensor;
  /** By the names of their panels. */
  readonly sources: readonly (readonly [panel: string, source: TensorSource])[];
}

/**
 * Compiles a program with the outputs `logits` [TEST_ROWS, 1]; `layer:<i>` [TEST_ROWS, units · NEURON_TEXELS], the values of
 * each hidden layer's neurons for every row; and `weights` [FEATURES, ACROSS], those of the first layer, with a row of zeros
 * for each column that the network does not get.
 */
export async function compileTableView(
  gpu: Gpu,
  network: Network,
  columns: readonly number[],
): Promise<TableView> {
  const rows = ops.input('rows', [TEST_ROWS, columns.length]);
  const [weight] = network.variables;
  const units = weight.shape[1];
  // S W has row f of W where S has a 1, and zeros elsewhere.
  const select = new Float32Array(FEATURES * columns.length);
  columns.forEach((feature, i) => (select[feature * columns.length + i] = 1));
  const program = await gpu.compile(
    () => {
      const outputs: Record<string, Tensor> = {};
      const add = (name: string, tensor: Tensor) => {
        outputs[name] = tensor;
        outputs[`largest:${name}`] = ops.reduceMax(ops.abs(tensor));
      };
      const all = ops.matmul(ops.constant(select, [FEATURES, columns.length]), ops.read(weight));
      add(FIRST, ops.repeat(all, ACROSS / units, 1));
      let values: Tensor = rows;
      network.layers.forEach((layer, i) => {
        values = layer.call(values, { training: false });
        if (i < network.layers.length - 1) add(`layer:${i}`, ops.repeat(values, NEURON_TEXELS, 1));
      });
      outputs.logits = values;
      return outputs;
    },
    { label: 'view' },
  );
  const source = (name: string, tiling: Omit<TensorSource, 'kind' | 'values' | 'largest'>): TensorSource => ({
    kind: 'tensor',
    values: program.location(name),
    largest: program.location(`largest:${name}`),
    ...tiling,
  });
  const weights = KINDS.map((kind, i) => {
    const strides = { tileStride: ACROSS, rowStride: 0, columnStride: 1 };
    const size = { width: ACROSS, height: ACROSS * WEIGHTS_ASPECT };
    const of = { first: i * MEASURES, count: MEASURES, ...size, ...strides };
    return [`weights:${kind}`, source(FIRST, { ...of, gamma: 0.7 })] as const;
  });
  // A line for each neuron, and a place along it for each row of the table.
  const neurons = Object.keys(program.build.outputs)
    .filter((name) => name.startsWith('layer:'))
    .map((name) => {
      const height = program.build.outputs[name].shape[1];
      const strides = { tileStride: 0, rowStride: 1, columnStride: height };
      return [name, source(name, { count: 1, width: TEST_ROWS, height, ...strides, gamma: 0.7 })] as const;
    });
  return { program, rows, sources: [...weights, ...neurons] };
}
