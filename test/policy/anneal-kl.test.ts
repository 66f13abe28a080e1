import { describe, expect, test } from 'vitest';
import type { TrainRollout } from '../../src/policy/batch/train-batch.ts';
import type { UpdateMetrics } from '../../src/policy/policy.ts';
import type { Rollout } from '../../src/types.ts';
import { mixed, rollOut, withAdvantages } from './rollouts.ts';
import { openTiny, type RecipeOverrides, type Tiny } from './tiny-policy.ts';

const schedule = (settings: NonNullable<NonNullable<RecipeOverrides['adapter']>['schedule']>) => ({
  adapter: { schedule: settings },
});

const update = ({ policy }: Tiny, rollouts: readonly TrainRollout[]) =>
  policy.update({ objective: 'rl', rollouts });

/** Steps with the same batch, and β of the first layer after each. */
async function steps(tiny: Tiny, count: number): Promise<{ metrics: UpdateMetrics; beta: number }[]> {
  const rollouts = withAdvantages(await rollOut(tiny), mixed);
  const out = [];
  for (let i = 0; i < count; i++) {
    const metrics = await update(tiny, rollouts);
    out.push({ metrics, beta: tiny.policy.beta });
  }
  return out;
}

/** Mean over completion tokens of Σ_v π·log(π/π′), from the logits of whole texts under two β, in float64. */
async function byHand(tiny: Tiny, rollouts: readonly Rollout[], betas: readonly [number[], number[]]) {
  const { programs, recipe } = tiny;
  let [sum, tokens] = [0, 0];
  for (const { promptIds, tokenIds } of rollouts) {
    const text = [...promptIds, ...tokenIds];
    const ids = { data: Int32Array.from(text), shape: [1, text.length], dtype: 'int32' } as const;
    const [p, q] = await Promise.all(betas.map((at) => programs.logits(tiny.weights(at), ids)));
    const vocabulary = p!.shape[2]!;
    for (let t = 0; t < tokenIds.length; t++) {
      const at = (promptIds.length - 1 + t) * vocabulary;
      const [x, y] = [p!, q!].map(({ data }) =>
        logSoftmax(data.subarray(at, at + vocabulary), recipe.sampling.temperature),
      ) as [number[], number[]];
      sum += x.reduce((kl, logp, v) => kl + Math.exp(logp) * (logp - y[v]!), 0);
      tokens++;
    }
  }
  return sum / tokens;
}

function logSoftmax(row: ArrayLike<number>, temperature: number): number[] {
  const logits = Array.from(row, (x) => x / temperature);
  const peak = Math.max(...logits);
  const total = Math.log(logits.reduce((sum, x) => sum + Math.exp(x - peak), 0)) + peak;
  return logits.map((x) => x - total);
}

