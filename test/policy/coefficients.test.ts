import { lastValueFrom, tap, toArray } from 'rxjs';
import { describe, expect, test } from 'vitest';
import type { Coefficients } from '../../src/algorithm/coefficients.ts';
import { trainWith } from '../../src/pipeline/train.ts';
import type { Recipe } from '../../src/recipe/recipe.ts';
import { latestCheckpoint } from '../../src/run/checkpoint/list-checkpoints.ts';
import { loadCheckpoint } from '../../src/run/checkpoint/load-checkpoint.ts';
import { runPaths } from '../../src/run/folder/paths.ts';
import type { TrainEvent } from '../../src/types.ts';
import { lines } from '../pipeline/run.ts';
import { modelFolder, newPath } from './model-folder.ts';
import { mixed, rollOut, withAdvantages, withReference } from './rollouts.ts';
import { openTiny, openTinyRecipe, type Tiny, tinyRecipe } from './tiny-policy.ts';

/** Both coefficients move at every step: the KL of an adapter with B ≠ 0 is far above the target, the entropy below. */
const algorithm = {
  klCoef: 0.1,
  klControl: { type: 'adaptive', target: 1e-4, horizon: 100 },
  adaptiveEntropy: { target: 50, delta: 0.01 },
} as const;

describe('an update', () => {
  test('logs the coefficients that it was given, and the recipe’s own when it was given none', async () => {
    const { update } = await updates();
    expect(await update({ klCoef: 0.3, entropyCoef: 0.02 })).toMatchObject({
      kl_coef: 0.3,
      entropy_coef: 0.02,
    });
    expect(await update()).toMatchObject({ kl_coef: 0.1, entropy_coef: 0 });
    expect(await update()).toEqual(await update({ klCoef: 0.1, entropyCoef: 0 }));
  });

  test('multiplies its KL term and its entropy bonus by them', async () => {
    const { update } = await updates();
    const lossAt = async (klCoef: number, entropyCoef: number) =>
      (await update({ klCoef, entropyCoef })).loss!;
    const plain = await lossAt(0, 0);
    const [kl, entropy] = [(await lossAt(0.1, 0)) - plain, (await lossAt(0, 0.01)) - plain];
    expect(kl).toBeGreaterThan(1e-3);
    expect(entropy).toBeLessThan(-1e-3);
    expect((await lossAt(0.3, 0.04)) - plain).toBeCloseTo(3 * kl + 4 * entropy, 5);
  });

  /** Updates on one batch, each from the same start. */
  async function updates() {
    const tiny = await openTiny({ recipe: { algorithm }, trained: true });
    const { policy } = tiny;
    const rollouts = await withReference(policy, withAdvantages(await rollOut(tiny), mixed));
    const start = policy.state();
    const update = async (coefficients?: Coefficients) => {
      await policy.restore(start);
      const { compilations: _, ...metrics } = await policy.update(
        { objective: 'rl', rollouts },
        coefficients,
      );
      return metrics;
    };
    return { update };
  }
});

describe('a run', () => {
  const STEPS = 4;
  const recipe = tinyRecipe(modelFolder(), { steps: STEPS, algorithm });

  /** Runs to the end, or until `stopAt` steps are taken; a run stopped before is continued. */
  async function run(out: string, stopAt = STEPS, resume = false): Promise<Tiny> {
    let tiny: Tiny | undefined;
    const train = trainWith(async (parsed: Recipe) => {
      tiny = await openTinyRecipe(parsed, { trained: true });
      return tiny.policy;
    });
    const stop = new AbortController();
    const stopping = tap((event: TrainEvent) => {
      if (event.type === 'step' && event.metrics.step === stopAt - 1 && stopAt < STEPS) stop.abort();
    });
    const events$ = train(recipe, { out, resume, signal: stop.signal }).pipe(stopping, toArray());
    const events = await lastValueFrom(events$);
    expect(events.at(-1)!.type).toBe(stopAt < STEPS ? 'stopped' : 'done');
    return tiny!;
  }

  const coefficientsOf = async (out: string) =>
    (await loadCheckpoint((await latestCheckpoint(runPaths(out).checkpoints))!.path)).coefficients;

  test('moves the coefficients by what each step measured, and carries them on when it is resumed', async () => {
    const [whole, pieces] = [newPath(), newPath()];
    const one = await run(whole);
    const metrics = await lines(whole, 'metrics.jsonl');
    expect(metrics.map((step) => step.kl_coef)).toEqual(
      [0, 1, 2, 3].map((step) => expect.closeTo(0.1 * (1 + 0.2 * 0.12) ** step, 9)),
    );
    expect(metrics.map((step) => step.entropy_coef)).toEqual(
      [0, 1, 2, 3].map((step) => expect.closeTo(0.01 * step, 12)),
    );

    await run(pieces, 2);
    expect((await coefficientsOf(pieces)).klCoef).toBeCloseTo(0.1 * (1 + 0.2 * 0.12) ** 2, 9);
    const other = await run(pieces, STEPS, true);
    expect(await lines(pieces, 'metrics.jsonl')).toEqual(metrics);
    expect(other.policy.state()).toEqual(one.policy.state());
    expect(await coefficientsOf(pieces)).toEqual(await coefficientsOf(whole));
  });
});
