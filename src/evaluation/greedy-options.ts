import type { Recipe } from '../recipe/recipe.ts';
import type { EpisodeOptions } from '../rollout/episodes/play-episodes.ts';

/** Greedy decoding with a recipe's limits; nothing else of its sampling applies. */
export function greedyOptions({ sampling }: Pick<Recipe, 'sampling'>): EpisodeOptions {
  const { maxNewTokens, maxPromptLength, cacheGB, maxTurns, stepTimeout, parallelSteps, stop } = sampling;
  const off = { temperature: 0, topP: 1, topK: 0, minP: 0, repetitionPenalty: 1, seed: 0 };
  const episodes = { maxTurns, stepTimeout, parallelSteps };
  return { groupSize: 1, maxNewTokens, maxPromptLength, stop, cacheGB, ...episodes, ...off };
}
