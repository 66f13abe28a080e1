import type { TaskResults } from '../../report/experiment-results.ts';
import { gapClosure } from '../statistics/gap-closure.ts';
import { meanEstimate, verdict } from '../statistics/student-t.ts';
import type { FoundTask, FoundVariant } from './collect.ts';
import { scoredJobs, variantResults } from './variant-results.ts';

/** Log-probs of two methods that begin as the same policy: equal bits with an adapter; rounding apart without (nats). */
const FULL_MAY_DIFFER = 1e-5;

/** What was found on one recipe's tasks, as results.json holds it. */
export function taskResults({ task, variants }: FoundTask, kind: 'compare' | 'ablate'): TaskResults {
  const [first] = variants.flatMap(scoredJobs);
  return {
    recipe: task.name,
    splits: {
      train: task.trainTasks,
      validation: first?.outcome.validationTasks ?? 0,
      test: first?.score.tasks.length ?? 0,
    },
    steps: task.variants[0]!.points[0]!.config.recipe.steps as number,
    stepZero: stepZero(variants),
    variants: variants.map(variantResults),
    differences: pairs(variants, kind).flatMap(([of, minus]) => difference(of, minus)),
    gapClosure: kind === 'compare' ? closure(variants) : null,
  };
}

/** Compares each variant's log-probs before the first step with those of the first variant that has some. */
function stepZero(variants: readonly FoundVariant[]): TaskResults['stepZero'] {
  const known = variants.flatMap((found) => {
    const done = [...found.tried.flat(), ...found.finals].find(
      ({ result }) => result.state === 'done' && result.stepZero !== undefined,
    );
    if (done?.result.state !== 'done') return [];
    return [{ found, logprobs: done.result.stepZero!.logprobs }];
  });
  const [base, ...others] = known;
  return others.map(({ found, logprobs }) => ({
    of: found.variant.name,
    against: base!.found.variant.name,
    maxDifference: Math.max(...logprobs.map((value, i) => Math.abs(value - base!.logprobs[i]!))),
    allowed: isFull(found) === isFull(base!.found) ? 0 : FULL_MAY_DIFFER,
    tokens: logprobs.length,
  }));
}

const isFull = ({ variant }: FoundVariant): boolean => variant.points[0]!.config.recipe.method === 'full';

/** Which variants are compared: of methods every two, of an ablation each with the first. */
function pairs(
  variants: readonly FoundVariant[],
  kind: 'compare' | 'ablate',
): [FoundVariant, FoundVariant][] {
  const [first, ...others] = variants;
  if (kind === 'ablate') return others.map((variant) => [variant, first!]);
  return variants.flatMap((minus, i) =>
    variants.slice(i + 1).map((of): [FoundVariant, FoundVariant] => [of, minus]),
  );
}

/** Test accuracies of the seeds that all these variants have. */
function paired(variants: readonly FoundVariant[]): number[][] {
  const bySeed = variants.map(
    (found) => new Map(scoredJobs(found).map(({ seed, score }) => [seed, score.accuracy])),
  );
  const seeds = [...bySeed[0]!.keys()].filter((seed) => bySeed.every((accuracies) => accuracies.has(seed)));
  return bySeed.map((accuracies) => seeds.map((seed) => accuracies.get(seed)!));
}

function difference(of: FoundVariant, minus: FoundVariant): TaskResults['differences'] {
  const [ours, theirs] = paired([of, minus]);
  if (ours!.length === 0) return [];
  const estimate = meanEstimate(ours!.map((accuracy, i) => accuracy - theirs![i]!));
  return [{ of: of.variant.name, minus: minus.variant.name, ...estimate, verdict: verdict(estimate) }];
}

/** Gap closure; null unless all three methods have a seed in common. */
function closure(variants: readonly FoundVariant[]): TaskResults['gapClosure'] {
  const named = ['lora', 'afa-lora', 'full'].map((name) =>
    variants.find(({ variant }) => variant.name === name),
  );
  if (named.some((variant) => variant === undefined)) return null;
  const [lora, afaLora, full] = paired(named as FoundVariant[]);
  return lora!.length === 0 ? null : gapClosure({ lora: lora!, afaLora: afaLora!, full: full! });
}
