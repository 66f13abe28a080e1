import { algorithm, comparesGroups, stepsPerBatch } from '../algorithm/algorithm-settings.ts';
import { MOST_KL_ERROR } from '../algorithm/kl/controller.ts';
import type { Recipe } from './recipe-fields.ts';
import type { RecipeIssue } from './recipe-issue.ts';

/** What is wrong with a recipe in view of its objective. */
export function objectiveIssues(recipe: Recipe): RecipeIssue[] {
  if (recipe.objective === 'rl') return [...batchIssues(recipe), ...packingIssues(recipe)];
  const shared = rewardlessIssues(recipe);
  return recipe.objective === 'sft'
    ? [...targetIssues(recipe), ...shared]
    : [...shared, ...packingIssues(recipe)];
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

function packingIssues({ objective, optimizer: { packing } }: Recipe): RecipeIssue[] {
  if (packing === 0) return [];
  const message = `is for objective 'sft'; with '${objective}' the completions of a prompt share its row already; leave it out`;
  return [{ path: ['optimizer', 'packing'], message, input: packing }];
}
