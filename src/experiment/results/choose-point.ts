import { mean } from 'simple-statistics';

/**
 * The point of a grid with the highest mean over seeds; the first of equals. Undefined where a value is missing: a
 * choice among some of the points would not be the one that was planned; and where all are −∞.
 */
export function choosePoint(tried: readonly (readonly (number | undefined)[])[]): number | undefined {
  const means = tried.map((values) =>
    values.every((value) => value !== undefined) ? mean([...values] as number[]) : undefined,
  );
  if (
    means.some((value) => value === undefined) ||
    means.every((value) => value === Number.NEGATIVE_INFINITY)
  )
    return undefined;
  return means.reduce<number>((best, value, i) => (value! > means[best]! ? i : best), 0);
}
