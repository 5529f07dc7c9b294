import inputSource from '../../../shaders/normalization/gradient_input.wgsl?raw';
import sumsSource from '../../../shaders/normalization/gradient_sums.wgsl?raw';
import sumsWorkgroupSource from '../../../shaders/normalization/gradient_sums_workgroup.wgsl?raw';

export const kernels = {
  input: { name: 'normalization/gradient_input', source: inputSource },
  sums: {
    lanes: { name: 'normalization/gradient_sums', source: sumsSource },
    workgroup: { name: 'normalization/gradient_sums_workgroup', source: sumsWorkgroupSource },
  },
};
