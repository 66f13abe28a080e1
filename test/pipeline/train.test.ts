import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { lastValueFrom } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { trainWith } from '../../src/pipeline/train.ts';
import type { TrainBatch } from '../../src/policy/batch/train-batch.ts';
import { byGroup } from '../../src/rollout/groups.ts';
import type { TrainEvent } from '../../src/types.ts';
import { Bandit, banditRecipe, right, sevens } from './bandit.ts';
import { lines, runBandit, temporaryFolder } from './run.ts';

/** Ids of the tasks of a batch, one a group. */
function tasksOf(batch: TrainBatch): string[] {
  if (batch.objective !== 'rl') throw new Error('no rollouts');
  return byGroup(batch.rollouts).map(([rollout]) => rollout!.task.id);
}

describe('a run', () => {
  test('tells its start, every step, evaluations, checkpoints, and what came of it', async () => {
    const out = join(await temporaryFolder(), 'run');
    const { events, bandit } = await runBandit(banditRecipe(), { out });
    const kinds = events.map((event) => event.type);
    expect(kinds[0]).toBe('start');
    expect(kinds.filter((kind) => kind === 'step')).toHaveLength(12);
    expect(events.filter((e) => e.type === 'eval').map((e) => e.step)).toEqual([0, 4, 8, 12]);
    const done = events.at(-1)!;
    expect(done.type).toBe('done');
    expect(bandit.version).toBe(12);
    expect(bandit.disposed).toBe(true);
    expect((await readdir(out)).sort()).toEqual([
      'adapter',
      'checkpoints',
      'config.json',
      'evals.jsonl',
      'held-out.jsonl',
      'merged',
      'metrics.jsonl',
      'report.html',
      'rollouts.jsonl',
    ]);
  });

  test('writes one line of metrics a step, with the β that the step used', async () => {
    const out = join(await temporaryFolder(), 'run');
    await runBandit(banditRecipe(), { out });
    const metrics = await lines(out, 'metrics.jsonl');
    expect(metrics.map((m) => m.step)).toEqual([...Array(12).keys()]);
    expect(metrics.map((m) => m.beta)).toEqual([1, 0.75, 0.5, 0.25, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect(metrics.filter((m) => 'eval_accuracy' in m).map((m) => m.step)).toEqual([3, 7, 11]);
    for (const m of metrics) {
      expect(m).toMatchObject({ 'completions/mean_length': 1, off_policy_steps: 0 });
      expect(m['rewards/right/mean']).toBeCloseTo(m.reward as number, 6);
    }
    // 2 prompts × 4 completions, each 2 prompt tokens and 1 more.
    expect(metrics.at(-1)!.num_tokens).toBe(12 * 8 * 3);
  });

  test('writes every completion that it trained on', async () => {
    const out = join(await temporaryFolder(), 'run');
    await runBandit(banditRecipe(), { out });
    const rollouts = await lines(out, 'rollouts.jsonl');
    expect(rollouts).toHaveLength(12 * 8);
    expect(rollouts[0]).toMatchObject({
      step: 0,
      task: 'train-0',
      prompt: [{ role: 'user', content: 'train-0' }],
      beta: 1,
      policy_version: 0,
      finish_reason: 'eos',
    });
    const first = rollouts.slice(0, 4).map((r) => r.reward as number);
    const mean = first.reduce((a, b) => a + b) / 4;
    const std = Math.sqrt(first.reduce((sum, r) => sum + (r - mean) ** 2, 0) / 3);
    expect(rollouts[2]!.advantage).toBeCloseTo((first[2]! - mean) / (std + 1e-4), 4);
    expect(rollouts[0]!.rewards).toEqual({
      right: right({ tasks: [{ id: '', answer: 7 }], completions: [rollouts[0]!.completion as string] })[0],
    });
  });

  test('is cold: nothing is made before it is subscribed to', async () => {
    const out = join(await temporaryFolder(), 'run');
    let made = 0;
    const train = trainWith(async ({ steps }) => {
      made++;
      return new Bandit({ steps });
    });
    const run$ = train(banditRecipe({ steps: 2 }), { out });
    expect([made, existsSync(out)]).toEqual([0, false]);
    expect(await lastValueFrom(run$)).toMatchObject({ type: 'done' });
    expect(made).toBe(1);
  });

  test('is the same, bit for bit, when run again with the same seed; another with another seed', async () => {
    const folder = await temporaryFolder();
    const a = await runBandit(banditRecipe(), { out: join(folder, 'a') }, { sampleTime: 3 });
    const b = await runBandit(banditRecipe(), { out: join(folder, 'b') }, { updateTime: 3 });
    const c = await runBandit(banditRecipe({ seed: 1 }), { out: join(folder, 'c') });
    expect(a.bandit.weights).toEqual(b.bandit.weights);
    expect(a.bandit.weights).not.toEqual(c.bandit.weights);
    for (const file of ['metrics.jsonl', 'rollouts.jsonl', 'evals.jsonl']) {
      expect(await lines(join(folder, 'a'), file)).toEqual(await lines(join(folder, 'b'), file));
    }
  });

  test('learns: rewards rise', async () => {
    const out = join(await temporaryFolder(), 'run');
    const { events } = await runBandit(banditRecipe({ steps: 60 }), { out });
    const done = events.at(-1)!;
    if (done.type !== 'done') throw new Error(done.type);
    expect(done.before.accuracy).toBe(0);
    expect(done.after.accuracy).toBe(1);
  });

  test('of supervised fine-tuning trains on prompts and targets in the same way', async () => {
    const out = join(await temporaryFolder(), 'run');
    const { events, bandit } = await runBandit(banditRecipe({ objective: 'sft' }), { out });
    expect(bandit.updates[0]).toEqual({
      objective: 'sft',
      examples: [0, 1].map((i) => ({
        task: { id: `train-${i}`, answer: 7 },
        messages: [{ role: 'user', content: `train-${i}` }],
        target: '7',
        group: i,
        promptIds: [1, 2],
        tokenIds: [7],
      })),
    });
    expect(events.at(-1)).toMatchObject({ type: 'done', after: { accuracy: 1 } });
    // 2 examples, each 2 prompt tokens and 1 more.
    expect((await lines(out, 'metrics.jsonl')).at(-1)!.num_tokens).toBe(12 * 2 * 3);
  });

  test('with klCoef hands the reference policy’s log-probs to the update; without it asks for none', async () => {
    const folder = await temporaryFolder();
    const recipe = banditRecipe({ steps: 1, algorithm: { klCoef: 0.1 } });
    const { bandit } = await runBandit(recipe, { out: join(folder, 'kl') });
    const [batch] = bandit.updates;
    if (batch?.objective !== 'rl') throw new Error('no batch');
    expect(batch.rollouts.map(({ refLogprobs }) => refLogprobs)).toEqual(Array(8).fill([Math.log(0.1)]));
    const without = await runBandit(banditRecipe({ steps: 1 }), { out: join(folder, 'none') });
    expect(without.bandit.updates[0]).toHaveProperty('rollouts.0.tokenIds');
    expect(without.bandit.updates[0]).not.toHaveProperty('rollouts.0.refLogprobs');
  });
});

describe('permits', () => {
  for (const lag of [0, 1, 3]) {
    test(`keep tasks read within ${1 + lag} batches of the updates at maxOffPolicySteps ${lag}`, async () => {
      let updates = 0;
      const ahead: number[] = [];
      const env = sevens(() => ahead.push(env.read - 2 * updates));
      const out = join(await temporaryFolder(), 'run');
      const sampling = { groupSize: 4, promptsPerStep: 2, maxOffPolicySteps: lag };
      const onEvent = (_: TrainEvent, bandit: Bandit) => {
        updates = bandit.version;
      };
      await runBandit(banditRecipe({ env, sampling }), { out }, { updateTime: 4, onEvent });
      expect(Math.max(...ahead)).toBe(2 * (1 + lag));
      expect(env.read).toBe(2 * 12);
    });

    test(`make the lag exactly ${lag} whichever of sampling and updating is slower`, async () => {
      for (const timing of [{ sampleTime: 5 }, { updateTime: 5 }]) {
        const out = join(await temporaryFolder(), 'run');
        const recipe = banditRecipe({
          sampling: { groupSize: 4, promptsPerStep: 2, maxOffPolicySteps: lag },
        });
        await runBandit(recipe, { out }, timing);
        const lags = (await lines(out, 'metrics.jsonl')).map((m) => m.off_policy_steps);
        expect(lags).toEqual(Array.from({ length: 12 }, (_, step) => Math.min(step, lag)));
      }
    });
  }

  test('let a batch’s other steps skip their update once approx_kl exceeds targetKl', async () => {
    const out = join(await temporaryFolder(), 'run');
    const algorithm = { numIterations: 3, targetKl: 0.05 };
    const { bandit, events } = await runBandit(banditRecipe({ algorithm, steps: 7 }), { out });
    expect([bandit.version, bandit.updates.length, bandit.skipped.length]).toEqual([7, 3, 4]);
    const steps = events.flatMap((event) => (event.type === 'step' ? [event.metrics.stopped_early] : []));
    expect(steps).toEqual([0, 1, 1, 0, 1, 1, 0]);
    const { bandit: free } = await runBandit(
      banditRecipe({ algorithm: { ...algorithm, targetKl: 0.2 }, steps: 7 }),
      { out: `${out}-free` },
    );
    expect(free.updates.length).toBe(7);
  });

  test('shuffle the prompts of each pass, so that every pass has them all', async () => {
    const out = join(await temporaryFolder(), 'run');
    const algorithm = { numIterations: 4, stepsPerGeneration: 2, shuffle: true };
    const sampling = { groupSize: 2, promptsPerStep: 4 };
    const { bandit } = await runBandit(banditRecipe({ algorithm, sampling, steps: 8 }), { out });
    const ids = bandit.updates.map(tasksOf);
    const passes = [0, 2, 4, 6].map((i) => [...ids[i]!, ...ids[i + 1]!]);
    for (const pass of passes) expect(pass.toSorted()).toEqual(passes[0]!.toSorted());
    expect(new Set(passes.map(String)).size).toBeGreaterThan(1);
  });

  test('let a batch have numIterations steps, the last one what is left', async () => {
    const env = sevens();
    const out = join(await temporaryFolder(), 'run');
    const { bandit } = await runBandit(banditRecipe({ env, steps: 7, algorithm: { numIterations: 3 } }), {
      out,
    });
    expect(bandit.version).toBe(7);
    expect(env.read).toBe(3 * 2);
    const [a, b, c, d] = bandit.updates;
    expect(a).toBe(b);
    expect(b).toBe(c);
    expect(d).not.toBe(c);
    expect((await lines(out, 'rollouts.jsonl')).map((r) => r.step)).toEqual(
      [0, 3, 6].flatMap((s) => Array(8).fill(s)),
    );
  });

  test('let a batch have stepsPerGeneration steps on parts of it, each pass over all of them', async () => {
    const out = join(await temporaryFolder(), 'run');
    const algorithm = { stepsPerGeneration: 2, numIterations: 2 };
    const { bandit } = await runBandit(banditRecipe({ steps: 7, algorithm }), { out });
    const tasks = bandit.updates.map((batch) => tasksOf(batch).join());
    expect(tasks).toEqual(['0', '1', '0', '1', '2', '3', '2'].map((i) => `train-${i}`));
    expect((await lines(out, 'rollouts.jsonl')).map((r) => r.step)).toEqual(
      [0, 1, 4, 5].flatMap((step) => Array(4).fill(step)),
    );
    const metrics = await lines(out, 'metrics.jsonl');
    expect(metrics.map((m) => m.off_policy_steps)).toEqual([0, 1, 2, 3, 0, 1, 2]);
    // 4 completions a part, each 2 prompt tokens and 1 more; later passes add none.
    expect(metrics.map((m) => m.num_tokens)).toEqual([12, 24, 24, 24, 36, 48, 48]);
  });
});

describe('with samplerCorrection', () => {
  test('the log-probs of a batch are noted once, before its first step', async () => {
    const out = join(await temporaryFolder(), 'run');
    const algorithm = { samplerCorrection: {}, numIterations: 2 };
    const sampling = { groupSize: 4, promptsPerStep: 2, maxOffPolicySteps: 1 };
    const { bandit } = await runBandit(banditRecipe({ steps: 6, algorithm, sampling }), { out });
    const noted = bandit.updates.map((batch) => {
      if (batch.objective !== 'rl') throw new Error('no rollouts');
      return batch.rollouts.map(({ oldLogprobs, logprobs }) => ({
        old: oldLogprobs![0]!,
        sampled: logprobs[0]!,
      }));
    });
    expect(noted[0]).toEqual(noted[1]);
    expect(noted[2]).toEqual(noted[3]);
    // The first batch was sampled by the policy that trains on it, those that follow by one that is a batch older.
    const gaps = noted.map((rows) => Math.max(...rows.map(({ old, sampled }) => Math.abs(old - sampled))));
    expect(gaps[0]).toBeLessThan(1e-6);
    expect(gaps[2]).toBeGreaterThan(1e-3);
  });
});
