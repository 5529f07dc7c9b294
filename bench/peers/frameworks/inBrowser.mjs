// The peers in a page: their packages as the bundler finds them. Where they are not installed it gives an empty module.
import { dependencies } from '../package.json';
import { jaxContestant } from './jax.mjs';
import { tfjsContestant } from './tfjs.mjs';

export async function openTfjs() {
  const tf = await import('@tensorflow/tfjs');
  if (!tf.tensor) return undefined;
  await import('@tensorflow/tfjs-backend-webgpu');
  await tf.setBackend('webgpu');
  await tf.ready();
  return tfjsContestant(tf);
}

export async function openJax() {
  const jax = await import('@jax-js/jax');
  if (!jax.init) return undefined;
  await jax.init('webgpu');
  jax.defaultDevice('webgpu');
  return jaxContestant(jax, dependencies['@jax-js/jax']);
}
