import type { CausalLM } from '../causal-lm/causal-lm.ts';
import { loadModel } from '../causal-lm/load-model.ts';
import { modelSampler } from '../causal-lm/model-sampler.ts';
import { nameRewards } from '../environment/scoring/name-rewards.ts';
import { InputError } from '../errors.ts';
import { parseRecipe, type RecipeInput } from '../recipe/recipe.ts';
import { usesPrompt } from '../rollout/seen-prompt.ts';
import type { EvalResult, TaskPart } from '../types.ts';
import { modelDrafted, withTarget } from './draft/model-drafted.ts';
import type { EvalRow } from './evaluate-greedy.ts';
import { evaluateHeldOut } from './evaluate-held-out.ts';
import { evaluateSamples } from './evaluate-samples.ts';
import { evaluationTasks } from './evaluation-tasks.ts';

export interface EvaluateOptions {
  /** The recipe's `eval.split` when left out. */
  readonly split?: TaskPart | undefined;
  /** Also sample every task this many times, for avg@n, pass@k and maj@n. */
  readonly samples?: number;
  /** Temperature of the samples; the recipe's when left out. */
  readonly temperature?: number;
  /** The target of a draft, with objective 'draft'; it stays the caller's. */
  readonly target?: CausalLM | undefined;
  /** Aborting it ends sampling, and tells the rewards to stop. */
  readonly signal?: AbortSignal;
}

/**
 * Evaluates a loaded model on `eval.tasks` tasks of a recipe's split: as its `eval` says, and by samples when `samples`
 * is above 0.
 */
export async function evaluateModel(
  input: RecipeInput,
  { model, target, split, samples = 0, temperature, signal }: EvaluateOptions & { readonly model: CausalLM },
): Promise<{ readonly result: EvalResult; readonly rows: readonly EvalRow[] }> {
  checkSamples(samples, temperature);
  const recipe = parseRecipe(input);
  if (recipe.objective === 'draft' && target === undefined)
    throw new InputError("evaluateModel: objective 'draft' needs the draft's target");
  const inputs = recipe.env.chatTemplate ?? {};
  const sampler = modelSampler(model, inputs);
  const tokenizer = model.tokenizer.withTemplate(inputs);
  const shared = {
    tasks: await evaluationTasks(recipe, split ?? recipe.eval.split, (request) =>
      usesPrompt(request, { tokenizer, ...recipe.sampling }),
    ),
    rewards: nameRewards(recipe.rewards),
    step: 0,
    drafted: target && modelDrafted(model, target, recipe),
    signal,
  };
  const heldOut = await evaluateHeldOut(sampler, recipe, shared);
  if (samples === 0) return heldOut;
  const own = temperature === undefined ? {} : { temperature };
  const sampling = { ...recipe.sampling, ...own, groupSize: samples, seed: recipe.seed };
  const { batchSize } = recipe.eval;
  const sampled = await evaluateSamples(sampler, { ...shared, environment: recipe.env, batchSize, sampling });
  return { ...heldOut, result: { ...heldOut.result, sampled } };
}

function checkSamples(samples: number, temperature: number | undefined): void {
  if (!Number.isInteger(samples) || samples < 0)
    throw new InputError(`samples must be a whole number from 0 (got ${samples})`);
  if (temperature !== undefined && !(temperature > 0 && Number.isFinite(temperature)))
    throw new InputError(`the temperature of samples must be above 0 (got ${temperature})`);
}

/**
 * Evaluates a model on `eval.tasks` tasks of a recipe's split: as its `eval` says, and by `samples` samples a task when
 * that is above 0.
 * @param options.model a loaded model, which stays the caller's, or what `loadModel` takes.
 * @throws InputError for a bad recipe, a model that can't be loaded, a split without tasks; RunError when a reward
 * fails.
 */
export async function evaluate(
  recipe: RecipeInput,
  { model, ...options }: EvaluateOptions & { readonly model: CausalLM | string },
): Promise<EvalResult> {
  const parsed = parseRecipe(recipe);
  const measure = (draftOrModel: CausalLM) =>
    withTarget(parsed, options.target ? async () => options.target! : loadModel, (target) =>
      evaluateModel(recipe, { ...options, target, model: draftOrModel }),
    );
  if (typeof model !== 'string') return (await measure(model)).result;
  const loaded = await loadModel(model, { engine: parsed.runtime });
  try {
    return (await measure(loaded)).result;
  } finally {
    await loaded.dispose();
  }
}
