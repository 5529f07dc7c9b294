import rowsSource from '../../../shaders/softmax/gradient_rows.wgsl?raw';
import workgroupSource from '../../../shaders/softmax/gradient_workgroup.wgsl?raw';

export const kernels = {
  rows: { name: 'softmax/gradient_rows', source: rowsSource },
  workgroup: { name: 'softmax/gradient_workgroup', source: workgroupSource },
};