describe('anneal_kl', () => {
  test('is the KL over the whole vocabulary between β as it was and as it will be, at the weights after the step', async () => {
    const sampling = { groupSize: 4, promptsPerStep: 3, maxNewTokens: 8, temperature: 0.8 };
    const tiny = await openTiny({
      trained: true,
      recipe: { steps: 10, sampling, ...schedule({ fraction: 0.3, layerOffset: 0.5 }) },
    });
    const rollouts = withAdvantages(await rollOut(tiny), mixed);
    await update(tiny, rollouts);
    const { anneal_kl: kl } = await update(tiny, rollouts);
    // E = 3, o = 1/2: the layers' windows are 0 to 1.5 and 1.5 to 3.
    const expected = await byHand(tiny, rollouts, [
      [1 / 3, 1],
      [0, 2 / 3],
    ]);
    expect(expected).toBeGreaterThan(1e-3);
    expect(kl).toBeCloseTo(expected, 5);
  });

  test('on a sample of one text is the mean over the tokens of a text, drawn by seed and step', async () => {
    const opened = () => openTiny({ trained: true, recipe: { steps: 10, metrics: { annealKlTokens: 1 } } });
    const [tiny, again] = [await opened(), await opened()];
    const rollouts = withAdvantages(await rollOut(tiny), mixed);
    const told: number[] = [];
    for (let step = 0; step < 3; step++) {
      const { anneal_kl: kl } = await update(tiny, rollouts);
      const means: number[] = [];
      for (const rollout of rollouts) {
        const [from, to] = [1 - step / 3, 1 - (step + 1) / 3];
        const betas: [number[], number[]] = [
          [from, from],
          [to, to],
        ];
        means.push(await byHand(tiny, [rollout], betas));
      }
      const which = means.findIndex((mean) => Math.abs(mean - kl!) < 1e-6 + 1e-4 * mean);
      expect(which).toBeGreaterThanOrEqual(0);
      told.push(which);
      expect((await update(again, rollouts)).anneal_kl).toBe(kl);
    }
    expect(new Set(told).size).toBeGreaterThan(1);
  });

  test('does not depend on how the batch is cut', async () => {
    const kls = [];
    for (const microBatchSize of [64, 3]) {
      const optimizer = { lr: 1e-2, microBatchSize };
      const tiny = await openTiny({ trained: true, recipe: { optimizer } });
      kls.push((await steps(tiny, 1))[0]!.metrics.anneal_kl!);
    }
    expect(kls[1]).toBeCloseTo(kls[0]!, 6);
  });

  test('is told of every move of β, the jump from 1/steps to 0 after the last step too, and of no other step', async () => {
    const told = async (recipe: RecipeOverrides, count: number) =>
      (await steps(await openTiny({ trained: true, recipe }), count)).map(
        ({ metrics }) => metrics.anneal_kl !== undefined,
      );
    expect(await told({ steps: 3, ...schedule({ fraction: 1 }) }, 3)).toEqual([true, true, true]);
    expect(await told({ steps: 10, ...schedule({ fraction: 0.2 }) }, 4)).toEqual([true, true, false, false]);
    expect(await told({ steps: 4, method: 'lora' }, 2)).toEqual([false, false]);
    expect(await told({ steps: 4, method: 'full' }, 1)).toEqual([false]);
    const held = {
      algorithm: { numIterations: 2, annealPer: 'batch' },
      ...schedule({ fraction: 1 }),
    } as const;
    expect(await told({ steps: 4, ...held }, 4)).toEqual([false, true, false, true]);
  });

  test('costs nothing when it is not asked for', async () => {
    const tiny = await openTiny({ trained: true, recipe: { steps: 10, metrics: { annealKl: false } } });
    const [first] = await steps(tiny, 1);
    expect(first!.metrics.anneal_kl).toBeUndefined();
    const measured = await openTiny({ trained: true, recipe: { steps: 10 } });
    const [other] = await steps(measured, 1);
    expect(other!.metrics.compilations).toBe(first!.metrics.compilations! + 1);
  });
});

describe('maxAnnealKl', () => {
  const guarded = (maxAnnealKl: number | undefined) => ({
    steps: 6,
    ...schedule({ fraction: 0.5, ...(maxAnnealKl !== undefined && { maxAnnealKl }) }),
  });

  test('cuts a move of β short, which catches up later, and at the horizon gives way', async () => {
    const free = await steps(await openTiny({ trained: true, recipe: guarded(undefined) }), 4);
    const limit = free[0]!.metrics.anneal_kl! / 4;
    const kept = await steps(await openTiny({ trained: true, recipe: guarded(limit) }), 4);
    expect(free.map(({ beta }) => beta)).toEqual([expect.closeTo(2 / 3, 9), expect.closeTo(1 / 3, 9), 0, 0]);
    for (const { metrics, beta } of kept.slice(0, 2)) {
      expect(metrics).toMatchObject({ anneal_kl_exceeded: 0 });
      expect(metrics.anneal_kl).toBeLessThanOrEqual(limit);
      // The bound is used, not merely held.
      expect(metrics.anneal_kl).toBeGreaterThan(limit / 2);
      expect(beta).toBeLessThan(1);
    }
    expect(kept[0]!.beta).toBeGreaterThan(2 / 3 + 0.05);
    expect(kept[1]!.beta).toBeLessThan(kept[0]!.beta);
    expect(kept[2]!.beta).toBe(0);
    expect(kept[2]!.metrics).toMatchObject({ anneal_kl_exceeded: 1 });
    expect(kept[3]!.metrics.anneal_kl).toBeUndefined();
  });

  test('leaves moves alone that are short enough', async () => {
    const free = await steps(await openTiny({ trained: true, recipe: guarded(undefined) }), 3);
    const kept = await steps(await openTiny({ trained: true, recipe: guarded(10) }), 3);
    expect(kept.map(({ beta }) => beta)).toEqual(free.map(({ beta }) => beta));
    for (const { metrics } of kept) expect(metrics).toMatchObject({ anneal_kl_exceeded: 0 });
  });
});
