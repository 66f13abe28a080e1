import { isDeepStrictEqual } from 'node:util';
import type { TaskResults } from '../../report/experiment-results.ts';
import { gapClosure } from '../statistics/gap-closure.ts';
import { meanEstimate, verdict } from '../statistics/student-t.ts';
import type { FoundTask, FoundVariant } from './collect.ts';
import { scoredJobs, variantResults } from './variant-results.ts';

/** Log-probs of two methods that begin as the same policy: equal bits with an adapter; rounding apart without (nats). */
const FULL_MAY_DIFFER = 1e-5;

/** Nats: the tolerance between a merged model and the same with its adapter unmerged. */
const MERGED_MAY_DIFFER = 1e-3;

/** What was found on one recipe's tasks, as results.json holds it. */
export function taskResults({ task, variants }: FoundTask, kind: 'compare' | 'ablate'): TaskResults {
  const [scored] = variants.flatMap(scoredJobs);
  const done = variants
    .flatMap(({ tried, finals }) => [...tried.flat(), ...finals])
    .map(({ result }) => result);
  const first = done.find((result) => result.state === 'done');
  return {
    recipe: task.name,
    splits: {
      train: task.trainTasks,
      validation: first?.outcome.validationTasks ?? 0,
      test: scored?.score.tasks.length ?? 0,
    },
    steps: task.variants[0]!.points[0]!.config.recipe.steps as number,
    stepZero: stepZero(variants),
    variants: variants.map(variantResults),
    differences: pairs(variants, kind).flatMap(([of, minus]) => difference(of, minus)),
    gapClosure: kind === 'compare' ? closure(variants) : null,
  };
}

/**
 * Compares log-probs before the first step: adapters among themselves, and full fine-tuning with the first adapter.
 * Variants with other data or another model begin as other policies.
 */
function stepZero(variants: readonly FoundVariant[]): TaskResults['stepZero'] {
  const adapters = variants.filter((found) => !isFull(found));
  const ordered = [...adapters, ...variants.filter(isFull)].flatMap((found) => {
    const logprobs = firstLogprobs(found);
    return logprobs === undefined ? [] : [{ found, logprobs }];
  });
  const [base, ...others] = ordered;
  return others
    .filter(
      ({ found, logprobs }) => beginsAlike(found, base!.found) && logprobs.length === base!.logprobs.length,
    )
    .map(({ found, logprobs }) => ({
      of: found.variant.name,
      against: base!.found.variant.name,
      maxDifference: Math.max(...logprobs.map((value, i) => Math.abs(value - base!.logprobs[i]!))),
      allowed: allowedDifference(found, base!.found),
      tokens: logprobs.length,
    }));
}

/** Of the first job that has some; they do not depend on the seed. */
function firstLogprobs({ tried, finals }: FoundVariant): readonly number[] | undefined {
  for (const { result } of [...tried.flat(), ...finals])
    if (result.state === 'done' && result.stepZero !== undefined) return result.stepZero.logprobs;
  return undefined;
}

/** Whether two variants differ in nothing that the policy before the first step depends on. */
function beginsAlike(one: FoundVariant, other: FoundVariant): boolean {
  const start = ({ variant }: FoundVariant) => {
    const { recipe, environment, model } = variant.points[0]!.config;
    const { env, sampling, eval: evaluation, freshWeights } = recipe;
    return { env, sampling, evaluation, freshWeights, environment, model };
  };
  return isDeepStrictEqual(start(one), start(other));
}

/** How far log-probs of the first policy of two variants may differ. */
function allowedDifference(one: FoundVariant, other: FoundVariant): number {
  if (addsAdapter(one) !== addsAdapter(other)) return MERGED_MAY_DIFFER;
  return isFull(one) === isFull(other) ? 0 : FULL_MAY_DIFFER;
}

/** Whether a variant begins with the adapter of `adapter.init` beside the weights; the other methods merge it. */
function addsAdapter({ variant }: FoundVariant): boolean {
  const { method, adapter } = variant.points[0]!.config.recipe;
  return method === 'lora' && (adapter as { readonly init?: string }).init !== undefined;
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
