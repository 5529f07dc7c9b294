import { serve } from '../common/serve.ts';
import { create } from './kernels.ts';

serve(create);
