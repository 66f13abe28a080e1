import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { latestCheckpoint } from '../../src/run/checkpoint/list-checkpoints.ts';
import type { RewardBatch, Task } from '../../src/types.ts';
import { banditRecipe, right, sevens } from './bandit.ts';
import { lines, runBandit, temporaryFolder } from './run.ts';

type Overrides = NonNullable<Parameters<typeof banditRecipe>[0]>;

const files = ['metrics.jsonl', 'rollouts.jsonl', 'evals.jsonl'];
const lagged = (maxOffPolicySteps: number) => ({ groupSize: 4, promptsPerStep: 2, maxOffPolicySteps });

/** What a run does on its way that may fail. Each is true where the batch whose tasks are from number `from` on fails. */
interface Faults {
  readonly reward?: boolean;
  readonly prompt?: boolean;
  readonly tasks?: boolean;
}

/** The batch of optimiser step 6 has the tasks 12 and 13, with one step a batch. */
function recipeWith(overrides: Overrides, { reward, prompt, tasks }: Faults, from = 12) {
  const fails = (task: Task) => task.id === `train-${from}`;
  const env = sevens();
  const graded = (batch: RewardBatch) => (reward && batch.tasks.some(fails) ? [] : right(batch));
  return banditRecipe({
    checkpoint: { every: 0 },
    eval: { every: 0, tasks: 3 },
    ...overrides,
    rewards: [{ reward: graded }],
    env: {
      ...env,
      async *tasks(split) {
        for await (const task of env.tasks(split)) {
          if (tasks && split === 'train' && fails(task)) throw new Error('no more data');
          yield task;
        }
      },
      prompt(task) {
        if (prompt && fails(task)) throw new Error('no prompt');
        return env.prompt(task);
      },
    },
  });
}

const settings: [name: string, overrides: Overrides, perBatch: number][] = [
  ['lag 1', { sampling: lagged(1) }, 1],
  ['lag 2', { sampling: lagged(2) }, 1],
  ['lag 3', { sampling: lagged(3) }, 1],
  ['lag 1, 2 iterations', { sampling: lagged(1), algorithm: { numIterations: 2 } }, 2],
  ['lag 2, evaluations', { sampling: lagged(2), eval: { every: 3, tasks: 3 } }, 1],
  [
    'lag 1, log-probs noted before each batch',
    { sampling: lagged(1), algorithm: { samplerCorrection: {}, numIterations: 2 } },
    2,
  ],
  [
    'lag 2, a KL penalty in the rewards that adapts',
    {
      sampling: lagged(2),
      algorithm: {
        klCoef: 0.1,
        klIn: 'reward',
        klControl: { type: 'adaptive', target: 0.001, horizon: 100 },
      },
    },
    1,
  ],
  [
    'lag 2, an entropy bonus that adapts',
    {
      sampling: lagged(2),
      algorithm: { entropyCoef: 0.01, adaptiveEntropy: { target: 2.3, delta: 0.005, min: 0, max: 1 } },
    },
    1,
  ],
  ['lag 1, supervised', { sampling: lagged(1), objective: 'sft' }, 1],
];

describe('a batch in flight that fails is drawn again when the run goes on, to the same bits', () => {
  const faults: [string, Faults][] = [
    ['in its reward', { reward: true }],
    ['in its prompts', { prompt: true }],
    ['while its tasks are drawn', { tasks: true }],
  ];
  for (const [what, fault] of faults) {
    for (const [name, overrides, perBatch] of settings) {
      if (overrides.objective === 'sft' && fault.reward) continue;
      test(`${what}: ${name}`, async () => {
        const out = join(await temporaryFolder(), 'run');
        const from = 12 / perBatch;
        const failing = runBandit(recipeWith(overrides, fault, from), { out });
        await expect(failing).rejects.toThrow(/the last good checkpoint is .*mend the cause/);
        const lag = overrides.sampling!.maxOffPolicySteps!;
        const saved = await latestCheckpoint(join(out, 'checkpoints'));
        // The moment at which the batch was allowed, `lag` batches before its own; or one before it that was not scored yet.
        expect(saved!.step).toBeLessThanOrEqual(6 - lag * perBatch);
        expect(saved!.step).toBeGreaterThanOrEqual(6 - (fault.reward ? 1 : 2) * lag * perBatch);
        const resumed = await runBandit(recipeWith(overrides, {}), { out, resume: true });
        expect(resumed.events[0]).toMatchObject({ startStep: saved!.step });
        const whole = await runBandit(recipeWith(overrides, {}), { out: `${out}-whole` });
        expect(resumed.bandit.state()).toEqual(whole.bandit.state());
        for (const file of files) expect(await lines(out, file)).toEqual(await lines(`${out}-whole`, file));
      });
    }
  }

  test('also among the first batches, before any was trained on', async () => {
    for (const from of [0, 2, 4]) {
      const out = join(await temporaryFolder(), 'run');
      const overrides = { sampling: lagged(2) };
      await expect(runBandit(recipeWith(overrides, { reward: true }, from), { out })).rejects.toThrow(
        'step-000000; mend the cause',
      );
      const resumed = await runBandit(recipeWith(overrides, {}), { out, resume: true });
      const whole = await runBandit(recipeWith(overrides, {}), { out: `${out}-whole` });
      expect(resumed.bandit.state()).toEqual(whole.bandit.state());
      for (const file of files) expect(await lines(out, file)).toEqual(await lines(`${out}-whole`, file));
    }
  });

  test('and again, when it fails a second time', async () => {
    const out = join(await temporaryFolder(), 'run');
    const overrides = { sampling: lagged(2) };
    const broken = () => recipeWith(overrides, { reward: true });
    await expect(runBandit(broken(), { out })).rejects.toThrow('step-000004; mend the cause');
    await expect(runBandit(broken(), { out, resume: true })).rejects.toThrow('step-000004; mend the cause');
    const resumed = await runBandit(recipeWith(overrides, {}), { out, resume: true });
    const whole = await runBandit(recipeWith(overrides, {}), { out: `${out}-whole` });
    expect(resumed.bandit.state()).toEqual(whole.bandit.state());
  });
});
