import { RunError } from '../errors.ts';
import { byGroup } from '../rollout/groups.ts';
import type { Sampler } from '../rollout/sampler.ts';
import type { Estimate, SampledResult, ScoredRollout } from '../types.ts';
import { majority, passAt, passLevels } from './at-k.ts';
import { answerTasks, type Evaluation } from './evaluate-greedy.ts';
import { wilsonInterval } from './wilson.ts';

/**
 * Answers every task n = sampling.groupSize times. avg@n is the share of right samples, pass@k the chance that one of k
 * is right, maj@n the share of tasks whose most frequent answer is right. Each is a mean over tasks with Wilson's 95 %
 * interval for that many tasks, which is wide enough for any such mean.
 * @throws RunError as `callReward` does, and when the first reward applies to no task.
 */
export async function evaluateSamples(sampler: Sampler, evaluation: Evaluation): Promise<SampledResult> {
  const groups = byGroup(await answerTasks(sampler, evaluation)).filter((group) =>
    group.every(({ scores }) => scores[0] !== null),
  );
  if (groups.length === 0)
    throw new RunError(`reward "${evaluation.rewards[0]!.name}" applies to none of the tasks sampled`);
  const samples = evaluation.sampling.groupSize;
  const counts = groups.map((group) => group.filter(isRight).length);
  return {
    samples,
    temperature: evaluation.sampling.temperature,
    tasks: groups.length,
    avg: meanOf(counts.map((right) => right / samples)),
    pass: Object.fromEntries(
      passLevels(samples).map((k) => [k, meanOf(counts.map((right) => passAt(k, { samples, right })))]),
    ),
    maj: meanOf(groups.map((group) => majority(votes(group, evaluation)))),
  };
}

const isRight = ({ scores }: ScoredRollout): boolean => scores[0]! >= 1;

function votes(group: readonly ScoredRollout[], { environment }: Evaluation) {
  return group.map((rollout) => ({
    answer: environment.answer ? environment.answer(rollout.text) : rollout.text.trim(),
    right: isRight(rollout),
  }));
}

function meanOf(shares: readonly number[]): Estimate {
  const sum = shares.reduce((total, share) => total + share, 0);
  return { value: sum / shares.length, interval: wilsonInterval(sum, shares.length) };
}
