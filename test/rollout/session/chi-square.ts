/** P(χ² ≥ x) for so many degrees of freedom, by Wilson and Hilferty's cube root (within 1 % here of the exact tail). */
export function chiSquareTail(x: number, degrees: number): number {
  const share = 2 / (9 * degrees);
  const z = (Math.cbrt(x / degrees) - (1 - share)) / Math.sqrt(share);
  return normalTail(z);
}

/** P(Z ≥ z) of the standard normal, by Abramowitz and Stegun 26.2.17. */
function normalTail(z: number): number {
  if (z < 0) return 1 - normalTail(-z);
  const t = 1 / (1 + 0.2316419 * z);
  const terms = [0.31938153, -0.356563782, 1.781477937, -1.821255978, 1.330274429];
  const sum = terms.reduceRight((rest, term) => (rest + term) * t, 0);
  return (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * sum;
}
