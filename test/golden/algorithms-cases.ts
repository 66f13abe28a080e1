import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

/** Where recorded cases lie. */
export const folder = join(process.env.FIXTURES ?? 'test/fixtures', 'algorithms');

// biome-ignore lint/suspicious/noExplicitAny: recorded JSON, checked key by key below
export type Json = any;

export interface GoldenCase {
  readonly name: string;
  readonly config: Readonly<Record<string, Json>>;
  readonly inputs: Readonly<Record<string, Json>>;
  readonly expected: Readonly<Record<string, Json>>;
  /** Arrays that the cases of one batch share. */
  readonly shared: Readonly<Record<string, Json>>;
  /** All cases of the same file, by name. */
  readonly siblings: ReadonlyMap<string, GoldenCase>;
}

/** Names of the files whose cases have the form that `stem` stands for: the file of that name and its variants. */
export function filesOf(stem: string): string[] {
  return readdirSync(folder).filter((file) => file.startsWith(stem) && file.endsWith('.json'));
}

/** A test for every case of every file of that form; says so when there is none. */
export function goldenSuite(stem: string, check: (given: GoldenCase) => void): void {
  describe(stem, () => {
    const files = filesOf(stem);
    if (files.length === 0) test.skip(`no ${stem}*.json in ${folder}`, () => {});
    for (const file of files) {
      for (const given of readCases(file)) test(`${file} ${given.name}`, () => check(given));
    }
  });
}

/** Reads a file of cases; string values of inputs that name a field of the case's batch are replaced by it. */
export function readCases(file: string): GoldenCase[] {
  const parsed = JSON.parse(readFileSync(join(folder, file), 'utf8'));
  const siblings = new Map<string, GoldenCase>();
  for (const raw of parsed.cases) {
    onlyKeys(raw, ['name', 'batch', 'config', 'inputs', 'expected'], `${file} ${raw.name}`);
    const shared = parsed.batches?.[raw.batch ?? ''] ?? {};
    const named = (key: string, value: string) => shared[value] ?? parsed[key]?.[value] ?? value;
    const inputs = Object.fromEntries(
      Object.entries(raw.inputs ?? {}).map(([key, value]) => [
        key,
        typeof value === 'string' ? named(key, value) : value,
      ]),
    );
    siblings.set(raw.name, { ...raw, inputs, shared, siblings });
  }
  return [...siblings.values()];
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
