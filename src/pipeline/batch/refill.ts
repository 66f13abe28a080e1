import { concatMap, EMPTY, expand, last, map, type Observable, type OperatorFunction, of } from 'rxjs';
import { byGroup, regrouped } from '../../rollout/groups.ts';
import { hasEnded } from '../../rollout/has-ended.ts';
import type { RolloutBatch, ScoredRollout } from '../../types.ts';
import { DROPPED, PASSED_OVER, type Permit, TRUNCATED } from './batches.ts';

/** Draws, samples and scores a number of prompts on a permit. */
export type DrawRollouts = (prompts: number) => OperatorFunction<Permit, RolloutBatch<ScoredRollout>>;

export interface RefillOptions {
  /** P */
  readonly prompts: number;
  /** The greatest number of times that a batch is sampled, the first time included. */
  readonly maxTries: number;
  /** Subtracted from the reward of a completion that did not end by itself. */
  readonly missingEosPenalty?: number;
}

/** The rollouts of one prompt. */
type Group = readonly ScoredRollout[];

/** A batch that is being filled. */
interface Filling {
  readonly tries: number;
  /** The first try's batch. Its metrics are logged, because its prompts were not selected by their rewards. */
  readonly first?: RolloutBatch<ScoredRollout>;
  /** What counts in every try, by its metric: tasks that a curriculum passed over, prompts that were cut. */
  readonly counts: Readonly<Record<string, number>>;
  readonly telling: readonly Group[];
  /** Groups whose completions all scored alike. */
  readonly flat: readonly Group[];
}

/**
 * Dynamic sampling (DAPO, https://arxiv.org/abs/2503.14476): fills each batch with groups whose rewards differ, drawing
 * other prompts for those that tell nothing. After `maxTries` it goes on with what there is. Batch after batch, each
 * with all its tries, so that what is drawn for one never depends on timing. Metrics curriculum/passed_over,
 * prompts/truncated and prompts/dropped are those of all tries. Metrics dynamic_sampling/tries, /dropped (groups
 * sampled in vain) and /flat (groups that tell nothing all the same).
 */
export function refill(
  draw: DrawRollouts,
  options: RefillOptions,
): OperatorFunction<Permit, RolloutBatch<ScoredRollout>> {
  const start: Filling = { tries: 0, counts: {}, telling: [], flat: [] };
  const { missingEosPenalty = 0 } = options;
  const telling = (group: Group) => tells(group, missingEosPenalty);
  return concatMap((permit) =>
    of(start).pipe(
      expand((filling) => again(filling, permit)),
      last(),
      map((filling) => filled(filling, options)),
    ),
  );

  function again(filling: Filling, permit: Permit): Observable<Filling> {
    const missing = options.prompts - filling.telling.length;
    if (missing === 0 || filling.tries === options.maxTries) return EMPTY;
    return of(permit).pipe(
      draw(missing),
      map((batch) => {
        const groups = byGroup(batch.rollouts);
        return {
          tries: filling.tries + 1,
          first: filling.first ?? batch,
          counts: addedUp(filling.counts, batch.metrics),
          telling: [...filling.telling, ...groups.filter(telling)],
          flat: [...filling.flat, ...groups.filter((group) => !telling(group))],
        };
      }),
    );
  }
}

/** Whether two of the group's completions were rewarded differently. */
function tells(group: Group, missingEosPenalty: number): boolean {
  const scored = group
    .map((rollout) => (hasEnded(rollout) ? rollout.reward : rollout.reward - missingEosPenalty))
    .filter((reward) => !Number.isNaN(reward));
  return scored.some((reward) => reward !== scored[0]);
}

function addedUp(counts: Filling['counts'], metrics: Filling['counts']): Filling['counts'] {
  const counted = [PASSED_OVER, TRUNCATED, DROPPED].filter((name) => name in metrics);
  return {
    ...counts,
    ...Object.fromEntries(counted.map((name) => [name, (counts[name] ?? 0) + metrics[name]!])),
  };
}

function filled({ tries, first, counts, telling, flat }: Filling, { prompts }: RefillOptions) {
  const left = flat.slice(0, prompts - telling.length);
  return {
    ...first!,
    rollouts: regrouped([...telling, ...left]),
    metrics: {
      ...first!.metrics,
      ...counts,
      'dynamic_sampling/tries': tries,
      'dynamic_sampling/dropped': flat.length - left.length,
      'dynamic_sampling/flat': left.length,
    },
  };
}
