import { from, lastValueFrom, map, type OperatorFunction, of, pipe, toArray } from 'rxjs';
import { describe, expect, test } from 'vitest';
import type { Permit } from '../../../src/pipeline/batch/batches.ts';
import { type DrawRollouts, refill } from '../../../src/pipeline/batch/refill.ts';
import { byGroup, regrouped } from '../../../src/rollout/groups.ts';
import type { RolloutBatch, ScoredRollout } from '../../../src/types.ts';
import { Bandit } from '../bandit.ts';

const policy = new Bandit({ steps: 3 }).snapshot();
const permit = (index: number): Permit => ({ index, policy, reward: undefined });

/** The rollouts of one prompt by their rewards; every second completion was cut off where `cut` says so. */
function rolloutsOfPrompt(id: string, rewards: readonly number[], cut = false): ScoredRollout[] {
  return rewards.map((reward, g) => ({
    group: 0,
    task: { id },
    messages: [],
    promptIds: [],
    tokenIds: [],
    logprobs: [],
    text: '',
    finishReason: cut && g % 2 === 1 ? 'length' : 'eos',
    beta: 1,
    policyVersion: 0,
    scores: [],
    reward,
  }));
}

/**
 * Draws prompts off a list, each the rewards of its rollouts; `draws` keeps how many were asked for, and for which
 * batch.
 */
function drawing(list: readonly (readonly number[])[]) {
  const draws: [batch: number, prompts: number][] = [];
  let next = 0;
  const draw: DrawRollouts = (prompts): OperatorFunction<Permit, RolloutBatch<ScoredRollout>> =>
    pipe(
      map(({ index }) => {
        draws.push([index, prompts]);
        const drawn = Array.from({ length: prompts }, () => rolloutsOfPrompt(String(next), list[next++]!));
        const rollouts = regrouped(drawn);
        return { index, rollouts, policyVersion: 0, beta: 1, metrics: { from: rollouts[0]!.reward } };
      }),
    );
  return { draw, draws };
}

/** Ids of a batch's tasks, one a group. */
const ids = ({ rollouts }: RolloutBatch) => byGroup(rollouts).map(([rollout]) => rollout!.task.id);
const [flat, telling] = [
  [0, 0],
  [0, 1],
];

describe('dynamic sampling', () => {
  test('draws others for the groups that tell nothing, until all tell something', async () => {
    const { draw, draws } = drawing([flat, telling, flat, flat, telling, telling]);
    const batch = await lastValueFrom(of(permit(3)).pipe(refill(draw, { prompts: 3, maxTries: 5 })));
    expect(draws).toEqual([
      [3, 3],
      [3, 2],
      [3, 1],
    ]);
    expect(ids(batch)).toEqual(['1', '4', '5']);
    expect(batch).toMatchObject({ index: 3, policyVersion: 0, beta: 1 });
    expect(batch.metrics).toEqual({
      from: 0,
      'dynamic_sampling/tries': 3,
      'dynamic_sampling/dropped': 3,
      'dynamic_sampling/flat': 0,
    });
  });

  test('gives up after so many tries and fills up with what there is', async () => {
    const { draw, draws } = drawing([flat, telling, flat, flat, flat, telling]);
    const batch = await lastValueFrom(of(permit(0)).pipe(refill(draw, { prompts: 3, maxTries: 2 })));
    expect(draws).toHaveLength(2);
    expect(ids(batch)).toEqual(['1', '0', '2']);
    expect(batch.metrics).toMatchObject({
      'dynamic_sampling/tries': 2,
      'dynamic_sampling/dropped': 2,
      'dynamic_sampling/flat': 2,
    });
  });

  test('numbers the groups of all tries anew from 0, in the batch’s order', async () => {
    // Tries: 0 flat, 1 telling; then 2 telling alone. Their own numbers were 0 and 1, then 0.
    const { draw } = drawing([flat, telling, telling]);
    const batch = await lastValueFrom(of(permit(0)).pipe(refill(draw, { prompts: 2, maxTries: 2 })));
    expect(batch.rollouts.map(({ group, task }) => [group, task.id])).toEqual([
      [0, '1'],
      [0, '1'],
      [1, '2'],
      [1, '2'],
    ]);
    // Nothing tells anything: two flat ones out of tries of two each, numbered 0 and 1 both times.
    const none = drawing([flat, flat, flat, flat]);
    const left = await lastValueFrom(of(permit(0)).pipe(refill(none.draw, { prompts: 2, maxTries: 2 })));
    expect(left.rollouts.map(({ group, task }) => [group, task.id])).toEqual([
      [0, '0'],
      [0, '0'],
      [1, '1'],
      [1, '1'],
    ]);
  });

  test('draws once when nothing is missing', async () => {
    const { draw, draws } = drawing([telling, telling]);
    const batch = await lastValueFrom(of(permit(0)).pipe(refill(draw, { prompts: 2, maxTries: 9 })));
    expect([draws.length, ids(batch)]).toEqual([1, ['0', '1']]);
  });

  test('finishes one batch before it draws for the next', async () => {
    const { draw, draws } = drawing([flat, telling, telling, telling]);
    const options = { prompts: 1, maxTries: 3 };
    const permits$ = from([0, 1, 2].map(permit));
    const batches = await lastValueFrom(permits$.pipe(refill(draw, options), toArray()));
    expect(draws.map(([index]) => index)).toEqual([0, 0, 1, 2]);
    expect(batches.flatMap(ids)).toEqual(['1', '2', '3']);
  });

  test('counts a missing end as a difference where it costs something', async () => {
    const draw: DrawRollouts = () =>
      map(({ index }) => ({
        index,
        policyVersion: 0,
        beta: 1,
        metrics: {},
        rollouts: rolloutsOfPrompt('cut', [1, 1], true),
      }));
    const flatGroups = async (missingEosPenalty: number) => {
      const options = { prompts: 1, maxTries: 1, missingEosPenalty };
      const batch = await lastValueFrom(of(permit(0)).pipe(refill(draw, options)));
      return batch.metrics['dynamic_sampling/flat'];
    };
    expect([await flatGroups(0), await flatGroups(0.5)]).toEqual([1, 0]);
  });

  test('adds up the tasks that a curriculum passed over, and the prompts that were cut, in every try', async () => {
    const { draw } = drawing([flat, flat, telling]);
    let tries = 0;
    const counting: DrawRollouts = (prompts) =>
      pipe(
        draw(prompts),
        map((batch) => {
          tries++;
          const cut = tries > 1 && { 'prompts/truncated': tries };
          return { ...batch, metrics: { ...batch.metrics, 'curriculum/passed_over': tries * 10, ...cut } };
        }),
      );
    const batch = await lastValueFrom(of(permit(0)).pipe(refill(counting, { prompts: 1, maxTries: 5 })));
    expect(batch.metrics).toMatchObject({ 'curriculum/passed_over': 60, 'prompts/truncated': 5 });
  });

  test('counts a group as telling only by completions that a reward applied to', async () => {
    const { draw } = drawing([[Number.NaN, 1], telling]);
    const batch = await lastValueFrom(of(permit(0)).pipe(refill(draw, { prompts: 1, maxTries: 2 })));
    expect(ids(batch)).toEqual(['1']);
  });
});
