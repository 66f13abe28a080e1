import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';

/** Where recorded cases lie. */
export const folder = join(process.env.FIXTURES ?? 'test/fixtures', 'algorithms');

// biome-ignore lint/suspicious/noExplicitAny: recorded JSON, checked key by key below
export type Json = any;

export interface GoldenCase {
  readonly name: string;
  readonly batch: string | null;
  readonly config: Readonly<Record<string, Json>>;
  readonly inputs: Readonly<Record<string, Json>>;
  readonly expected: Readonly<Record<string, Json>>;
}

/** Reads a file of cases; string values of inputs that name a field of the case's batch are replaced by it. */
export function readCases(file: string): {
  cases: GoldenCase[];
  batches: Record<string, Record<string, Json>>;
} {
  const parsed = JSON.parse(readFileSync(join(folder, file), 'utf8'));
  const batches = parsed.batches ?? {};
  const cases = parsed.cases.map((given: GoldenCase) => ({
    ...given,
    inputs: Object.fromEntries(
      Object.entries(given.inputs ?? {}).map(([key, value]) => [
        key,
        typeof value === 'string'
          ? (batches[given.batch ?? '']?.[value] ?? parsed[key]?.[value] ?? value)
          : value,
      ]),
    ),
  }));
  return { cases, batches };
}

/** Fails on a field that the test would otherwise silently ignore. */
export function onlyKeys(object: object, known: readonly string[], where: string): void {
  const unknown = Object.keys(object).filter((key) => !known.includes(key));
  if (unknown.length > 0)
    throw new Error(`${where}: fields this test does not understand: ${unknown.join(', ')}`);
}

/** null is NaN (or no reward), "Infinity" and "-Infinity" are strings. */
export function num(value: Json): number {
  if (value === null) return Number.NaN;
  return typeof value === 'string' || typeof value === 'boolean' ? Number(value) : value;
}

export function flat(value: Json): number[] {
  return Array.isArray(value) ? value.flatMap(flat) : [num(value)];
}

export interface Tolerance {
  readonly rtol?: number;
  readonly atol?: number;
}

/** Element-wise |actual − expected| ≤ atol + rtol·|expected|; NaN and infinities must be equal. */
export function expectClose(
  actual: Json,
  expected: Json,
  where: string,
  { rtol = 1e-4, atol = 1e-6 }: Tolerance = {},
) {
  const [got, want] = [
    flat(ArrayBuffer.isView(actual) ? Array.from(actual as never) : plain(actual)),
    flat(expected),
  ];
  expect(got.length, `${where}: count of values`).toBe(want.length);
  for (let i = 0; i < want.length; i++) {
    const [g, w] = [got[i]!, want[i]!];
    const same = Object.is(g, w) || g === w || (Number.isNaN(g) && Number.isNaN(w));
    if (!same && !(Math.abs(g - w) <= atol + rtol * Math.abs(w))) {
      expect.fail(`${where}[${i}]: got ${g}, expected ${w}`);
    }
  }
}

function plain(value: Json): Json {
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<number>);
  return Array.isArray(value) ? value.map(plain) : value;
}
