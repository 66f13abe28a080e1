import { describe, expect, test } from 'vitest';
import { DivergedError } from '../../src/errors.ts';
import type { TrainRollout } from '../../src/policy/batch/train-batch.ts';
import { byGroup } from '../../src/rollout/groups.ts';
import { greatestGap, mixed, rollOut, withAdvantages } from './rollouts.ts';
import { arraysOf, openTiny, type Tiny, trainedOf } from './tiny-policy.ts';

const adapters = ['lora', 'afa-lora'] as const;

async function update({ policy }: Tiny, rollouts: readonly TrainRollout[]) {
  return policy.update({ objective: 'rl', rollouts });
}

/** Names of the trained tensors that differ between two moments. */
function changed(before: ReturnType<typeof trainedOf>, after: ReturnType<typeof trainedOf>): string[] {
  return Object.keys(before).filter((name) => greatestGap(before[name]!, after[name]!) > 0);
}

describe.each(adapters)('one update of %s', (method) => {
  test('changes every tensor of the adapter and not a bit of the weights', async () => {
    const tiny = await openTiny({ recipe: { method }, trained: true });
    const base = Object.entries(tiny.base).map(([name, { data }]) => [name, data.slice()] as const);
    const before = trainedOf(tiny.policy);
    const rollouts = withAdvantages(await rollOut(tiny), mixed);
    const metrics = await update(tiny, rollouts);
    expect(metrics).toMatchObject({ learning_rate: 1e-2, skipped: 0 });
    expect(changed(before, trainedOf(tiny.policy))).toEqual(Object.keys(before));
    for (const [name, data] of base) expect(tiny.weights().base[name]!.data, name).toEqual(data);
  });

  test('of a fresh adapter changes every B, and A only from the second on', async () => {
    const tiny = await openTiny({ recipe: { method } });
    const first = trainedOf(tiny.policy);
    const rollouts = withAdvantages(await rollOut(tiny), mixed);
    await update(tiny, rollouts);
    const second = trainedOf(tiny.policy);
    expect(changed(first, second)).toEqual(Object.keys(first).filter((name) => name.includes('lora_B')));
    await update(tiny, rollouts);
    expect(changed(second, trainedOf(tiny.policy))).toEqual(Object.keys(first));
  });
});

