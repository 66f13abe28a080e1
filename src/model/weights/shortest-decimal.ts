/** The shortest decimal with the same float32 value: GGUF keeps 1e-5 as 0.000009999999747378752. */
export function shortest(value: unknown): unknown {
  if (typeof value !== 'number' || Number.isInteger(value)) return value;
  for (let digits = 1; digits <= 9; digits++) {
    const decimal = Number(value.toPrecision(digits));
    if (Math.fround(decimal) === Math.fround(value)) return decimal;
  }
  return value;
}
