import { lastValueFrom, tap } from 'rxjs';
import { expect, test } from 'vitest';
import { train } from '../../src/index.ts';
import { modelFolder, newPath } from '../policy/model-folder.ts';
import { expectSame } from '../policy/same-run.ts';
import { type RecipeOverrides, tinyRecipe } from '../policy/tiny-policy.ts';

/** Milliseconds after the start of a run, or of what goes on with it, at which it is stopped. */
const MOMENTS = [0, 15, 40, 70, 100, 130, 170, 210, 260, 320];

const ppo = { name: 'ppo', numIterations: 2, stepsPerGeneration: 2, klCoef: 0.1 } as const;

const settings: [name: string, recipe: RecipeOverrides, moments: readonly number[]][] = [
  ['one step a batch', {}, MOMENTS],
  ['the sampler one batch ahead', { sampling: { maxOffPolicySteps: 1 } }, MOMENTS],
  [
    'a value function, several steps a batch, the trainer’s own log-probs',
    {
      algorithm: { ...ppo, samplerCorrection: { mode: 'token_truncate' } },
      sampling: { maxOffPolicySteps: 1 },
    },
    MOMENTS,
  ],
  ['supervised', { objective: 'sft' }, MOMENTS],
  ['a thread for the policy', { runtime: { worker: true } }, [40, 120]],
];

test.each(settings)(
  'stopped at any moment a run goes on to the same bits: %s',
  async (_, overrides, moments) => {
    const recipe = tinyRecipe(modelFolder({ eosTokenIds: [2, 3, 4, 5, 6, 7, 8] }), {
      steps: 4,
      ...overrides,
      sampling: { groupSize: 4, promptsPerStep: 4, maxNewTokens: 12, ...overrides.sampling },
      optimizer: { lr: 3e-3, microBatchSize: 2 },
      eval: { every: 2, tasks: 6, batchSize: 2 },
    });
    const [whole, pieces] = [newPath(), newPath()];
    await lastValueFrom(train(recipe, { out: whole }));

    const steps: number[] = [];
    let ended = false;
    for (const [i, moment] of moments.entries()) {
      const stop = new AbortController();
      const events = train(recipe, { out: pieces, resume: i > 0, signal: stop.signal });
      const last = await lastValueFrom(
        events.pipe(tap(({ type }) => type === 'start' && setTimeout(() => stop.abort(), moment))),
      );
      ended = last.type === 'done';
      if (ended) break;
      expect(last.type).toBe('stopped');
      if (last.type === 'stopped') steps.push(last.step);
    }
    expect(steps.length).toBeGreaterThanOrEqual(2);
    if (!ended) await lastValueFrom(train(recipe, { out: pieces, resume: true }));
    await expectSame(pieces, whole);
  },
);
