import { lastValueFrom, tap, toArray } from 'rxjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stepsPerBatch } from '../../src/algorithm/algorithm-settings.ts';
import { isReservedMetric } from '../../src/environment/scoring/reserved-metrics.ts';
import { type TrainEvent, train } from '../../src/index.ts';
import { blocking } from '../../src/model/attention/places.ts';
import { batchCount } from '../../src/pipeline/session/batch-count.ts';
import { parseRecipe, type RecipeInput } from '../../src/recipe/recipe.ts';
import { lines } from '../pipeline/run.ts';
import { modelFolder, newPath } from './model-folder.ts';
import { expectSame } from './same-run.ts';
import { type RecipeOverrides, tinyRecipe } from './tiny-policy.ts';

const STEPS = 4;

const settings: [name: string, recipe: RecipeOverrides, blocked?: typeof blocking][] = [
  ['one step a batch, no lag', {}],
  ['the sampler one batch ahead', { sampling: { maxOffPolicySteps: 1 } }],
  ['two steps a batch', { algorithm: { numIterations: 2 } }],
  ['micro-batches by tokens', { optimizer: { lr: 3e-3, microBatchTokens: 40 } }],
  ['anneal_kl on a sample', { metrics: { annealKlTokens: 20 } }],
  ['full fine-tuning with KL', { method: 'full', algorithm: { klCoef: 0.1 } }],
  [
    'full fine-tuning with moments in bfloat16',
    { method: 'full', optimizer: { lr: 3e-3, stateDtype: 'bfloat16' } },
  ],
  ['supervised', { objective: 'sft' }],
  ['supervised examples that share rows', { objective: 'sft', optimizer: { lr: 3e-3, packing: 32 } }],
  ['a draft of the first layer', { objective: 'draft', draft: { layers: 1 } }],
  [
    'a draft of the first layer, fully trained, the sampler one batch ahead',
    {
      objective: 'draft',
      draft: { layers: 1, loss: 'tv' },
      method: 'full',
      sampling: { maxOffPolicySteps: 1 },
    },
  ],
  ['layers computed again', { runtime: { recompute: 'always' } }],
  ['attention in blocks', {}, { keys: 5, queries: 4 }],
  ['attention in blocks, computed again', { runtime: { recompute: 'always' } }, { keys: 5, queries: 4 }],
  ['a base of 4 bits', { runtime: { baseDtype: 'q4' } }],
  ['a base of 8 bits, supervised', { objective: 'sft', runtime: { baseDtype: 'q8' } }],
  [
    'PPO: a value head, shuffled minibatches, an adaptive KL penalty',
    {
      algorithm: {
        name: 'ppo',
        numIterations: 2,
        stepsPerGeneration: 2,
        klCoef: 0.1,
        klControl: { type: 'adaptive', target: 0.01, horizon: 100 },
      },
      sampling: { maxOffPolicySteps: 1 },
    },
  ],
  [
    'PPO that stops early',
    { algorithm: { name: 'ppo', numIterations: 3, targetKl: 1e-5, valueCoef: 1 }, optimizer: { lr: 1e-2 } },
  ],
  [
    'an adaptive anneal that is held back',
    { adapter: { schedule: { kind: 'adaptive', fraction: 1, slack: 0.6, maxAnnealKl: 1e-7 } } },
  ],
];

/**
 * The step at which a run that is told to stop after `step` steps began the first batch that may still be in flight
 * then, and goes back to where it is; `step` where none can be.
 */
function beginOfFlight(recipe: RecipeInput, step: number): number {
  const { sampling, algorithm, steps } = parseRecipe(recipe);
  const perBatch = stepsPerBatch(algorithm);
  const first = Math.ceil(step / perBatch);
  if (first >= batchCount({ steps, algorithm })) return step;
  return Math.min(step, Math.max(0, first - sampling.maxOffPolicySteps) * perBatch);
}

describe.each(settings)('a run with %s', (_, overrides, blocked) => {
  const usual = { ...blocking };
  beforeAll(() => void Object.assign(blocking, blocked));
  afterAll(() => void Object.assign(blocking, usual));
  // Its rows are whole blocks, so that every matrix is rounded.
  const fixture = overrides.runtime?.baseDtype ? 'llama-bf16' : 'llama-tied';
  const recipe = tinyRecipe(modelFolder({ fixture, eosTokenIds: [2, 3, 4, 5, 6, 7, 8] }), {
    steps: STEPS,
    ...overrides,
    ...(overrides.method !== 'full' && {
      adapter: {
        rank: 2,
        targetModules: ['k_proj', 'down_proj'],
        schedule: { fraction: 0.7 },
        ...overrides.adapter,
      },
    }),
    sampling: {
      groupSize: 4,
      promptsPerStep: 2,
      maxNewTokens: 4,
      temperature: 0.9,
      topP: 0.95,
      ...overrides.sampling,
    },
    optimizer: { lr: 3e-3, lrSchedule: 'cosine', ...overrides.optimizer },
    eval: { every: 2, tasks: 3 },
  });

  /** Runs until as many steps are taken, or to the end; a run stopped before is continued. */
  async function run(out: string, steps: number, resume = false) {
    const stop = new AbortController();
    if (steps === 0) stop.abort();
    const onEvent = tap({
      next: (event: TrainEvent) => {
        if (event.type === 'step' && event.metrics.step === steps - 1 && steps < STEPS) stop.abort();
      },
    });
    const events = await lastValueFrom(
      train(recipe, { out, resume, signal: stop.signal }).pipe(onEvent, toArray()),
    );
    return events.at(-1)!;
  }

  test('is the same to the bit when repeated, and when stopped and resumed at every step', async () => {
    const [whole, again, pieces] = [newPath(), newPath(), newPath()];
    expect((await run(whole, STEPS)).type).toBe('done');
    await run(again, STEPS);
    await expectSame(again, whole);

    let reached = 0;
    for (let step = 0; step < STEPS; step++) {
      const last = await run(pieces, step, step > 0);
      if (last.type !== 'stopped') throw new Error(`ended with ${last.type}`);
      expect(last.step).toBeLessThanOrEqual(step);
      expect(last.step).toBeGreaterThanOrEqual(Math.max(reached, beginOfFlight(recipe, step)));
      reached = last.step;
    }
    expect((await run(pieces, STEPS, true)).type).toBe('done');
    await expectSame(pieces, whole);

    const metrics = await lines(pieces, 'metrics.jsonl');
    expect(metrics.flatMap(Object.keys).filter((name) => !isReservedMetric(name))).toEqual([]);
    const early = recipe.algorithm?.targetKl !== undefined;
    if (early) expect(metrics.map(({ stopped_early }) => stopped_early)).toEqual([0, 0, 1, 0]);
    for (const { grad_norm, stopped_early } of metrics)
      if (!stopped_early) expect(grad_norm).toBeGreaterThan(0);
    const betas = metrics.map(({ beta }) => beta);
    if (recipe.method === 'full') expect(betas).toEqual([0, 0, 0, 0]);
    else if (recipe.adapter?.schedule?.kind === 'adaptive') {
      // Held back to where no linear schedule would be, until the horizon.
      expect(betas.slice(1).every((beta) => (beta as number) > 0.8 && (beta as number) < 1)).toBe(true);
      expect(metrics.at(-1)).toMatchObject({ anneal_kl_exceeded: 1 });
    } else expect(betas).toEqual([1, 1 - 1 / 3, 1 - 2 / 3, 0]);
  });
});
