import { RunError } from '../errors.ts';
import type { Completer } from '../policy/policy.ts';
import type { Completion, Environment, EvalResult, Group, ScoredGroup, Task } from '../types.ts';
import type { NamedReward } from './call-reward.ts';
import { promptOf } from './prompt-of.ts';
import { scoreGroups } from './score-groups.ts';
import { wilsonInterval } from './wilson.ts';

export interface Evaluation {
  readonly environment: Environment;
  readonly tasks: readonly Task[];
  readonly rewards: readonly NamedReward[];
  /** Tasks answered at a time. */
  readonly batchSize: number;
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

/**
 * Answers every task greedily, once, and scores the answers. A task counts as right when its first reward is at least 1.
 * @throws RunError as `callReward` does, and when the first reward applies to no task.
 */
export async function evaluateGreedy(
  complete: Completer,
  evaluation: Evaluation,
): Promise<{ readonly result: EvalResult; readonly rows: readonly EvalRow[] }> {
  const groups: ScoredGroup[] = [];
  for (let start = 0; start < evaluation.tasks.length; start += evaluation.batchSize) {
    const tasks = evaluation.tasks.slice(start, start + evaluation.batchSize);
    groups.push(...(await answer(complete, tasks, evaluation)));
  }
  return { result: summarise(groups, evaluation), rows: groups.map((group) => toRow(group, evaluation)) };
}

async function answer(
  complete: Completer,
  tasks: readonly Task[],
  { environment, rewards, step }: Evaluation,
): Promise<readonly ScoredGroup[]> {
  const prompts = tasks.map((task) => promptOf(environment, task));
  const completions = await complete(prompts);
  const groups = tasks.map((task, i) => asGroup(task, prompts[i]!, completions[i]!));
  const signal = new AbortController().signal;
  return (await scoreGroups(groups, { rewards, step, signal })).groups;
}

function asGroup(task: Task, messages: Group['messages'], completion: Completion): Group {
  return { task, messages, promptIds: [], rollouts: [{ beta: 0, policyVersion: 0, ...completion }] };
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
