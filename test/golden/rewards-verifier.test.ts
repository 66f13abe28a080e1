import { afterAll, describe, expect, test } from 'vitest';
import { CheckPool, type Outcome } from '../../rewards/math/check-pool.ts';
import { defaultVerifyOptions } from '../../rewards/math/verify.ts';
import { type Json, knownFields } from './golden-files.ts';
import { missing, readRows } from './rewards-files.ts';

const FILE = 'verifier-cases.jsonl';
/** What Math-Verify parsed, and how long it took, is for people to read. */
const fields = [
  ...[
    'id',
    'source',
    'gold',
    'prediction',
    'config',
    'expected',
    'verdict',
    'maxMs',
    'note',
    'why',
    'suiteExpected',
  ],
  ...['mathVerify', 'mathVerifyMs', 'mathVerifyError', 'goldParsed', 'predParsed'],
];
const configFields = [
  'targets',
  'boxedMatchPriority',
  'precision',
  'strict',
  'allowSetRelationComp',
  'strings',
];

describe.skipIf(missing(FILE))(`verifier cases ${missing(FILE) ?? ''}`, () => {
  const pool = new CheckPool({ threads: 2, memoryMb: 256, timeMs: 2000 });
  afterAll(() => pool.close());

  test('at least 99 % of the settled cases are answered as expected, none is right that should not be, none is slow', async () => {
    // The first check waits for a worker to load.
    await pool.run([{ gold: '1', prediction: '1' }], defaultVerifyOptions);
    const results: { row: Json; outcome: Outcome; ms: number }[] = [];
    for (const row of readRows(FILE)) {
      knownFields(row, fields, row.id);
      knownFields(row.config, configFields, `${row.id}.config`);
      if (row.verdict !== 'must' && row.verdict !== 'any')
        throw new Error(`${row.id}: verdict ${row.verdict}`);
      const start = performance.now();
      const [outcome] = await pool.run([row], { ...defaultVerifyOptions, ...row.config });
      results.push({ row, outcome: outcome!, ms: performance.now() - start });
    }
    const missed = results.filter(({ row, outcome }) => (outcome === 'right') !== row.expected);
    const must = results.filter(({ row }) => row.verdict === 'must');
    const missedMust = missed.filter(({ row }) => row.verdict === 'must');
    console.log(
      [
        `${results.length} cases: ${must.length - missedMust.length}/${must.length} that must, ${results.length - missed.length} in all`,
        ...missed.map(
          ({ row, outcome }) =>
            `  ${row.verdict} ${row.id} [${row.note}] ${outcome}: gold ${show(row.gold)}, prediction ${show(row.prediction)}`,
        ),
      ].join('\n'),
    );
    expect(results.length).toBeGreaterThan(0);
    expect(missed.filter(({ outcome }) => outcome === 'right').map(({ row }) => row.id)).toEqual([]);
    expect(missedMust.length).toBeLessThanOrEqual(must.length * 0.01);
    const slow = results.filter(({ row, ms }) => row.maxMs !== undefined && ms > row.maxMs);
    expect(slow.map(({ row, ms }) => `${row.id}: ${Math.round(ms)} ms`)).toEqual([]);
  });
});

const show = (text: string) => JSON.stringify(text.length > 80 ? `…${text.slice(-80)}` : text);
