import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isReservedMetric } from '../../src/environment/scoring/reserved-metrics.ts';
import { banditRecipe } from './bandit.ts';
import { lines, runBandit, temporaryFolder } from './run.ts';
import { unrepeatable } from './unrepeatable.ts';

// A reward may not log by a name of anneal's own; test/policy/every-algorithm.test.ts does the same for the names of
// updates.

const adaptive = { type: 'adaptive', target: 0.001, horizon: 100 } as const;

/** Runs, and names of metrics that they alone log. */
const runs: [title: string, overrides: Parameters<typeof banditRecipe>[0], names: readonly string[]][] = [
  ['a plain run', {}, ['reward', 'rewards/right/mean', 'eval_accuracy', 'policy_version', 'num_tokens']],
  ['supervised fine-tuning', { objective: 'sft' }, ['num_tokens', 'eval_loss']],
  ['a curriculum', { curriculum: () => true }, ['curriculum/passed_over']],
  ['dynamic sampling', { algorithm: { dynamicSampling: { maxTries: 2 } } }, ['dynamic_sampling/tries']],
  ['steps that stop early', { algorithm: { numIterations: 2, targetKl: 0.05 } }, ['stopped_early']],
  ['a KL term that adapts', { algorithm: { klCoef: 0.1, klControl: adaptive } }, ['kl']],
  [
    'a KL penalty in the rewards',
    { algorithm: { klCoef: 0.1, klIn: 'reward', klControl: adaptive } },
    ['objective/kl', 'val/num_eos_tokens', 'kl_coef'],
  ],
  [
    'the same as verl has it',
    { algorithm: { compat: 'verl', klCoef: 0.1, klIn: 'reward' } },
    ['objective/kl'],
  ],
  ['an adaptive entropy bonus', { algorithm: { adaptiveEntropy: { target: 2 } } }, ['entropy']],
  ['a value function', { algorithm: { name: 'ppo' } }, ['val/explained_variance']],
  ['greedy baselines', { algorithm: { advantage: { estimator: 'remax' } } }, ['reward_std']],
];

describe('every metric of', () => {
  test.each(runs)('%s is of a reserved name', async (_, overrides, expected) => {
    const out = join(await temporaryFolder(), 'run');
    await runBandit(banditRecipe({ steps: 4, ...overrides }), { out });
    const names = new Set([...unrepeatable, ...(await lines(out, 'metrics.jsonl')).flatMap(Object.keys)]);
    expect([...names]).toEqual(expect.arrayContaining([...expected]));
    expect([...names].filter((name) => !isReservedMetric(name))).toEqual([]);
  });
});
