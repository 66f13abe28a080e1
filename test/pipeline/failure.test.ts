import { existsSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { InputError, RunError } from '../../src/errors.ts';
import { trainWith } from '../../src/pipeline/train.ts';
import { latestCheckpoint } from '../../src/run/checkpoint/list-checkpoints.ts';
import type { Environment, RewardBatch, TrainEvent } from '../../src/types.ts';
import { Bandit, banditRecipe, right, sevens } from './bandit.ts';
import { lines, runBandit, temporaryFolder } from './run.ts';

type Scores = (batch: RewardBatch) => unknown;

/** Runs with a reward that goes wrong at step 4 (checkpoints are due after steps 3, 6 …). */
async function runWithReward(scores: Scores, timeout = 60): Promise<{ error: Error; out: string }> {
  const out = join(await temporaryFolder(), 'run');
  const broken = (batch: RewardBatch) => (batch.step === 4 ? scores(batch) : right(batch));
  const rewards = [{ reward: broken as never, timeout }] as [{ reward: never; timeout: number }];
  const recipe = banditRecipe({ rewards, eval: { every: 0, tasks: 3 } });
  const error = await runBandit(recipe, { out }).then(
    () => new Error('it ended well'),
    (e: Error) => e,
  );
  return { error, out };
}

describe('a reward that goes wrong ends the run, which names reward, step, sample and the last good checkpoint', () => {
  const cases: Record<string, { scores: Scores; says: RegExp }> = {
    throws: {
      scores: () => {
        throw new Error('no verifier');
      },
      says: /reward "broken" at step 4 failed on samples 0 to 7: no verifier/,
    },
    rejects: {
      scores: () => Promise.reject(new Error('no network')),
      says: /reward "broken" at step 4 failed on samples 0 to 7: no network/,
    },
    'gives too few scores': {
      scores: () => [1, 2],
      says: /"broken" at step 4 gave 2 scores for 8 completions/,
    },
    'gives no array': { scores: () => 3, says: /"broken" at step 4 gave 3; it must give an array/ },
    'gives NaN': {
      scores: ({ tasks }) => tasks.map((_, i) => (i === 5 ? Number.NaN : 1)),
      says: /"broken" at step 4 gave NaN for sample 5 \(task "train-9"\)/,
    },
    'gives infinity': {
      scores: ({ tasks }) => tasks.map(() => Number.POSITIVE_INFINITY),
      says: /gave Infinity for sample 0/,
    },
    'gives text': { scores: ({ tasks }) => tasks.map(() => '1'), says: /gave "1" for sample 0/ },
    'gives undefined': {
      scores: ({ tasks }) => tasks.map(() => undefined),
      says: /gave undefined for sample 0/,
    },
  };
  for (const [name, { scores, says }] of Object.entries(cases)) {
    test(name, async () => {
      const { error, out } = await runWithReward(scores);
      expect(error).toBeInstanceOf(RunError);
      expect(error.message).toMatch(says);
      const last = await latestCheckpoint(join(out, 'checkpoints'));
      expect(last?.step).toBe(4);
      expect(error.message).toContain(last!.path);
      expect((await lines(out, 'metrics.jsonl')).map((m) => m.step)).toEqual([0, 1, 2, 3]);
    });
  }

  test('takes longer than its timeout, and is told to stop', async () => {
    let told = false;
    const { error } = await runWithReward(async ({ signal }) => {
      signal.addEventListener('abort', () => {
        told = true;
      });
      await sleep(5_000, undefined, { ref: false });
    }, 0.05);
    expect(error.message).toMatch(/reward "broken" at step 4 took longer than its timeout of 0.05 s/);
    expect(told).toBe(true);
  });

  test('takes longer than its timeout without ever letting go of the thread', async () => {
    const { error } = await runWithReward(({ tasks }) => {
      const end = performance.now() + 80;
      while (performance.now() < end);
      return tasks.map(() => 1);
    }, 0.05);
    expect(error.message).toMatch(/reward "broken" at step 4 took longer than its timeout of 0.05 s/);
  });

  const settings = {
    'on policy': {},
    'with dynamic sampling': { algorithm: { dynamicSampling: { maxTries: 3 } } },
    'with 3 iterations': { algorithm: { numIterations: 3 } },
  };
  for (const [name, overrides] of Object.entries(settings)) {
    test(`and can be mended: the run goes on, no step lost, to where it would have come (${name})`, async () => {
      const { out, recipe } = await mendable(overrides);
      const resumed = await runBandit(recipe(right), { out, resume: true });
      const whole = await runBandit(recipe(right), { out: join(await temporaryFolder(), 'run') });
      expect(resumed.events.at(-1)!.type).toBe('done');
      expect(resumed.bandit.state()).toEqual(whole.bandit.state());
    });
  }
});

for (const due of [4, 9]) {
  test(`a reward that fails only on the evaluation after step ${due} costs no step`, async () => {
    const out = join(await temporaryFolder(), 'run');
    const recipe = (scores: Scores) => {
      const graded = (batch: RewardBatch) => scores(batch) as number[];
      return banditRecipe({
        steps: 9,
        eval: { every: 4, tasks: 3 },
        checkpoint: { every: 0 },
        rewards: [{ reward: graded }],
      });
    };
    const broken: Scores = (batch) => (batch.step === due && batch.tasks.length === 3 ? [] : right(batch));
    await expect(runBandit(recipe(broken), { out })).rejects.toThrow(`step-00000${due}; mend the cause`);
    const resumed = await runBandit(recipe(right), { out, resume: true });
    expect(resumed.events[0]).toMatchObject({ startStep: due });
    const whole = await runBandit(recipe(right), { out: `${out}-whole` });
    expect(resumed.bandit.state()).toEqual(whole.bandit.state());
    const evals = await lines(out, 'evals.jsonl');
    expect(evals.map(({ step }) => step)).toEqual([0, 4, 8, 9]);
    expect(evals).toEqual(await lines(`${out}-whole`, 'evals.jsonl'));
  });
}

/** A run whose reward failed at the second batch, before any checkpoint was due. */
async function mendable(overrides: Partial<Parameters<typeof banditRecipe>[0]>) {
  const out = join(await temporaryFolder(), 'run');
  const recipe = (scores: Scores) => {
    const graded = (batch: RewardBatch) => scores(batch) as number[];
    return banditRecipe({ ...overrides, checkpoint: { every: 0 }, rewards: [{ reward: graded }] });
  };
  const broken: Scores = (batch) => (batch.step > 0 ? [] : right(batch));
  await expect(runBandit(recipe(broken), { out })).rejects.toThrow(
    /the last good checkpoint is .*mend the cause/,
  );
  return { out, recipe };
}

describe('before any work', () => {
  const empty = (split: string): Environment => ({
    ...sevens(),
    name: 'hollow',
    async *tasks(s) {
      if (s !== split) yield* sevens().tasks(s);
    },
  });
  for (const split of ['train', 'test'] as const) {
    test(`an environment without ${split} tasks is refused`, async () => {
      const out = join(await temporaryFolder(), 'run');
      const run = runBandit(banditRecipe({ env: empty(split) }), { out });
      await expect(run).rejects.toThrow(InputError);
      await expect(run).rejects.toThrow(`env "hollow" has no tasks in its ${split} split`);
      expect(existsSync(out)).toBe(false);
    });
  }

  test('a folder in use is refused', async () => {
    const out = await temporaryFolder();
    writeFileSync(join(out, 'mine.txt'), '');
    const run = runBandit(banditRecipe(), { out });
    await expect(run).rejects.toThrow(InputError);
    await expect(run).rejects.toThrow(
      /is not empty: go on with the run there \(--resume; train's resume: true\), or choose another folder/,
    );
    expect(readdirSync(out)).toEqual(['mine.txt']);
  });

  test('a file in the place of the folder is refused', async () => {
    const out = join(await temporaryFolder(), 'file');
    writeFileSync(out, 'x');
    await expect(runBandit(banditRecipe(), { out })).rejects.toThrow(InputError);
  });

  test('a recipe out of range is refused', async () => {
    const out = join(await temporaryFolder(), 'run');
    await expect(runBandit(banditRecipe({ steps: 0 }), { out })).rejects.toThrow(InputError);
  });

  test('a policy that can’t be made leaves nothing behind', async () => {
    const out = join(await temporaryFolder(), 'run');
    const train = trainWith(async () => {
      throw new InputError('no weights');
    });
    await expect(
      new Promise((_, error) => train(banditRecipe(), { out }).subscribe({ error })),
    ).rejects.toThrow('no weights');
    expect(existsSync(out)).toBe(false);
  });
});

describe('a disk that takes no more', () => {
  test.skipIf(!existsSync('/dev/full'))(
    'while metrics are written ends the run with nothing half-written',
    async () => {
      const out = join(await temporaryFolder(), 'run');
      let error: Error | undefined;
      const onEvent = (event: TrainEvent) => {
        if (event.type !== 'checkpoint' || event.step !== 6) return;
        rmSync(join(out, 'metrics.jsonl'));
        symlinkSync('/dev/full', join(out, 'metrics.jsonl'));
      };
      await runBandit(banditRecipe(), { out }, { onEvent }).catch((e) => {
        error = e;
      });
      expect(error).toBeInstanceOf(RunError);
      expect(error!.message).toMatch(
        /ENOSPC.*the last good checkpoint is .*step-000006; mend the cause and go on with --resume/,
      );
    },
  );

  test('while a checkpoint is written names the one before and leaves no part of the new one', async () => {
    const out = join(await temporaryFolder(), 'run');
    let error: Error | undefined;
    let policy: Bandit | undefined;
    const onEvent = (event: TrainEvent, bandit: Bandit) => {
      policy = bandit;
      if (event.type !== 'checkpoint' || event.step !== 6) return;
      // One file of the next checkpoint is written, then the disk is full.
      bandit.state = () => ({
        arrays: { weights: { data: bandit.weights, shape: [10] } },
        data: {
          get version(): number {
            throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
          },
        },
      });
    };
    await runBandit(banditRecipe(), { out }, { onEvent }).catch((e) => {
      error = e;
    });
    expect(error).toBeInstanceOf(RunError);
    expect(error!.message).toMatch(/ENOSPC.*step-000006/);
    expect(policy!.disposed).toBe(true);
    expect(readdirSync(join(out, 'checkpoints')).filter((name) => !/^step-00000[46]$/.test(name))).toEqual(
      [],
    );
    const { events } = await runBandit(banditRecipe(), { out, resume: true });
    expect(events[0]).toMatchObject({ startStep: 6 });
  });
});

test('unsubscribing finishes the step and writes a checkpoint, in silence', async () => {
  const out = join(await temporaryFolder(), 'run');
  const seen: TrainEvent[] = [];
  let bandit: Bandit | undefined;
  const train = trainWith(async ({ steps }) => {
    bandit = new Bandit({ steps, sampleTime: 2 });
    return bandit;
  });
  await new Promise<void>((resolve) => {
    const subscription = train(banditRecipe({ checkpoint: { every: 0 } }), { out }).subscribe((event) => {
      seen.push(event);
      if (event.type === 'step' && event.metrics.step === 4) {
        subscription.unsubscribe();
        resolve();
      }
    });
  });
  await expect.poll(() => bandit!.disposed).toBe(true);
  expect(seen.at(-1)!.type).toBe('step');
  const last = await latestCheckpoint(join(out, 'checkpoints'));
  expect(last!.step).toBe(bandit!.version);
  expect(bandit!.version).toBeLessThanOrEqual(6);
  const whole = await runBandit(banditRecipe({ checkpoint: { every: 0 } }), { out: `${out}-whole` });
  const resumed = await runBandit(banditRecipe({ checkpoint: { every: 0 } }), { out, resume: true });
  expect(resumed.bandit.state()).toEqual(whole.bandit.state());
  expect(await readFile(join(out, 'rollouts.jsonl'), 'utf8')).toBe(
    await readFile(join(`${out}-whole`, 'rollouts.jsonl'), 'utf8'),
  );
});
