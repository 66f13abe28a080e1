import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ExperimentResults, experimentResultsSchema } from '../../src/report/experiment-results.ts';
import { anneal } from './command-line.ts';
import { runProcess } from './processes.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'anneal-compare-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const small = [
  ...['steps=3', 'eval.tasks=16', 'sampling.groupSize=4', 'sampling.promptsPerStep=4'].flatMap((set) => [
    '--set',
    set,
  ]),
  ...['--seeds', '2', '--jobs', '2', '--sweep', 'optimizer.lr=1e-3,1e-2'],
];

const resultsOf = (out: string): ExperimentResults =>
  experimentResultsSchema.parse(JSON.parse(readFileSync(join(out, 'results.json'), 'utf8')));

/** Results without what a clock or the memory of a machine decides, and without the command. */
function digits(results: ExperimentResults): unknown {
  return JSON.parse(
    JSON.stringify({ ...results, command: '' }, (name, value) =>
      ['seconds', 'peakMemory'].includes(name) ? 0 : value,
    ),
  );
}

/** When each file of a finished job was written. */
const timesOf = (out: string, id: string): number[] =>
  ['outcome.json', 'run/metrics.jsonl', 'run/config.json'].map(
    (file) => statSync(join(out, 'jobs', id, file)).mtimeMs,
  );

describe('anneal compare, in processes of its own', () => {
  test('a kill in the middle, then --resume: no finished job runs again, and the table is that of a whole run', {
    timeout: 600_000,
  }, async () => {
    const [whole, cut] = [join(folder, 'whole'), join(folder, 'cut')];
    const compare = (out: string) => [
      'compare',
      'arithmetic',
      '--methods',
      'lora,afa-lora',
      ...small,
      '--out',
      out,
    ];

    let seen = 0;
    const killed = await runProcess(compare(cut), undefined, {}, (_, { send }) => {
      seen++;
      if (seen === 2) send('SIGKILL');
    });
    expect(killed.signal).toBe('SIGKILL');
    const jobs = readdirSync(join(cut, 'jobs'));
    const done = jobs.filter((id) => existsSync(join(cut, 'jobs', id, 'outcome.json')));
    expect(done.length).toBeGreaterThan(1);
    const before = done.map((id) => timesOf(cut, id));

    const resumed = await runProcess(['compare', cut, '--resume', '--jobs', '1']);
    expect(resumed.errors.filter((line) => /error|failed/.test(line))).toEqual([]);
    expect(resumed.code).toBe(0);
    expect(done.map((id) => timesOf(cut, id))).toEqual(before);

    const uninterrupted = await runProcess(compare(whole));
    expect(uninterrupted.code).toBe(0);
    expect(digits(resultsOf(cut))).toEqual(digits(resultsOf(whole)));
    // Methods begin as the same policy, and every merge was verified.
    const [task] = resultsOf(whole).tasks;
    expect(task!.stepZero).toEqual([
      { of: 'afa-lora', against: 'lora', maxDifference: 0, allowed: 0, tokens: expect.any(Number) },
    ]);
    expect(task!.variants.flatMap(({ runs }) => runs.map(({ verified }) => verified))).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect(uninterrupted.lines.join('\n')).toMatch(/gap closure .*: needs runs of all three methods/);
  });
});

describe('bad input ends with 2 and one line', () => {
  const cases: [string, readonly string[], RegExp][] = [
    [
      'an unknown method',
      ['compare', 'arithmetic', '--methods', 'lora,dora'],
      /no method "dora"; did you mean lora\?/,
    ],
    [
      'a field that does not exist',
      ['compare', 'arithmetic', '--sweep', 'optimizer.lrr=1,2'],
      /no field "optimizer\.lrr"; did you mean optimizer\.lr/,
    ],
    [
      'a grid with one value',
      ['compare', 'arithmetic', '--sweep', 'optimizer.lr=1e-3'],
      /one value leaves nothing to choose/,
    ],
    [
      'a value given twice',
      ['compare', 'arithmetic', '--sweep', 'optimizer.lr=1e-3,0.001'],
      /0\.001 is given twice/,
    ],
    [
      'a sweep of how much is sampled',
      ['compare', 'arithmetic', '--sweep', 'full:algorithm.numIterations=1,4'],
      /can't sweep algorithm\.numIterations/,
    ],
    [
      'a field swept twice',
      ['compare', 'arithmetic', '--sweep', 'optimizer.lr=1,2', '--sweep', 'optimizer.lr=3,4'],
      /--sweep optimizer\.lr is given twice/,
    ],
    ['another split', ['compare', 'arithmetic', '--set', 'eval.split=test'], /scored once on the test split/],
    [
      'an ablation of what is evaluated',
      ['ablate', 'arithmetic', '--over', 'eval.split=validation,test'],
      /can't vary eval\.split/,
    ],
    ['an ablation of seeds', ['ablate', 'arithmetic', '--over', 'seed=1,2'], /can't vary seed/],
    ['a method twice', ['compare', 'arithmetic', '--methods', 'lora,lora'], /variant "lora" is there twice/],
    ['a sweep of the data', ['compare', 'arithmetic', '--sweep', 'steps=10,20'], /can't sweep steps/],
    [
      'a sweep of another method',
      ['compare', 'arithmetic', '--methods', 'lora', '--sweep', 'full:optimizer.lr=1,2'],
      /full is none of the methods compared/,
    ],
    [
      'a value out of range',
      ['compare', 'arithmetic', '--sweep', 'optimizer.lr=1e-3,-1'],
      /with lr=-1: .*optimizer\.lr/,
    ],
    ['no seeds', ['compare', 'arithmetic', '--seeds', '0'], /--seeds takes a whole number of at least 1/],
    ['nothing to ablate', ['ablate', 'arithmetic'], /say what to compare/],
    ['an ablation of one value', ['ablate', 'arithmetic', '--over', 'adapter.rank=8'], /at least two/],
    [
      'an unknown experiment',
      ['ablate', 'arithmetic', '--paper', 'table-3'],
      /the paper's experiments are sanity, schedule, activation/,
    ],
    ['one recipe where two are needed', ['ablate', 'arithmetic', '--paper', 'activation'], /needs 2 recipes/],
    [
      'an ablation of a field that does not exist',
      ['ablate', 'arithmetic', '--over', 'adapter.rang=1,8'],
      /no field "adapter\.rang"/,
    ],
  ];
  test.each(cases)('%s', async (_, args, message) => {
    const out = join(folder, 'never');
    const { code, err } = await anneal([...args, '--out', out]);
    expect(err).toHaveLength(1);
    expect(err[0]).toMatch(message);
    expect(code).toBe(2);
    expect(existsSync(out)).toBe(false);
  });
});
