import { trainWith } from './pipeline/train.ts';
import { openPolicy } from './workers/open-policy.ts';

export type { CausalLM, GenerateOptions } from './causal-lm/causal-lm.ts';
export { type LoadModelOptions, loadModel } from './causal-lm/load-model.ts';
export * from './errors.ts';
export { evaluate } from './evaluation/evaluate-model.ts';
export type { SaveOptions } from './model/save/save-model.ts';
export { defineRecipe, type Recipe, type RecipeInput } from './recipe/recipe.ts';
export type * from './types.ts';

/**
 * Trains a recipe's policy: a cold observable of the run's events. It ends with `done`, with `stopped` after `signal`
 * was aborted, or with an error; unsubscribing stops the run in the same way, silently.
 */
export const train = trainWith(openPolicy);
