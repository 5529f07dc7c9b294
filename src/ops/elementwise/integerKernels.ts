import source from '../../../shaders/elementwise/integers.wgsl?raw';

export const kernel = { name: 'elementwise/integers', source };