describe('an update', () => {
  test('makes new arrays: those that a sampler may be reading stay as they are', async () => {
    const tiny = await openTiny({ trained: true });
    const snapshot = tiny.policy.snapshot();
    const rollouts = await rollOut(tiny);
    await update(tiny, withAdvantages(rollouts, mixed));
    const requests = byGroup(rollouts).map(([rollout]) => ({
      task: rollout!.task,
      messages: rollout!.messages,
    }));
    const again = await snapshot.sample(requests, { ...tiny.recipe.sampling, seed: 11 });
    expect(again).toEqual(rollouts);
    expect(await rollOut(tiny)).not.toEqual(rollouts);
  });

  test('leaves a state that was taken before it, moments and all, as it was', async () => {
    const tiny = await openTiny({ trained: true });
    const rollouts = withAdvantages(await rollOut(tiny), mixed);
    await update(tiny, rollouts);
    const state = tiny.policy.state();
    const copy = structuredClone(state);
    await update(tiny, rollouts);
    expect(state).toEqual(copy);
    const second = tiny.policy.state();
    // And from it the same update is taken again, to the bit.
    await tiny.policy.restore(state);
    await update(tiny, rollouts);
    expect(tiny.policy.state()).toEqual(second);
  });

  test('raises the log-probs of what was better and lowers those of what was worse', async () => {
    const tiny = await openTiny({
      trained: true,
      recipe: { optimizer: { lr: 1e-3 } },
      betas: () => [0.5, 0.5],
    });
    const rollouts = await rollOut(tiny);
    const gain = async () => {
      const { loss } = await update(tiny, withAdvantages(rollouts, mixed));
      return -loss!;
    };
    const before = await gain();
    expect(await gain()).toBeGreaterThan(before + 1e-4);
  });

  test('goes as far as the learning rate of its step', async () => {
    const warm = { lr: 4e-3, warmupSteps: 4 };
    const tiny = await openTiny({ trained: true, recipe: { optimizer: warm }, betas: () => [1, 1] });
    const rollouts = withAdvantages(await rollOut(tiny), mixed);
    const start = tiny.policy.state();
    const distances: number[] = [];
    for (const steps of [0, 1, 2]) {
      await tiny.policy.restore({
        ...start,
        data: { ...start.data, steps, anneal: { ...(start.data.anneal as object), step: steps } },
      });
      const { learning_rate: rate } = await update(tiny, rollouts);
      expect(rate).toBeCloseTo(steps * 1e-3, 9);
      distances.push(
        greatestGap(Object.values(trainedOf(tiny.policy)), Object.values(arraysOf(start, 'trained.'))),
      );
    }
    expect(distances[0]).toBe(0);
    expect(distances[2]! / distances[1]!).toBeCloseTo(2, 2);
  });

  test('with all advantages 0 changes nothing, but takes its step and moves β', async () => {
    const tiny = await openTiny({ trained: true, recipe: { steps: 10 } });
    const { policy } = tiny;
    const before = policy.state();
    expect(policy.beta).toBe(1);
    const metrics = await update(
      tiny,
      withAdvantages(await rollOut(tiny), () => 0),
    );
    expect(metrics).toMatchObject({ loss: 0, grad_norm: 0, skipped: 0 });
    expect(policy.state().arrays).toEqual(before.arrays);
    expect([policy.version, policy.beta]).toEqual([1, 1 - 1 / 3]);
  });

  test('leaves out groups without any advantage: the step is that of the others', async () => {
    const tiny = await openTiny({ trained: true });
    const rollouts = withAdvantages(await rollOut(tiny, { prompts: 4 }), (g, p) => (p < 2 ? mixed(g, p) : 0));
    const start = tiny.policy.state();
    const all = await update(tiny, rollouts);
    const full = arraysOf(tiny.policy.state(), 'expAvg.');
    await tiny.policy.restore(start);
    // The same tokens count in the denominators; only a very small advantage brings the other groups into the forward.
    const barely = rollouts.map((rollout) => ({ ...rollout, advantage: rollout.advantage || 1e-30 }));
    const forwarded = await update(tiny, barely);
    expect(
      greatestGap(Object.values(arraysOf(tiny.policy.state(), 'expAvg.')), Object.values(full)),
    ).toBeLessThan(1e-7);
    expect(forwarded.loss).toBeCloseTo(all.loss!, 6);
    // Their entropy is not known, so it does not count; with it the mean is another.
    await tiny.policy.restore(start);
    const alone = await update(
      tiny,
      rollouts.filter(({ group }) => group < 2),
    );
    expect(all.entropy).toBeCloseTo(alone.entropy!, 5);
    expect(Math.abs(all.entropy! - forwarded.entropy!)).toBeGreaterThan(1e-2);
    expect(forwarded['clip_ratio/region_mean']).toBeCloseTo(all['clip_ratio/region_mean']!, 6);
  });
});

describe('an update whose gradients are not finite', () => {
  const broken = (rollouts: readonly TrainRollout[]) =>
    rollouts.map((rollout) => (rollout.group === 1 ? { ...rollout, advantage: Number.NaN } : rollout));

  test('is skipped: it changes nothing, says so, and counts for β and the learning rate', async () => {
    const tiny = await openTiny({ trained: true, recipe: { optimizer: { lr: 1e-2, lrSchedule: 'linear' } } });
    const { policy } = tiny;
    const rollouts = withAdvantages(await rollOut(tiny), mixed);
    const before = policy.state();
    expect(await update(tiny, broken(rollouts))).toMatchObject({ skipped: 1 });
    expect(policy.state().arrays).toEqual(before.arrays);
    expect([policy.version, policy.beta]).toEqual([1, 1 - 1 / 3]);
    const next = await update(tiny, rollouts);
    expect(next).toMatchObject({ skipped: 0, learning_rate: 1e-2 * 0.9 });
    expect(changed(arraysOf(before, 'trained.'), trainedOf(policy)).length).toBeGreaterThan(0);
  });

  test('ends the run when it is the third in a row', async () => {
    const tiny = await openTiny({ trained: true });
    const rollouts = withAdvantages(await rollOut(tiny), mixed);
    const bad = broken(rollouts);
    await update(tiny, bad);
    await update(tiny, bad);
    // A good one in between starts the count anew.
    await update(tiny, rollouts);
    await update(tiny, bad);
    await update(tiny, bad);
    const third = update(tiny, bad);
    await expect(third).rejects.toThrow(DivergedError);
    await expect(third).rejects.toThrow(/not finite 3 steps in a row/);
  });
});
