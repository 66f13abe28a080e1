import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InputError } from '../../src/errors.ts';
import { jobAt } from '../../src/experiment/plan/jobs.ts';
import type { Plan } from '../../src/experiment/plan/plan.ts';
import { experimentResultsSchema } from '../../src/report/experiment-results.ts';
import { type JobFacts, madeUpJobs, methods, planOf, readJsonFile, runMadeUp } from './made-up-jobs.ts';

let folder: string;
let plan: Plan;
let count = 0;
const fresh = () => join(folder, `out-${count++}`);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'anneal-experiment-'));
  plan = await planOf();
});
afterAll(() => rmSync(folder, { recursive: true }));

/** lora is best at the low rate, the others at the high one; full is ahead, and seeds differ a little. */
function accuracy({ method, lr, seed }: JobFacts, split: 'validation' | 'test'): number {
  const best = method === 'lora' ? lr === 0.001 : lr === 0.01;
  const level = { lora: 0.5, 'afa-lora': 0.6, full: 0.9 }[method]!;
  return split === 'validation' ? (best ? 0.8 : 0.2) : level + (seed === 2 ? 0.01 : 0);
}

test('each method’s winner on the validation tasks runs on all seeds, and alone is scored', async () => {
  const started: string[] = [];
  const out = fresh();
  const results = await runMadeUp(structuredClone(plan), { out, startJob: madeUpJobs(accuracy, started) });
  const [task] = results.tasks;
  expect(
    task!.variants.map(({ name, chosen, runs }) => [name, chosen, runs.map(({ seed }) => seed)]),
  ).toEqual([
    ['lora', { 'optimizer.lr': 0.001 }, [1, 2, 3]],
    ['afa-lora', { 'optimizer.lr': 0.01 }, [1, 2, 3]],
    ['full', { 'optimizer.lr': 0.01 }, [1, 2, 3]],
  ]);
  // 6 trials, then the winners: the first seed is trained already and only scored.
  expect(started.filter((what) => !what.includes('scored'))).toHaveLength(6);
  expect(started.filter((what) => what.includes('scored'))).toHaveLength(9);
  expect(started.filter((what) => what.includes('lora, lr=0.01, seed 1, scored'))).toEqual([
    'arithmetic: afa-lora, lr=0.01, seed 1, scored',
  ]);
  expect(task!.gapClosure!.value).toBeCloseTo(0.25, 10);
  expect(results.missing).toEqual([]);
  expect(experimentResultsSchema.parse(readJsonFile(join(out, 'results.json')))).toEqual(results);
});

test('a plan sets validation tasks aside, fixes threads and differs between methods in nothing else', () => {
  const configs = plan.tasks[0]!.variants.map(({ points }) => points[0]!.config.recipe);
  for (const config of configs) {
    expect(config).toMatchObject({
      eval: { split: 'validation', validationShare: 0.1 },
      runtime: { threads: 1 },
    });
    expect({ ...config, method: 'any' }).toEqual({ ...configs[0], method: 'any' });
  }
});

test('runs that begin alike begin with the same bits, but for rounding where one merges a starting adapter', async () => {
  const allowed = async (overrides: readonly string[]) => {
    const made = await planOf({ overrides: ['steps=4', ...overrides] });
    const results = await runMadeUp(made, { out: fresh(), startJob: madeUpJobs(accuracy) });
    return results.tasks[0]!.stepZero.map(({ of, allowed: most }) => [of, most]);
  };
  expect(await allowed([])).toEqual([
    ['afa-lora', 0],
    ['full', 1e-5],
  ]);
  // The first variant is lora, which computes the adapter beside the weights.
  expect(await allowed([`adapter.init=${join(folder, 'adapter')}`])).toEqual([
    ['afa-lora', 1e-3],
    ['full', 1e-3],
  ]);
});

