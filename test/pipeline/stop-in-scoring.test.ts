import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { trainWith } from '../../src/pipeline/train.ts';
import { latestCheckpoint } from '../../src/run/checkpoint/list-checkpoints.ts';
import type { RewardBatch, TrainEvent } from '../../src/types.ts';
import { Bandit, banditRecipe, right, sevens } from './bandit.ts';
import { lines, runBandit, temporaryFolder } from './run.ts';

type Overrides = NonNullable<Parameters<typeof banditRecipe>[0]>;
type Scores = readonly number[] | Promise<readonly number[]>;

/** Scores a batch of the step at which the run is to stop; its calls are counted from 0. */
type ScoreAndStop = (batch: RewardBatch, stop: AbortController, call: number) => Scores;

const files = ['metrics.jsonl', 'rollouts.jsonl', 'evals.jsonl'];

/** Works until it is told to stop, and ends with the signal's reason. */
const untilStopped = ({ signal }: RewardBatch) =>
  new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
  });

/** Stops the run in the call of this number, and heeds its signal. */
const stopInCall =
  (number: number): ScoreAndStop =>
  (batch, stop, call) => {
    if (call < number) return right(batch);
    const scores = untilStopped(batch);
    stop.abort(new Error('enough'));
    return scores;
  };

/** Only the batches of training are scored by `score`; no checkpoint is due before the last step. */
function recipeWith(overrides: Overrides, score: (batch: RewardBatch) => Scores = right) {
  const graded = (batch: RewardBatch) =>
    batch.tasks[0]!.id.startsWith('train') ? score(batch) : right(batch);
  return banditRecipe({
    ...overrides,
    rewards: [{ reward: graded }],
    eval: { every: 0, tasks: 3 },
    checkpoint: { every: 0 },
  });
}

/** A run that was stopped while the batch of step `at` was scored. */
async function stoppedRun(overrides: Overrides, { score, at }: { score: ScoreAndStop; at: number }) {
  const out = join(await temporaryFolder(), 'run');
  const stop = new AbortController();
  let calls = 0;
  const recipe = recipeWith(overrides, (batch) =>
    batch.step === at ? score(batch, stop, calls++) : right(batch),
  );
  const { events, bandit } = await runBandit(recipe, { out, signal: stop.signal });
  return { out, events, bandit };
}

/** Stops a run while the batch of a step is scored, goes on with it, and compares with a run that was left alone. */
async function stopAndResume(overrides: Overrides, score: ScoreAndStop, at = 6): Promise<void> {
  const { out, events, bandit } = await stoppedRun(overrides, { score, at });
  // The checkpoint is that of before the batch: none of its steps was taken.
  const path = join(out, 'checkpoints', `step-${String(at).padStart(6, '0')}`);
  expect(events.slice(-2)).toEqual([
    { type: 'checkpoint', step: at, path },
    { type: 'stopped', step: at, checkpoint: path },
  ]);
  expect((await latestCheckpoint(join(out, 'checkpoints')))?.path).toBe(path);
  expect([bandit.version, bandit.updates.length, bandit.disposed]).toEqual([at, at, true]);
  expect((await lines(out, 'metrics.jsonl')).map(({ step }) => step)).toEqual([...Array(at).keys()]);

  const resumed = await runBandit(recipeWith(overrides), { out, resume: true });
  expect(resumed.events[0]).toMatchObject({ type: 'start', startStep: at });
  const wholeOut = join(await temporaryFolder(), 'run');
  const whole = await runBandit(recipeWith(overrides), { out: wholeOut });
  expect(resumed.events.at(-1)).toEqual({ ...whole.events.at(-1), merged: join(out, 'merged') });
  expect(resumed.bandit.state()).toEqual(whole.bandit.state());
  for (const file of files) expect(await lines(out, file)).toEqual(await lines(wholeOut, file));
}

describe('a run that is stopped while a batch is scored ends before it, and goes on as if it had not been', () => {
  const settings: [name: string, overrides: Overrides, call: number][] = [
    ['on policy', {}, 0],
    ['with 3 iterations', { algorithm: { numIterations: 3 } }, 0],
    [
      'with dynamic sampling, in the second try',
      {
        // With this seed the batch of step 6 has a flat group.
        seed: 1,
        algorithm: { dynamicSampling: { maxTries: 3 } },
        sampling: { groupSize: 2, promptsPerStep: 4 },
      },
      1,
    ],
    [
      'with greedy baselines, while those are scored',
      { algorithm: { advantage: { estimator: 'remax' } } },
      1,
    ],
    [
      'with a KL penalty in the rewards that adapts',
      {
        algorithm: {
          klCoef: 0.1,
          klIn: 'reward',
          klControl: { type: 'adaptive', target: 0.001, horizon: 100 },
        },
      },
      0,
    ],
    ['with a curriculum', { curriculum: ({ id }) => Number(id.slice('train-'.length)) % 3 !== 0 }, 0],
  ];
  test.each(settings)('%s', async (_, overrides, call) => {
    await stopAndResume(overrides, stopInCall(call));
  });

  test('by a reward that only later is told to stop', async () => {
    await stopAndResume({}, (batch, stop) => {
      setTimeout(() => stop.abort(new Error('enough')), 5);
      return untilStopped(batch);
    });
  });

  test('by a reward that fails as soon as it sees the signal', async () => {
    await stopAndResume({}, async (batch, stop) => {
      stop.abort();
      batch.signal.throwIfAborted();
      throw new Error('the signal did not abort');
    });
  });

  test('in its first batch', async () => {
    await stopAndResume({}, stopInCall(0), 0);
  });
});

