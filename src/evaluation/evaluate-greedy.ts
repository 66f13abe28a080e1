import { promptOf } from '../environment/ask-environment.ts';
import type { NamedReward } from '../environment/scoring/call-reward.ts';
import { scoreGroups } from '../environment/scoring/score-groups.ts';
import { RunError } from '../errors.ts';
import { type EpisodeOptions, playEpisodes } from '../rollout/play-episodes.ts';
import type { Sampler } from '../rollout/sampler.ts';
import type { Environment, EvalResult, ScoredGroup, Task } from '../types.ts';
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
}

/** How one task was answered. */
export interface EvalRow {
  readonly task: string;
  readonly completion: string;
  readonly tokenIds: readonly number[];
  /** Scores by reward name; null where a reward does not apply. */
  readonly scores: Readonly<Record<string, number | null>>;
}

/** What came of answering every task greedily. */
export interface GreedyEvaluation {
  readonly result: EvalResult;
  readonly rows: readonly EvalRow[];
  /** Share of tasks whose first reward is neither right nor nothing, but in between. */
  readonly partial: number;
}

/** Answers every task, as often as the sampling's group size says, and scores the answers. @throws RunError as `callReward` does. */
export async function answerTasks(sampler: Sampler, evaluation: Evaluation): Promise<ScoredGroup[]> {
  const { environment, tasks, rewards, sampling, step } = evaluation;
  const size = Math.max(1, Math.floor(evaluation.batchSize / sampling.groupSize));
  const { signal } = new AbortController();
  const groups: ScoredGroup[] = [];
  for (let start = 0; start < tasks.length; start += size) {
    const requests = tasks
      .slice(start, start + size)
      .map((task) => ({ task, messages: promptOf(environment, task) }));
    // Batches must not sample the same random numbers.
    const options = { ...sampling, seed: sampling.seed + start };
    const answered = await playEpisodes(sampler, environment, requests, options);
    groups.push(...(await scoreGroups(answered, { rewards, step, signal, evaluating: true })).groups);
  }
  return groups;
}

/**
 * Answers every task greedily, once, and scores the answers. A task counts as right when its first reward is at least 1.
 * @throws RunError as `callReward` does, and when the first reward applies to no task.
 */
export async function evaluateGreedy(sampler: Sampler, evaluation: Evaluation): Promise<GreedyEvaluation> {
  const groups = await answerTasks(sampler, evaluation);
  const partial = groups.filter(({ scores }) => scores[0]![0]! > 0 && scores[0]![0]! < 1);
  return {
    result: summarise(groups, evaluation),
    rows: groups.map((group) => toRow(group, evaluation)),
    partial: partial.length / groups.length,
  };
}

function summarise(groups: readonly ScoredGroup[], { rewards }: Evaluation): EvalResult {
  const first = groups.map((group) => group.scores[0]![0]!).filter((score) => score !== null);
  if (first.length === 0) {
    throw new RunError(
      `reward "${rewards[0]!.name}" applies to none of ${groups.length} held-out tasks: accuracy is the share of tasks whose first reward is at least 1, so it must apply`,
    );
  }
  const right = first.filter((score) => score >= 1).length;
  const totals = groups.map((group) => group.rewards[0]!).filter((reward) => !Number.isNaN(reward));
  return {
    accuracy: right / first.length,
    interval: wilsonInterval(right, first.length),
    tasks: first.length,
    reward: totals.reduce((sum, reward) => sum + reward, 0) / totals.length,
  };
}

function toRow(group: ScoredGroup, { rewards }: Evaluation): EvalRow {
  const { text, tokenIds } = group.rollouts[0]!;
  const scores = Object.fromEntries(rewards.map(({ name }, f) => [name, group.scores[f]![0]!]));
  return { task: group.task.id, completion: text, tokenIds, scores };
}