describe('a row that is not what the plan says', () => {
  test('is rejected and named: one method given another’s rate', async () => {
    const out = fresh();
    const startJob = madeUpJobs(accuracy);
    await runMadeUp(structuredClone(plan), { out, startJob });
    const [task] = plan.tasks;
    const [lora] = task!.variants;
    const [low, high] = [0, 1].map((point) => jobAt({ task: task!, variant: lora!, point, seed: 2 }));
    const victim = join(out, 'jobs', low!.id);
    // The run of the folder was made with the other rate.
    const config = readJsonFile(join(victim, 'run', 'config.json'));
    writeFileSync(
      join(victim, 'run', 'config.json'),
      JSON.stringify({ ...config, recipe: high!.config.recipe }),
    );
    const { rejected, tasks } = await runMadeUp(plan, { out, startJob, resume: true });
    expect(rejected).toEqual([
      {
        job: low!.id,
        what: 'arithmetic: lora, lr=0.001, seed 2',
        why: 'its run was made with another recipe: optimizer.lr is 0.01, planned 0.001',
      },
    ]);
    expect(tasks[0]!.variants[0]!.runs.map(({ seed }) => seed)).toEqual([1, 3]);
  });

  test('is rejected when a whole folder was put in another’s place, or a measurement is another’s', async () => {
    const out = fresh();
    const startJob = madeUpJobs(accuracy);
    await runMadeUp(structuredClone(plan), { out, startJob });
    const [lora, afa] = plan.tasks[0]!.variants;
    const place = (variant: typeof lora, seed: number) =>
      join(
        out,
        'jobs',
        jobAt({ task: plan.tasks[0]!, variant: variant!, point: variant === lora ? 0 : 1, seed }).id,
      );
    rmSync(place(lora, 3), { recursive: true });
    cpSync(place(afa, 3), place(lora, 3), { recursive: true });
    cpSync(join(place(afa, 3), 'outcome.json'), join(place(afa, 2), 'outcome.json'));
    const { rejected } = await runMadeUp(plan, { out, startJob, resume: true });
    expect(rejected.map(({ why }) => why).sort()).toEqual([
      'method is "afa-lora", planned "lora"; optimizer.lr is 0.01, planned 0.001',
      'outcome.json was measured on another config',
    ]);
  });
});

test('--resume runs only what is missing, and gives the same table', async () => {
  const [whole, cut] = [fresh(), fresh()];
  const expected = await runMadeUp(structuredClone(plan), { out: whole, startJob: madeUpJobs(accuracy) });
  const stop = new AbortController();
  const first: string[] = [];
  const real = madeUpJobs(accuracy, first);
  const stopping: typeof real = async (...job) => {
    if (first.length === 4) stop.abort();
    return stop.signal.aborted ? 'stopped' : real(...job);
  };
  const half = await runMadeUp(structuredClone(plan), { out: cut, startJob: stopping, signal: stop.signal });
  expect(half.missing.length).toBeGreaterThan(0);
  const second: string[] = [];
  const results = await runMadeUp(plan, { out: cut, startJob: madeUpJobs(accuracy, second), resume: true });
  expect(first.filter((job) => second.includes(job))).toEqual([]);
  expect(results).toEqual(expected);
});

test('a job that fails does not stop the others; the table says what is missing', async () => {
  const made = madeUpJobs(accuracy);
  const startJob: typeof made = async (path, job, options) => {
    if (!job.what.includes('full, lr=0.01')) return made(path, job, options);
    writeFileSync(join(path, 'state.json'), JSON.stringify({ state: 'failed', error: 'out of memory' }));
    return 'failed';
  };
  const { missing, tasks } = await runMadeUp(structuredClone(plan), { out: fresh(), startJob });
  expect(missing).toEqual([
    {
      job: expect.stringMatching(/^arithmetic_full_0\.01_s1_/),
      what: 'arithmetic: full, lr=0.01, seed 1',
      why: 'failed: out of memory',
    },
  ]);
  // Without its grid full has no winner; the other two are compared all the same.
  expect(tasks[0]!.variants[2]!.chosen).toBeNull();
  expect(tasks[0]!.differences.map(({ of, minus }) => [of, minus])).toEqual([['afa-lora', 'lora']]);
  expect(tasks[0]!.gapClosure).toBeNull();
});

test('a rate that diverges is never chosen, is not run again, and does not cost the method its winner', async () => {
  const started: string[] = [];
  const made = madeUpJobs(accuracy, started);
  const startJob: typeof made = async (path, job, options) => {
    if (!job.what.includes('lr=0.01')) return made(path, job, options);
    started.push(job.what);
    const state = { state: 'failed', error: 'loss or gradient was not finite', diverged: true };
    writeFileSync(join(path, 'state.json'), JSON.stringify(state));
    return 'failed';
  };
  const out = fresh();
  const { missing, tasks } = await runMadeUp(structuredClone(plan), { out, startJob });
  expect(tasks[0]!.variants.map(({ chosen }) => chosen)).toEqual(Array(3).fill({ 'optimizer.lr': 0.001 }));
  expect(missing.map(({ diverged, why }) => [diverged, why])).toEqual(
    Array(3).fill([true, 'loss or gradient was not finite']),
  );
  const before = started.length;
  await runMadeUp(plan, { out, startJob, resume: true });
  expect(started).toHaveLength(before);
});

