import { restAtOne } from '../adapter/anneal/schedule-settings.ts';
import { startsDead } from '../adapter/dead-start.ts';
import { draftIssues } from './draft-issues.ts';
import { objectiveIssues } from './objective-issues.ts';
import type { Recipe } from './recipe-fields.ts';
import type { RecipeIssue } from './recipe-issue.ts';
import { unreadFields } from './unread-fields.ts';

/** What is wrong with a recipe whose fields are each right by themselves. */
export function recipeIssues(recipe: Recipe): RecipeIssue[] {
  return [
    ...objectiveIssues(recipe),
    ...draftIssues(recipe),
    ...evaluationIssues(recipe),
    ...partIssues(recipe),
    ...annealIssues(recipe),
    ...baseIssues(recipe),
    ...initIssues(recipe),
    ...learningRateIssues(recipe),
    ...validationIssues(recipe),
    ...unreadIssues(recipe),
  ];
}

/** Fields that were set in vain. */
function unreadIssues(recipe: Recipe): RecipeIssue[] {
  return unreadFields(recipe).map(({ path, why }) => ({
    path: path.split('.'),
    message: `is not read: ${why}; leave it out`,
  }));
}

/** Whether the environment states what evaluations measure. */
function evaluationIssues({ env, eval: { accuracy, loss } }: Recipe): RecipeIssue[] {
  const issues: RecipeIssue[] = [];
  if (accuracy !== 'generation' && env.choices === undefined) {
    const message = `'${accuracy}' needs an environment with choices(); "${env.name}" has none: set generation`;
    issues.push({ path: ['eval', 'accuracy'], message });
  }
  if (loss && env.target === undefined) {
    const message = `needs an environment with target(); "${env.name}" has none: leave it out`;
    issues.push({ path: ['eval', 'loss'], message });
  }
  return issues;
}

function partIssues({ sampling, algorithm: given }: Recipe): RecipeIssue[] {
  if (sampling.promptsPerStep % given.stepsPerGeneration === 0) return [];
  return [
    {
      path: ['algorithm', 'stepsPerGeneration'],
      message: `must divide sampling.promptsPerStep (${sampling.promptsPerStep}): every step trains on as many prompts`,
      input: given.stepsPerGeneration,
    },
  ];
}

function learningRateIssues({ optimizer, steps }: Recipe): RecipeIssue[] {
  if (optimizer.lrSchedule === 'polynomial' && optimizer.endLr >= optimizer.lr) {
    const message = `must be below optimizer.lr (${optimizer.lr}), from which the rate falls to it`;
    return [{ path: ['optimizer', 'endLr'], message, input: optimizer.endLr }];
  }
  if (optimizer.lrSchedule !== 'warmup_stable_decay') return [];
  const { warmupSteps, stableSteps = 0, decaySteps } = optimizer;
  if (warmupSteps + stableSteps + decaySteps <= steps) return [];
  const message = `ends after the run: warmupSteps (${warmupSteps}), stableSteps (${stableSteps}) and decaySteps must fit into ${steps} steps`;
  return [{ path: ['optimizer', 'decaySteps'], message, input: decaySteps }];
}

function validationIssues({ eval: { split, validationShare } }: Recipe): RecipeIssue[] {
  if (split !== 'validation' || validationShare > 0) return [];
  const message = "must be above 0 with eval.split 'validation': no training task is set aside";
  return [{ path: ['eval', 'validationShare'], message, input: validationShare }];
}

function baseIssues({ method, runtime: { baseDtype } }: Recipe): RecipeIssue[] {
  if (method !== 'full' || baseDtype === 'float32') return [];
  const message = `rounds weights that stay as they are, and method 'full' trains every weight: set float32, or method 'lora' or 'afa-lora'`;
  return [{ path: ['runtime', 'baseDtype'], message, input: baseDtype }];
}

function initIssues({ adapter: { init }, freshWeights }: Recipe): RecipeIssue[] {
  if (init === undefined || !freshWeights) return [];
  const message = 'does not go with freshWeights: the adapter was trained on weights, not on random ones';
  return [{ path: ['adapter', 'init'], message, input: init }];
}

function annealIssues(recipe: Recipe): RecipeIssue[] {
  const rest = restAtOne(recipe.adapter.schedule);
  if (rest === undefined || !startsDead(recipe)) return [];
  return [
    {
      path: ['adapter', 'schedule', rest],
      message: `would hold β at 1, where ${recipe.adapter.placement} with relu has a gradient of exactly 0 and learns nothing; leave it out, or choose gelu, gelu-tanh or silu, or a placement without the last s`,
    },
  ];
}
