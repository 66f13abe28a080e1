import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { RecipeInput } from '../../src/recipe/recipe.ts';
import { latestCheckpoint } from '../../src/run/checkpoint/list-checkpoints.ts';
import type { Environment, RewardBatch } from '../../src/types.ts';
import { banditRecipe, right, sevens } from './bandit.ts';
import { lines, runBandit, temporaryFolder } from './run.ts';

/** Sevens with choices: to a policy that prefers 7, the first is the likelier. */
const choosing: Environment = { ...sevens(), choices: () => ({ texts: ['7', '3'], gold: 0 }) };

async function runOf(overrides: Partial<Omit<RecipeInput, 'name' | 'model'>>) {
  const out = join(await temporaryFolder(), 'run');
  const { events } = await runBandit(
    banditRecipe({ steps: 4, ...overrides, eval: { every: 2, tasks: 3, ...overrides.eval } }),
    { out },
  );
  return { out, done: events.find((event) => event.type === 'done')! };
}

describe('the evaluations of a run', () => {
  test('with objective sft have the loss of the targets, before, on the way and after', async () => {
    const { out, done } = await runOf({ objective: 'sft' });
    const evals = await lines(out, 'evals.jsonl');
    // A fresh bandit draws every digit alike.
    expect(evals[0]!.loss).toBeCloseTo(Math.log(10), 6);
    expect(evals.map(({ step }) => step)).toEqual([0, 2, 4]);
    expect(evals[2]!.loss).toBeLessThan(evals[0]!.loss as number);
    const metrics = await lines(out, 'metrics.jsonl');
    expect(metrics.map(({ eval_loss }) => eval_loss)).toEqual([
      undefined,
      evals[1]!.loss,
      undefined,
      evals[2]!.loss,
    ]);
    expect(done).toMatchObject({ before: { loss: evals[0]!.loss }, after: { loss: evals[2]!.loss } });
  });

  test('with objective rl have it when eval.loss asks for it', async () => {
    const plain = await runOf({});
    for (const line of await lines(plain.out, 'evals.jsonl'))
      expect(Object.keys(line)).toEqual(['step', 'beta', 'accuracy', 'interval', 'tasks', 'reward']);
    const asked = await runOf({ eval: { loss: true } });
    for (const line of await lines(asked.out, 'evals.jsonl')) expect(line.loss).toBeGreaterThan(0);
  });

  test('go by the likelihood of the choices where eval.accuracy says so', async () => {
    const { out, done } = await runOf({ env: choosing, objective: 'sft', eval: { accuracy: 'acc' } });
    const evals = await lines(out, 'evals.jsonl');
    expect(evals[2]).toMatchObject({ accuracyBy: 'acc', accuracy: 1, tasks: 3 });
    expect(done).toMatchObject({ after: { accuracyBy: 'acc', accuracies: { acc: { value: 1 } } } });
    const rows = await lines(out, 'held-out.jsonl');
    expect((rows[0]!.choiceLogprobs as number[])[0]).toBeGreaterThan(
      (rows[0]!.choiceLogprobs as number[])[1]!,
    );
    // The answers are there as before: `verify` compares them.
    expect(rows.map(({ completion }) => completion)).toEqual(['7', '7', '7']);
  });

  test('find a gold index out of range before any work', async () => {
    const wrong: Environment = { ...choosing, choices: () => ({ texts: ['7', '3'], gold: 2 }) };
    await expect(runOf({ env: wrong, eval: { accuracy: 'acc' } })).rejects.toThrow(
      /env "sevens" failed to give the choices of task "test-0": gold is the index of one of 2 texts, 0 to 1, not 2/,
    );
  });
});

describe('an evaluation under way', () => {
  const files = ['metrics.jsonl', 'rollouts.jsonl', 'evals.jsonl', 'held-out.jsonl'];
  const lags = [0, 2];

  /** Evaluates after steps 4, 8 and 12; no checkpoint is due but at the end. */
  function recipeWith(lag: number, evaluating: (batch: RewardBatch) => unknown = () => undefined) {
    const graded = (batch: RewardBatch) =>
      (batch.tasks[0]!.id.startsWith('test') ? (evaluating(batch) as number[]) : undefined) ?? right(batch);
    return banditRecipe({
      sampling: { groupSize: 4, promptsPerStep: 2, maxOffPolicySteps: lag },
      eval: { every: 4, tasks: 3, batchSize: 2 },
      checkpoint: { every: 0 },
      rewards: [{ reward: graded }],
    });
  }

  async function wholeRun(lag: number) {
    const out = join(await temporaryFolder(), 'whole');
    return { out, ...(await runBandit(recipeWith(lag), { out })) };
  }

  async function expectSame(out: string, whole: Awaited<ReturnType<typeof wholeRun>>, lag: number) {
    const resumed = await runBandit(recipeWith(lag), { out, resume: true });
    expect(resumed.bandit.state()).toEqual(whole.bandit.state());
    for (const file of files) expect(await lines(out, file)).toEqual(await lines(whole.out, file));
    const [ours, theirs] = await Promise.all(
      [out, whole.out].map((folder) => latestCheckpoint(join(folder, 'checkpoints'))),
    );
    expect({ ...ours, path: '' }).toEqual({ ...theirs, path: '' });
  }

  for (const lag of lags) {
    test(`loses no step when the process is killed in it (lag ${lag})`, async () => {
      const folder = await temporaryFolder();
      const out = join(folder, 'run');
      const killed = new Map<number, string>();
      const copy = ({ step }: RewardBatch) => {
        killed.set(step, join(folder, `killed-${step}`));
        cpSync(out, killed.get(step)!, { recursive: true });
      };
      await runBandit(recipeWith(lag, copy), { out });
      const whole = await wholeRun(lag);
      expect([...killed.keys()]).toEqual([0, 4, 8, 12]);
      for (const [step, at] of killed) {
        if (step > 0) expect((await latestCheckpoint(join(at, 'checkpoints')))?.step).toBe(step);
        await expectSame(at, whole, lag);
      }
    });

    test(`is given up when the run is stopped, and made when it goes on (lag ${lag})`, async () => {
      const whole = await wholeRun(lag);
      for (const due of [0, 4, 12]) {
        const out = join(await temporaryFolder(), 'run');
        const stop = new AbortController();
        let calls = 0;
        const { events } = await runBandit(
          recipeWith(lag, ({ step }) => {
            if (step !== due) return undefined;
            calls++;
            stop.abort();
            return undefined;
          }),
          { out, signal: stop.signal },
        );
        // 3 tasks in batches of 2: the second batch is not asked for any more.
        expect(calls).toBe(1);
        expect(events.at(-1)).toMatchObject({ type: 'stopped', step: due });
        expect((await lines(out, 'evals.jsonl')).map(({ step }) => step)).toEqual(
          [0, 4, 8].filter((s) => s < due),
        );
        await expectSame(out, whole, lag);
      }
    });
  }

  test('that fails leaves the step to its continuation, which tells it with the evaluation', async () => {
    for (const lag of lags) {
      const out = join(await temporaryFolder(), 'run');
      const fails = recipeWith(lag, ({ step }) => (step === 8 ? [] : undefined));
      await expect(runBandit(fails, { out })).rejects.toThrow(
        /"graded" in the evaluation at step 8 gave 0 scores.*step-000008; mend the cause/,
      );
      expect((await lines(out, 'metrics.jsonl')).length).toBe(7);
      await expectSame(out, await wholeRun(lag), lag);
    }
  });
});
