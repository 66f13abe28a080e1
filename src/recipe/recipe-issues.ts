import { restAtOne } from '../adapter/anneal/schedule-settings.ts';
import { startsDead } from '../adapter/dead-start.ts';
import { algorithm, comparesGroups, stepsPerBatch } from '../algorithm/algorithm-settings.ts';
import { MOST_KL_ERROR } from '../algorithm/kl/controller.ts';
import type { Recipe } from './recipe-fields.ts';
import { unreadFields } from './unread-fields.ts';

/** Something wrong with a field in view of others. */
interface RecipeIssue {
  readonly path: readonly string[];
  readonly message: string;
  readonly input?: unknown;
}

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

function objectiveIssues(recipe: Recipe): RecipeIssue[] {
  if (recipe.objective === 'rl') return [...batchIssues(recipe), ...packingIssues(recipe)];
  const shared = rewardlessIssues(recipe);
  return recipe.objective === 'sft'
    ? [...targetIssues(recipe), ...shared]
    : [...shared, ...packingIssues(recipe)];
}

/** Whether a recipe says which draft it trains, and only where it trains one. */
function draftIssues({ objective, draft, freshWeights, eval: { accuracy } }: Recipe): RecipeIssue[] {
  const { layers, model } = draft;
  const issues: RecipeIssue[] = [];
  const refuse = (path: readonly string[], message: string, input: unknown) =>
    issues.push({ path, message, input });
  if (objective !== 'draft') {
    for (const [name, input] of Object.entries({ layers, model }))
      if (input !== undefined)
        refuse(['draft', name], `is for objective 'draft', not '${objective}'; leave it out`, input);
    return issues;
  }
  if ((layers === undefined) === (model === undefined))
    refuse(
      ['draft'],
      "objective 'draft' needs either draft.layers (the target's own first layers) or draft.model (a smaller model)",
      { layers, model },
    );
  if (freshWeights)
    refuse(
      ['freshWeights'],
      'leaves no target to draft for: random weights have nothing to say; leave it out',
      true,
    );
  if (accuracy !== 'generation')
    refuse(
      ['eval', 'accuracy'],
      "is not read: with objective 'draft' it is the acceptance rate; leave it out",
      accuracy,
    );
  return issues;
}

/** Fields that were set in vain. */
function unreadIssues(recipe: Recipe): RecipeIssue[] {
  return unreadFields(recipe).map(({ path, why }) => ({
    path: path.split('.'),
    message: `is not read: ${why}; leave it out`,
  }));
}

/** Options of `algorithm` that only sampled completions give a meaning to. */
const ofRollouts = [
  'rewardAggregation',
  'missingEosPenalty',
  'klCoef',
  'entropyCoef',
  'adaptiveEntropy',
  'topEntropyQuantile',
  'offPolicyThreshold',
  'maskTruncated',
  'samplerCorrection',
  'targetKl',
  'dynamicSampling',
] as const;

function targetIssues({ env }: Recipe): RecipeIssue[] {
  if (env.target !== undefined) return [];
  return [
    { path: ['objective'], message: `'sft' needs an environment with target(); "${env.name}" has none` },
  ];
}

/** What has no meaning where nothing is rewarded. */
function rewardlessIssues({ objective, algorithm: given, adapter }: Recipe): RecipeIssue[] {
  const issues: RecipeIssue[] = [];
  const defaults = algorithm.parse({});
  for (const name of ofRollouts) {
    if (given[name] === defaults[name]) continue;
    const message =
      objective === 'sft'
        ? `is about sampled completions, of which objective '${objective}' has none; leave it out`
        : `is about rewarded completions, of which objective '${objective}' has none; leave it out`;
    issues.push({ path: ['algorithm', name], message, input: given[name] });
  }
  const { kind, signal = 'reward' } = adapter.schedule;
  if (kind === 'adaptive' && signal === 'reward') {
    const message = `objective '${objective}' has no rewards to go by; set gradNormVariance`;
    issues.push({ path: ['adapter', 'schedule', 'signal'], message, input: signal });
  }
  return issues;
}

/** Whether rewards and the size of a rollout batch suit what is done with them. */
function batchIssues({ rewards, sampling, algorithm: given }: Recipe): RecipeIssue[] {
  const issues: RecipeIssue[] = [];
  if (rewards.every(({ weight }) => weight === 0)) {
    issues.push({
      path: ['rewards'],
      message: 'all have weight 0, which only measures: nothing would be learnt',
    });
  }
  const { groupSize, promptsPerStep } = sampling;
  if (groupSize < 2 && comparesGroups(given)) {
    issues.push({
      path: ['sampling', 'groupSize'],
      message: `must be at least 2: advantages (${given.advantage.estimator}) or dynamicSampling compare the completions of one prompt`,
      input: groupSize,
    });
  }
  const { klControl, klIn, stepsPerGeneration } = given;
  if (klControl.type === 'adaptive') {
    const completions = (groupSize * promptsPerStep) / (klIn === 'reward' ? 1 : stepsPerGeneration);
    const least = MOST_KL_ERROR * completions;
    if (klControl.horizon <= least) {
      issues.push({
        path: ['algorithm', 'klControl', 'horizon'],
        message: `must be above ${least}, or ${completions} completions at once could take klCoef to 0, where it would stay`,
        input: klControl.horizon,
      });
    }
  }
  if (given.targetKl !== undefined && stepsPerBatch(given) === 1) {
    issues.push({
      path: ['algorithm', 'targetKl'],
      message:
        'spares a batch its further steps, and there are none: set numIterations or stepsPerGeneration, or leave it out',
      input: given.targetKl,
    });
  }
  return issues;
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

function packingIssues({ objective, optimizer: { packing } }: Recipe): RecipeIssue[] {
  if (packing === 0) return [];
  const message = `is for objective 'sft'; with '${objective}' the completions of a prompt share its row already; leave it out`;
  return [{ path: ['optimizer', 'packing'], message, input: packing }];
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
