import { stepsPerBatch } from '../../algorithm/algorithm-settings.ts';
import type { Recipe } from '../../recipe/recipe.ts';

/** How many batches a run draws. The last may get fewer steps than the others. */
export function batchCount({ steps, algorithm }: Pick<Recipe, 'steps' | 'algorithm'>): number {
  return Math.ceil(steps / stepsPerBatch(algorithm));
}
