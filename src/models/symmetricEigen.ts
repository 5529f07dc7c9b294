import { NumericError } from '../errors.ts';

/** λ₀ ≥ λ₁ ≥ … and the unit eigenvectors as columns: A = V diag(λ) Vᵀ, row after row. */
export interface Eigen {
  readonly values: Float64Array;
  readonly vectors: Float64Array;
}

/** Enough by far: Jacobi's method converges quadratically after a few sweeps. */
const MAX_SWEEPS = 60;

/**
 * Eigenvalues and eigenvectors of a symmetric matrix by Jacobi's method: rotations, each of which makes one
 * off-diagonal element 0, sweep after sweep until nothing is left of them (Golub & Van Loan 2013, section 8.5).
 * O(n³) per sweep: for matrices up to a few hundred rows.
 *
 * @param matrix n × n values, row after row; the upper triangle is read
 * @throws NumericError if it holds NaN or infinities
 */
export function symmetricEigen(matrix: Float64Array, n: number): Eigen {
  const a = Float64Array.from(matrix);
  const v = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    v[i * n + i] = 1;
    for (let j = 0; j < i; j++) a[i * n + j] = a[j * n + i];
  }
  const scale = a.reduce((sum, x) => sum + x * x, 0);
  if (!Number.isFinite(scale)) {
    throw new NumericError(
      'symmetricEigen: the matrix holds NaN or infinities; look for them where it comes from',
    );
  }
  for (let sweep = 0; sweep < MAX_SWEEPS; sweep++) {
    let off = 0;
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) off += a[p * n + q] ** 2;
    if (off <= 1e-30 * scale) break;
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) rotate(a, v, n, p, q);
  }
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => a[j * n + j] - a[i * n + i]);
  const values = Float64Array.from(order, (i) => a[i * n + i]);
  const vectors = Float64Array.from({ length: n * n }, (_, at) => v[Math.floor(at / n) * n + order[at % n]]);
  return { values, vectors };
}

/** A ← Jᵀ A J and V ← V J with the rotation J in the plane (p, q) that makes A[p, q] = 0. */
function rotate(a: Float64Array, v: Float64Array, n: number, p: number, q: number): void {
  const apq = a[p * n + q];
  if (apq === 0) return;
  const theta = (a[q * n + q] - a[p * n + p]) / (2 * apq);
  // the smaller root of t² + 2θt − 1 = 0
  const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  for (let k = 0; k < n; k++) {
    const [kp, kq] = [a[k * n + p], a[k * n + q]];
    a[k * n + p] = c * kp - s * kq;
    a[k * n + q] = s * kp + c * kq;
  }
  for (let k = 0; k < n; k++) {
    const [pk, qk] = [a[p * n + k], a[q * n + k]];
    a[p * n + k] = c * pk - s * qk;
    a[q * n + k] = s * pk + c * qk;
    const [vp, vq] = [v[k * n + p], v[k * n + q]];
    v[k * n + p] = c * vp - s * vq;
    v[k * n + q] = s * vp + c * vq;
  }
}

/** The symmetric positive semidefinite S with S S = A; eigenvalues that rounding made negative count as 0. */
export function symmetricSquareRoot(matrix: Float64Array, n: number): Float64Array {
  const { values, vectors } = symmetricEigen(matrix, n);
  const root = new Float64Array(n * n);
  for (let k = 0; k < n; k++) {
    const sigma = Math.sqrt(Math.max(0, values[k]));
    for (let i = 0; i < n; i++) {
      const factor = sigma * vectors[i * n + k];
      for (let j = 0; j < n; j++) root[i * n + j] += factor * vectors[j * n + k];
    }
  }
  return root;
}
