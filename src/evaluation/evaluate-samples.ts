import { RunError } from '../errors.ts';
import type { Sampler } from '../rollout/sampler.ts';
import type { Estimate, SampledResult, ScoredGroup } from '../types.ts';
import { majority, passAt, passLevels } from './at-k.ts';
import { answerTasks, type Evaluation } from './evaluate-greedy.ts';
import { wilsonInterval } from './wilson.ts';

/**
 * Answers every task n = sampling.groupSize times and tells how often that is right: avg@n, the mean; pass@k, at least one of k; maj@n,
 * the answer that most samples give. Means over tasks, with Wilson's 95 % interval for as many tasks, which is wide enough for any
 * share of them.
 * @throws RunError as `callReward` does, and when the first reward applies to no task.
 */
export async function evaluateSamples(sampler: Sampler, evaluation: Evaluation): Promise<SampledResult> {
  const groups = (await answerTasks(sampler, evaluation)).filter(({ scores }) =>
    scores[0]!.every((score) => score !== null),
  );
  if (groups.length === 0)
    throw new RunError(`reward "${evaluation.rewards[0]!.name}" applies to none of the tasks sampled`);
  const samples = evaluation.sampling.groupSize;
  const rights = groups.map((group) => group.scores[0]!.map((score) => score! >= 1));
  const counts = rights.map((right) => right.filter(Boolean).length);
  return {
    ...{ samples, temperature: evaluation.sampling.temperature, tasks: groups.length },
    avg: meanOf(counts.map((right) => right / samples)),
    pass: Object.fromEntries(
      passLevels(samples).map((k) => [k, meanOf(counts.map((right) => passAt(k, { samples, right })))]),
    ),
    maj: meanOf(groups.map((group, p) => majority(votes(group, rights[p]!, evaluation)))),
  };
}

function votes({ rollouts }: ScoredGroup, rights: readonly boolean[], { environment }: Evaluation) {
  return rollouts.map(({ text }, g) => ({
    answer: environment.answer ? environment.answer(text) : text.trim(),
    right: rights[g]!,
  }));
}

function meanOf(shares: readonly number[]): Estimate {
  const sum = shares.reduce((total, share) => total + share, 0);
  return { value: sum / shares.length, interval: wilsonInterval(sum, shares.length) };
}
