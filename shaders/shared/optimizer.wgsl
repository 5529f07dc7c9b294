// What several optimizers need. Library: no bindings, no entry point.

// 1 - b^t for 0 < b < 1, given ln b: the bias correction of moving averages that start at 0.
// 1 - pow(b, t) would lose three digits for b = 0.999 and small t. So while y = t ln b is small, it is
// the series -(e^y - 1) = -(y + y²/2! + … + y⁸/8!), which is exact to f32 above y = -0.5.
fn one_minus_power(log_base: f32, t: f32) -> f32 {
  let y = t * log_base;
  let tail = 0.041666667 + y * (0.0083333333 + y * (0.0013888889 + y * (0.00019841270 + y * 0.000024801587)));
  let series = -y * (1.0 + y * (0.5 + y * (0.16666667 + y * tail)));
  return select(1.0 - exp(max(y, -80.0)), series, y > -0.5);
}
