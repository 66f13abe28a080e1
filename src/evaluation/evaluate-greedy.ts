import { promptOf } from '../environment/ask-environment.ts';
import type { NamedReward } from '../environment/scoring/call-reward.ts';
import { scoreRollouts } from '../environment/scoring/score-rollouts.ts';
import { withSignal } from '../environment/scoring/with-signal.ts';
import { RunError } from '../errors.ts';
import { type EpisodeOptions, playEpisodes } from '../rollout/episodes/play-episodes.ts';
import type { Sampler } from '../rollout/sampler.ts';
import type { Environment, EvalResult, ScoredRollout, Task } from '../types.ts';
import { wilsonInterval } from './wilson.ts';

export interface Evaluation {
  readonly environment: Environment;
  readonly tasks: readonly Task[];
  readonly rewards: readonly NamedReward[];
  /** Completions sampled at a time. */
  readonly batchSize: number;
  /** How tasks are answered. */
  readonly sampling: EpisodeOptions;
  /** Optimiser steps that the policy has seen. */
  readonly step: number;
  /** Aborting it ends sampling, and tells the rewards to stop. */
  readonly signal?: AbortSignal | undefined;
}

/** The answer to one task. */
export interface EvalRow {
  readonly task: string;
  readonly completion: string;
  readonly tokenIds: readonly number[];
  /** Scores by reward name; null where a reward does not apply. */
  readonly scores: Readonly<Record<string, number | null>>;
  /** Whether it counts as right in accuracy; null where the first reward does not apply. */
  readonly right: boolean | null;
  /** Log-prob (nats) of each choice; there where accuracy goes by it. */
  readonly choiceLogprobs?: readonly number[];
  /** Mean acceptance in the target's text; there for a draft. */
  readonly acceptance?: number;
}

/** The outcome of answering every task greedily. */
export interface GreedyEvaluation {
  readonly result: EvalResult;
  readonly rows: readonly EvalRow[];
  /** Share of tasks whose first reward lies between 0 and 1. */
  readonly partial: number;
}

/**
 * Answers every task, as often as the sampling's group size says, and scores the answers, [B] in the order of the
 * tasks.
 * @throws RunError as `callReward` does.
 */
export async function answerTasks(sampler: Sampler, evaluation: Evaluation): Promise<ScoredRollout[]> {
  const { environment, tasks, rewards, sampling, step, signal } = evaluation;
  const size = Math.max(1, Math.floor(evaluation.batchSize / sampling.groupSize));
  const rollouts: ScoredRollout[] = [];
  for (let start = 0; start < tasks.length; start += size) {
    const requests = tasks
      .slice(start, start + size)
      .map((task) => ({ task, messages: promptOf(environment, task) }));
    // Batches must not sample the same random numbers.
    const options = { ...sampling, seed: sampling.seed + start, signal };
    const answered = await playEpisodes(sampler, environment, requests, options);
    const scored = await withSignal(signal, (own) =>
      scoreRollouts(answered, { rewards, step, signal: own, evaluating: true }),
    );
    rollouts.push(...scored.rollouts.map((rollout) => ({ ...rollout, group: start + rollout.group })));
  }
  return rollouts;
}

/**
 * Answers every task greedily, once, and scores the answers. A task counts as right when its first reward is at least
 * 1.
 * @throws RunError as `callReward` does, and when the first reward applies to no task.
 */
export async function evaluateGreedy(sampler: Sampler, evaluation: Evaluation): Promise<GreedyEvaluation> {
  const answers = await answerTasks(sampler, evaluation);
  const partial = answers.filter(({ scores }) => scores[0]! > 0 && scores[0]! < 1);
  return {
    result: summarise(answers, evaluation),
    rows: answers.map((answer) => toRow(answer, evaluation)),
    partial: partial.length / answers.length,
  };
}

function summarise(answers: readonly ScoredRollout[], { rewards }: Evaluation): EvalResult {
  const first = answers.map(({ scores }) => scores[0]!).filter((score) => score !== null);
  if (first.length === 0) {
    throw new RunError(
      `reward "${rewards[0]!.name}" applies to none of ${answers.length} held-out tasks: accuracy is the share of tasks whose first reward is at least 1, so it must apply`,
    );
  }
  const right = first.filter((score) => score >= 1).length;
  const totals = answers.map(({ reward }) => reward).filter((reward) => !Number.isNaN(reward));
  return {
    accuracy: right / first.length,
    interval: wilsonInterval(right, first.length),
    tasks: first.length,
    reward: totals.reduce((sum, reward) => sum + reward, 0) / totals.length,
  };
}

function toRow({ task, text, tokenIds, scores }: ScoredRollout, { rewards }: Evaluation): EvalRow {
  const byName = Object.fromEntries(rewards.map(({ name }, f) => [name, scores[f]!]));
  const [first] = scores;
  const right = first == null ? null : first >= 1;
  return { task: task.id, completion: text, tokenIds, scores: byName, right };
}
