/** The standard normal's 97.5 % quantile. */
const Z = 1.959963984540054;

/**
 * The Wilson score interval (95 %) of a share of `successes` in `n`:
 *   (p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n),  p = successes/n, z = 1.96.
 * Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
 */
export function wilsonInterval(successes: number, n: number): readonly [number, number] {
  if (n === 0) return [0, 1];
  const p = successes / n;
  const centre = p + (Z * Z) / (2 * n);
  const half = Z * Math.sqrt((p * (1 - p)) / n + (Z * Z) / (4 * n * n));
  const scale = 1 + (Z * Z) / n;
  return [Math.max(0, (centre - half) / scale), Math.min(1, (centre + half) / scale)];
}
