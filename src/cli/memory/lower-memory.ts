import type { PolicyDimensions } from '../../policy/policy.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { estimateMemory, microBatchTokens, type TextLengths } from './estimate-memory.ts';

/** A setting that would lower a run's memory. */
export interface Saving {
  /** As `--set` takes it: the field and a value for it. */
  readonly setting: string;
  /** By how many bytes. */
  readonly bytes: number;
}

/** A saving below this share of the whole is not worth a line. */
const LEAST = 0.05;

/**
 * Finds the setting that would lower the estimated peak most, among those that leave the task and its batches alone:
 * smaller micro-batches, recomputation, a base in 8 bits, moments in 16, fewer answers at a time in evaluations.
 * Undefined when none would lower it by 5 %.
 */
export function greatestSaving(
  recipe: Recipe,
  sizes: PolicyDimensions,
  lengths: TextLengths,
): Saving | undefined {
  const { total } = estimateMemory(recipe, sizes, lengths);
  const savings = candidates(recipe, lengths).map(({ setting, changed }) => ({
    setting,
    bytes: total - estimateMemory(changed, sizes, lengths).total,
  }));
  const best = savings.reduce<Saving | undefined>(
    (most, saving) => (most !== undefined && most.bytes >= saving.bytes ? most : saving),
    undefined,
  );
  return best !== undefined && best.bytes >= LEAST * total ? best : undefined;
}

/** A recipe with one setting changed. */
interface Candidate {
  readonly setting: string;
  readonly changed: Recipe;
}

function candidates(recipe: Recipe, lengths: TextLengths): Candidate[] {
  const { method, optimizer, runtime, eval: evaluation } = recipe;
  const { largest, least } = microBatchTokens(recipe, lengths);
  const tokens = Math.max(least, Math.ceil(largest / 2));
  const batchSize = Math.ceil(evaluation.batchSize / 2);
  const all: (Candidate | false)[] = [
    tokens < largest && {
      setting: `optimizer.microBatchTokens=${tokens}`,
      changed: { ...recipe, optimizer: { ...optimizer, microBatchTokens: tokens } },
    },
    runtime.recompute !== 'always' && {
      setting: 'runtime.recompute=always',
      changed: { ...recipe, runtime: { ...runtime, recompute: 'always' } },
    },
    runtime.baseDtype === 'float32' &&
      method !== 'full' && {
        setting: 'runtime.baseDtype=q8',
        changed: { ...recipe, runtime: { ...runtime, baseDtype: 'q8' } },
      },
    optimizer.stateDtype === 'float32' && {
      setting: 'optimizer.stateDtype=bfloat16',
      changed: { ...recipe, optimizer: { ...optimizer, stateDtype: 'bfloat16' } },
    },
    batchSize < evaluation.batchSize && {
      setting: `eval.batchSize=${batchSize}`,
      changed: { ...recipe, eval: { ...evaluation, batchSize } },
    },
  ];
  return all.filter((candidate) => candidate !== false);
}
