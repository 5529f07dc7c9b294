import { EnvironmentError } from '../errors.ts';

/**
 * The SHA-256 of some bytes, in hexadecimal.
 *
 * @throws EnvironmentError where the platform does not offer it: on pages that are not secure, where WebGPU is missing too
 */
export async function sha256(bytes: Uint8Array): Promise<string> {
  if (!globalThis.crypto?.subtle) {
    throw new EnvironmentError(
      'No crypto.subtle, which verifies downloads. Serve the page over https or from localhost.',
    );
  }
  const digest = await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
