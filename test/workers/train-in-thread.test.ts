import { lastValueFrom, tap, toArray } from 'rxjs';
import { expect, test } from 'vitest';
import { train } from '../../src/index.ts';
import { modelFolder, newPath } from '../policy/model-folder.ts';
import { expectSame } from '../policy/same-run.ts';
import { type RecipeOverrides, tinyRecipe } from '../policy/tiny-policy.ts';

const settings: [name: string, recipe: RecipeOverrides][] = [
  ['LoRA', { method: 'lora' }],
  ['the sampler one batch ahead', { sampling: { maxOffPolicySteps: 1 } }],
  ['full fine-tuning with KL', { method: 'full', algorithm: { klCoef: 0.1 } }],
  ['supervised, on a base of 4 bits', { objective: 'sft', runtime: { baseDtype: 'q4' } }],
];

test.each(settings)('with and without a thread a run is the same to the bit: %s', async (_, overrides) => {
  const folder = modelFolder({
    fixture: overrides.runtime ? 'llama-bf16' : 'llama-tied',
    eosTokenIds: [2, 3, 4, 5, 6, 7, 8],
  });
  const recipe = (worker: boolean) =>
    tinyRecipe(folder, {
      steps: 3,
      ...overrides,
      sampling: { groupSize: 4, promptsPerStep: 2, maxNewTokens: 4, ...overrides.sampling },
      optimizer: { lr: 3e-3 },
      eval: { every: 2, tasks: 3 },
      runtime: { ...overrides.runtime, worker },
    });

  const [without, within] = [newPath(), newPath()];
  await lastValueFrom(train(recipe(false), { out: without }));
  const stop = new AbortController();
  const first = train(recipe(true), { out: within, signal: stop.signal }).pipe(
    tap((event) => event.type === 'step' && event.metrics.step === 1 && stop.abort()),
    toArray(),
  );
  expect((await lastValueFrom(first)).at(-1)).toMatchObject({ type: 'stopped', step: 2 });
  const events = train(recipe(true), { out: within, resume: true });
  expect(await lastValueFrom(events)).toMatchObject({ type: 'done' });
  await expectSame(within, without);
});