test('a grid is not widened past what a recipe takes', async () => {
  const grid = { 'adapter.schedule.fraction': [0.6, 1] };
  const variants = [{ name: 'afa-lora', settings: { method: 'afa-lora' }, grid }];
  const high = await planOf({ tasks: [{ recipe: 'arithmetic', variants }], extendSweep: true });
  const rises = ({ fraction }: JobFacts) => fraction / 2;
  const { tasks } = await runMadeUp(high, { out: fresh(), startJob: madeUpJobs(rises) });
  expect(tasks[0]!.variants[0]).toMatchObject({
    chosen: { 'adapter.schedule.fraction': 1 },
    edges: [{ field: 'adapter.schedule.fraction', end: 'highest' }],
  });
});

test('a recipe or a variant that is there twice is refused, and so is a change of what is evaluated', async () => {
  const twice = [1, 2].map(() => ({ recipe: 'arithmetic', variants: methods }));
  await expect(planOf({ tasks: twice })).rejects.toThrow(/recipe "arithmetic" is there twice/);
  const alike = [{ recipe: 'arithmetic', variants: [methods[0]!, methods[0]!] }];
  await expect(planOf({ tasks: alike })).rejects.toThrow(/variant "lora" is there twice/);
  await expect(planOf({ overrides: ['eval.split="test"'] })).rejects.toThrow(
    /evaluated on the validation tasks/,
  );
});

test('a winner at the edge of its grid is named, and extendSweep widens the grid until it is inside', async () => {
  const rises = ({ lr }: JobFacts) => (lr <= 0.1 ? lr : 0);
  const variants = [methods[0]!];
  const narrow = await planOf({ tasks: [{ recipe: 'arithmetic', variants }], seeds: 2 });
  const edge = await runMadeUp(structuredClone(narrow), { out: fresh(), startJob: madeUpJobs(rises) });
  expect(edge.tasks[0]!.variants[0]!.edges).toEqual([{ field: 'optimizer.lr', end: 'highest' }]);
  const out = fresh();
  const notes: string[] = [];
  const options = {
    out,
    startJob: madeUpJobs(rises),
    onNote: (text: string) => notes.push(text),
  };
  const [found] = (await runMadeUp({ ...structuredClone(narrow), extendSweep: true }, options)).tasks;
  expect(found!.variants[0]!.grid.map(({ settings }) => settings['optimizer.lr'])).toEqual([
    0.001, 0.01, 0.1, 1,
  ]);
  expect(found!.variants[0]).toMatchObject({ chosen: { 'optimizer.lr': 0.1 }, edges: [] });
  expect(notes).toHaveLength(2);
  // The widened grid is in plan.json: going on with the first plan runs nothing again.
  const again: string[] = [];
  await runMadeUp(narrow, { ...options, startJob: madeUpJobs(rises, again), resume: true });
  expect(again).toEqual([]);
});

test('no job is begun after the budget of minutes', async () => {
  const started: string[] = [];
  const results = await runMadeUp(structuredClone(plan), {
    out: fresh(),
    startJob: madeUpJobs(accuracy, started),
    minutes: -1,
  });
  expect(started).toEqual([]);
  expect(results.missing).toHaveLength(6);
  expect(results.missing[0]!.why).toBe('not run yet');
});

describe('a folder', () => {
  test('of another plan is refused, and what differs is named', async () => {
    const out = fresh();
    const startJob = madeUpJobs(accuracy);
    await runMadeUp(structuredClone(plan), { out, startJob });
    const resume = (other: Plan) => runMadeUp(other, { out, startJob, resume: true });
    await expect(resume(await planOf({ seeds: 2 }))).rejects.toThrow(
      /another plan: seeds: 1, 2, 3 there, 1, 2 now/,
    );
    await expect(resume(await planOf({ overrides: ['steps=5'] }))).rejects.toThrow(
      /lora: steps is 5, planned 4/,
    );
    await expect(runMadeUp(plan, { out, startJob })).rejects.toThrow(InputError);
  });

  test('that holds something else is not written to', async () => {
    const out = mkdtempSync(join(folder, 'other-'));
    writeFileSync(join(out, 'thesis.txt'), 'mine');
    await expect(runMadeUp(plan, { out, startJob: madeUpJobs(accuracy) })).rejects.toThrow(/is not empty/);
    await expect(
      runMadeUp(plan, { out: fresh(), startJob: madeUpJobs(accuracy), resume: true }),
    ).rejects.toThrow(/holds no comparison/);
    expect(readdirSync(out)).toContain('thesis.txt');
  });
});
