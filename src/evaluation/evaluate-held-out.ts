import type { NamedReward } from '../environment/scoring/call-reward.ts';
import type { Recipe } from '../recipe/recipe.ts';
import type { Sampler } from '../rollout/sampler.ts';
import type { TextScorer } from '../rollout/text-scorer.ts';
import type { EvalResult, Task } from '../types.ts';
import { type ChoiceAccuracy, choiceAccuracy } from './choice-accuracy.ts';
import { type DraftEvaluation, type Drafted, evaluateDraft } from './draft/evaluate-draft.ts';
import { evaluateGreedy, type GreedyEvaluation } from './evaluate-greedy.ts';
import { greedyOptions } from './greedy-options.ts';
import { heldOutLoss } from './held-out-loss.ts';

/** What a recipe's evaluation is of. */
export interface HeldOut {
  readonly tasks: readonly Task[];
  readonly rewards: readonly NamedReward[];
  /** Optimiser steps that the policy has seen. */
  readonly step: number;
  /** Of objective draft. */
  readonly drafted?: Drafted | undefined;
  /** Aborting it ends sampling, and tells the rewards to stop. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Evaluates a policy as a recipe says: answers every task greedily; measures the loss of its target (objective sft, or
 * `eval.loss`); the likelihood of its choices where accuracy goes by that (`eval.accuracy`); and of a draft what its target
 * accepts.
 * @throws RunError as `evaluateGreedy` and `choiceAccuracy` do; InputError as `heldOutLoss` does.
 */
export async function evaluateHeldOut(
  sampler: Sampler & TextScorer,
  recipe: Recipe,
  { tasks, drafted, ...rest }: HeldOut,
): Promise<GreedyEvaluation> {
  const { env: environment, eval: settings, sampling, objective } = recipe;
  const { batchSize, accuracy } = settings;
  const { maxPromptLength } = sampling;
  const scored = { environment, tasks, batchSize, maxPromptLength, signal: rest.signal };
  const choices = accuracy === 'generation' ? undefined : await choiceAccuracy(sampler, scored);
  const loss = objective === 'sft' || settings.loss ? await heldOutLoss(sampler, scored) : undefined;
  const greedy = await evaluateGreedy(sampler, {
    ...rest,
    environment,
    tasks,
    batchSize,
    sampling: greedyOptions(recipe),
  });
  const measured = loss === undefined ? greedy : { ...greedy, result: { ...greedy.result, loss } };
  if (drafted) return byAcceptance(measured, await evaluateDraft(drafted, recipe, { tasks, ...rest }));
  if (choices === undefined || accuracy === 'generation') return measured;
  return byChoices(measured, choices, accuracy);
}

/** A draft's evaluation: its acceptance in the place of the accuracy of its own answers. */
function byAcceptance(
  { result, rows }: GreedyEvaluation,
  { result: acceptance, byTask }: DraftEvaluation,
): GreedyEvaluation {
  const { value, interval } = acceptance.rate;
  return {
    result: { ...result, accuracy: value, interval, accuracyBy: 'acceptance', acceptance },
    rows: rows.map((row, i) => ({ ...row, acceptance: byTask[i]! })),
    partial: 0,
  };
}

/** The evaluation with the accuracy by likelihood in the place of that of the answers. */
function byChoices(
  { result, rows }: GreedyEvaluation,
  { logprobs, acc, acc_norm, right }: ChoiceAccuracy,
  accuracyBy: 'acc' | 'acc_norm',
): GreedyEvaluation {
  const generation = { value: result.accuracy, interval: result.interval };
  const chosen = { acc, acc_norm }[accuracyBy];
  const own: EvalResult = {
    ...result,
    accuracy: chosen.value,
    interval: chosen.interval,
    tasks: logprobs.length,
    accuracyBy,
    accuracies: { acc, acc_norm, generation },
  };
  return {
    result: own,
    rows: rows.map((row, i) => ({ ...row, right: right[accuracyBy][i]!, choiceLogprobs: logprobs[i]! })),
    partial: 0,
  };
}
