import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { CheckPool, type Outcome } from '../../rewards/math/check-pool.ts';
import { defaultVerifyOptions } from '../../rewards/math/verify.ts';
import { fixtures, type Json, knownFields } from './golden-files.ts';

const fields = ['id', 'category', 'gold', 'prediction', 'expected', 'config'];
const configFields = [
  ...['targets', 'strings', 'lowercase', 'precision', 'strict', 'allowSetRelationComp'],
  ...['boxedMatchPriority', 'tryExtractWithoutAnchor', 'extractionMode', 'lenient', 'repairs'],
];

/** Files of answer pairs with a category each, wherever they lie below the fixtures. */
const files = readdirSync(fixtures, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.jsonl'))
  .map((name) => join(fixtures, name))
  .filter((file) => {
    const [first = '{}'] = readFileSync(file, 'utf8').split('\n', 1);
    return /"category"/.test(first) && /"prediction"/.test(first);
  })
  .sort();

/** Answers that people reported as misjudged by other verifiers. */
describe.skipIf(files.length === 0)(`reported answers below ${fixtures}`, () => {
  const pool = new CheckPool({ threads: 2, memoryMb: 256, timeMs: 2000 });
  afterAll(() => pool.close());

  test.each(files)('%s: at least 95 % as expected, none right that should not be', async (file) => {
    const rows: Json[] = readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => JSON.parse(line));
    const results: { row: Json; outcome: Outcome }[] = [];
    for (const row of rows) {
      knownFields(row, fields, row.id);
      knownFields(row.config ?? {}, configFields, `${row.id}.config`);
      if (typeof row.expected !== 'boolean') throw new Error(`${row.id}: expected ${row.expected}`);
      const [outcome] = await pool.run([row], { ...defaultVerifyOptions, ...row.config });
      results.push({ row, outcome: outcome! });
    }
    const missed = results.filter(({ row, outcome }) => (outcome === 'right') !== row.expected);
    const share = (category: string) => {
      const all = results.filter(({ row }) => row.category === category);
      return `  ${category}: ${all.filter((result) => !missed.includes(result)).length}/${all.length}`;
    };
    const lines = [...new Set(rows.map((row) => row.category))].map(share);
    console.log([`${file}: ${rows.length - missed.length}/${rows.length}`, ...lines].join('\n'));
    const shown = missed.map(({ row, outcome }) => `${row.id} ${outcome}: ${row.gold} | ${row.prediction}`);
    expect(rows.length).toBeGreaterThan(0);
    expect(shown.filter((_, i) => !missed[i]!.row.expected)).toEqual([]);
    expect(missed.length, shown.join('\n')).toBeLessThanOrEqual(rows.length * 0.05);
  });
});
