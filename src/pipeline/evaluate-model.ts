import { parseRecipe, type RecipeInput } from '../config.ts';
import type { CausalLM } from '../model/causal-lm.ts';
import { loadModel } from '../model/load-model.ts';
import type { EvalResult, Split } from '../types.ts';
import { type EvalRow, evaluateGreedy } from './evaluate.ts';
import { greedyOptions } from './greedy.ts';
import { modelPlayer } from './model-player.ts';
import { nameRewards } from './name-rewards.ts';
import { firstTasks } from './task-source.ts';

/** Greedy evaluation of a loaded model on the first `eval.tasks` tasks of a recipe's split, with every answer. */
export async function evaluateModel(
  input: RecipeInput,
  { model, split }: { readonly model: CausalLM; readonly split: Split },
): Promise<{ readonly result: EvalResult; readonly rows: readonly EvalRow[] }> {
  const recipe = parseRecipe(input);
  return evaluateGreedy(modelPlayer(model), {
    sampling: greedyOptions(recipe),
    environment: recipe.env,
    tasks: await firstTasks(recipe.env, split, recipe.eval.tasks),
    rewards: nameRewards(recipe.rewards),
    batchSize: recipe.eval.batchSize,
    step: 0,
  });
}

/**
 * Evaluates a model greedily on the first `eval.tasks` tasks of a recipe's split.
 * @param options.model a loaded model, which stays the caller's, or what `loadModel` takes.
 * @throws InputError for a bad recipe, a model that can't be loaded, a split without tasks; RunError when a reward fails.
 */
export async function evaluate(
  recipe: RecipeInput,
  { model, split = 'test' }: { readonly model: CausalLM | string; readonly split?: Split },
): Promise<EvalResult> {
  if (typeof model !== 'string') return (await evaluateModel(recipe, { model, split })).result;
  const loaded = await loadModel(model, { engine: parseRecipe(recipe).runtime });
  try {
    return (await evaluateModel(recipe, { model: loaded, split })).result;
  } finally {
    await loaded.dispose();
  }
}