test('a run that was resumed can be stopped in the batch that it first draws', async () => {
  const { out } = await stoppedRun({}, { score: stopInCall(0), at: 6 });
  const stop = new AbortController();
  const recipe = recipeWith({}, (batch) => stopInCall(0)(batch, stop, 0));
  const again = await runBandit(recipe, { out, resume: true, signal: stop.signal });
  expect(again.events.at(-1)).toMatchObject({ type: 'stopped', step: 6 });
  const resumed = await runBandit(recipeWith({}), { out, resume: true });
  const whole = await runBandit(recipeWith({}), { out: join(await temporaryFolder(), 'run') });
  expect(resumed.bandit.state()).toEqual(whole.bandit.state());
});

test('a reward that begins after the run was stopped, while a batch was drawn, sees so at once', async () => {
  const out = join(await temporaryFolder(), 'run');
  const stop = new AbortController();
  const env = sevens();
  const prompt = (task: { id: string }) => {
    // 2 tasks a batch: this one is of the batch of step 6.
    if (task.id === 'train-12') stop.abort(new Error('enough'));
    return env.prompt(task);
  };
  const recipe = recipeWith({ env: { ...env, prompt } }, (batch) => {
    batch.signal.throwIfAborted();
    return right(batch);
  });
  const { events } = await runBandit(recipe, { out, signal: stop.signal });
  expect(events.at(-1)).toMatchObject({ type: 'stopped', step: 6 });
});

test('unsubscribing while a batch is scored tells its rewards, and writes the checkpoint of before it', async () => {
  const out = join(await temporaryFolder(), 'run');
  let bandit: Bandit | undefined;
  const train = trainWith(async ({ steps }) => {
    bandit = new Bandit({ steps });
    return bandit;
  });
  const seen: TrainEvent[] = [];
  let signal: AbortSignal | undefined;
  const recipe = recipeWith({}, (batch) => {
    if (batch.step < 6) return right(batch);
    signal = batch.signal;
    setImmediate(() => subscription.unsubscribe());
    return untilStopped(batch);
  });
  const subscription = train(recipe, { out }).subscribe((event) => seen.push(event));
  await expect.poll(() => bandit?.disposed).toBe(true);
  expect(signal!.aborted).toBe(true);
  expect(seen.at(-1)!.type).toBe('step');
  expect((await latestCheckpoint(join(out, 'checkpoints')))?.step).toBe(6);
  const resumed = await runBandit(recipeWith({}), { out, resume: true });
  const whole = await runBandit(recipeWith({}), { out: join(await temporaryFolder(), 'run') });
  expect(resumed.bandit.state()).toEqual(whole.bandit.state());
});

describe('with batches drawn ahead the rewards are told too, and the run goes back to where the batch was begun', () => {
  const cases: [lag: number, overrides: Overrides][] = [
    [1, {}],
    [2, {}],
    [3, { algorithm: { numIterations: 2 } }],
  ];
  test.each(cases)('lag %i, %o', async (lag, overrides) => {
    const sampling = { groupSize: 4, promptsPerStep: 2, maxOffPolicySteps: lag };
    const own = { ...overrides, sampling };
    let told = false;
    const score: ScoreAndStop = async (batch, stop) => {
      batch.signal.addEventListener('abort', () => {
        told = true;
      });
      return stopInCall(0)(batch, stop, 0);
    };
    const { out, events } = await stoppedRun(own, { score, at: 8 });
    expect(told).toBe(true);
    const perBatch = overrides.algorithm?.numIterations ?? 1;
    expect(events.at(-1)).toMatchObject({ type: 'stopped', step: 8 - lag * perBatch });
    const resumed = await runBandit(recipeWith(own), { out, resume: true });
    const wholeOut = join(await temporaryFolder(), 'run');
    const whole = await runBandit(recipeWith(own), { out: wholeOut });
    expect(resumed.bandit.state()).toEqual(whole.bandit.state());
    for (const file of files) expect(await lines(out, file)).toEqual(await lines(wholeOut, file));
  });
});

test('a run whose checkpoint can’t be written when it is stopped says so', async () => {
  const out = join(await temporaryFolder(), 'run');
  const stop = new AbortController();
  const recipe = recipeWith({}, (batch) => (batch.step === 6 ? stopInCall(0)(batch, stop, 0) : right(batch)));
  const run = runBandit(
    recipe,
    { out, signal: stop.signal },
    {
      onEvent: (_, bandit) => {
        bandit.state = () => {
          throw new Error('ENOSPC: no space left on device, write');
        };
      },
    },
  );
  await expect(run).rejects.toThrow(/ENOSPC/);
});
