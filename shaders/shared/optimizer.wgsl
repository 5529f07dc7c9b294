// What several optimizers need. Library: no bindings, no entry point.

// 1 - b^t for 0 < b < 1, given ln b: the bias correction of moving averages that start at 0.
// 1 - pow(b, t) would lose three digits for b = 0.999 and small t, so below 0.5 the series of e^y - 1,
// y = t ln b, is used: nine terms, truncated at 1e-9.
fn one_minus_power(log_base: f32, t: f32) -> f32 {
  let y = t * log_base;
  if (y < -0.5) {
    return 1.0 - exp(max(y, -80.0));
  }
  let tail = 1.0 + y / 7.0 * (1.0 + y / 8.0 * (1.0 + y / 9.0));
  return -y * (1.0 + y / 2.0 * (1.0 + y / 3.0 * (1.0 + y / 4.0 * (1.0 + y / 5.0 * (1.0 + y / 6.0 * tail)))));
}
