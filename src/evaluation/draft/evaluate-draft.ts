import { promptOf } from '../../environment/ask-environment.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { completionMask } from '../../rollout/completion-mask.ts';
import { playEpisodes } from '../../rollout/episodes/play-episodes.ts';
import type { Sampler } from '../../rollout/sampler.ts';
import type { TokenAcceptance } from '../../rollout/token-acceptance.ts';
import type { AcceptanceResult, Rollout, Task } from '../../types.ts';
import { acceptedOf, estimateAcceptance, type MeasuredText } from './acceptance-estimate.ts';

/** A draft's target, and what measures the draft in its texts. */
export interface Drafted {
  readonly target: Sampler;
  readonly acceptance: (
    rollouts: readonly Rollout[],
    signal?: AbortSignal,
  ) => Promise<readonly TokenAcceptance[]>;
}

/** How a draft did, and the mean acceptance in the text of each task, [tasks]. */
export interface DraftEvaluation {
  readonly result: AcceptanceResult;
  readonly byTask: readonly number[];
}

/**
 * Measures a draft on held-out tasks: the target writes one text for each, with the recipe's sampling and a seed that
 * does not depend on the run's, so that all drafts are measured on the same texts.
 */
export async function evaluateDraft(
  { target, acceptance }: Drafted,
  recipe: Recipe,
  { tasks, signal }: { readonly tasks: readonly Task[]; readonly signal?: AbortSignal | undefined },
): Promise<DraftEvaluation> {
  const { env, sampling, draft } = recipe;
  const { batchSize, seed } = recipe.eval;
  const texts: MeasuredText[] = [];
  for (let start = 0; start < tasks.length; start += batchSize) {
    const part = tasks.slice(start, start + batchSize);
    const requests = part.map((task) => ({ task, messages: promptOf(env, task) }));
    const options = { ...sampling, groupSize: 1, seed: seed + start, signal };
    const rollouts = await playEpisodes(target, env, requests, options);
    const measured = await acceptance(rollouts, signal);
    for (const [i, rollout] of rollouts.entries())
      texts.push({ ...measured[i]!, mask: completionMask(rollout) });
  }
  return {
    result: estimateAcceptance(texts, draft.tokens),
    byTask: texts.map(
      (text) =>
        acceptedOf(text) /
        Math.max(
          1,
          text.mask.reduce((a, b) => a + b, 0),
        ),
    ),
  };
}
