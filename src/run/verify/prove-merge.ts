import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { modelPath } from '../../model/config/model-path.ts';
import { readModelConfig } from '../../model/read-config.ts';
import { expectedTensors } from '../../model/weights/expected-tensors.ts';
import { openModelWeights } from '../../model/weights/load-weights.ts';
import { roundedWeight } from '../../model/weights/weight-writer.ts';
import type { Policy } from '../../policy/policy.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import type { RunPaths } from '../folder/paths.ts';
import { compareWeights, type WeightComparison } from './compare-weights.ts';
import { expectedFromAdapter } from './expected-weights.ts';

/** What was trained, and where its files are. */
export interface Trained {
  readonly policy: Policy;
  readonly recipe: Recipe;
  readonly paths: RunPaths;
  /** Whether the policy is the run's last, whose adapter the run wrote. */
  readonly isLast: boolean;
}

/**
 * Compares models on disk, weight by weight, with what they must be: W0 + s·B·A from the files of the base model and of
 * the adapter, or for method full the trained weights. Gives one comparison for each model, or undefined for adapters
 * that merge by another formula (DoRA, biases).
 */
export async function proveMerge(
  trained: Trained,
  models: readonly string[],
): Promise<readonly WeightComparison[] | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'anneal-'));
  try {
    return await compareAll(trained, models, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function compareAll(
  { policy, recipe, paths, isLast }: Trained,
  models: readonly string[],
  folder: string,
): Promise<readonly WeightComparison[] | undefined> {
  if (policy.saveAdapter === undefined) {
    const trained = await trainedWeights(policy);
    const readBase = async (name: string) => trained.get(name)!;
    return inTurn(models, (model) =>
      compareWeights(model, { readBase, expected: (_, w) => Float64Array.from(w) }),
    );
  }
  // Older versions wrote no base.
  const isWritten = existsSync(paths.adapter) && (policy.saveBase === undefined || existsSync(paths.base));
  const written = isLast && isWritten ? { adapter: paths.adapter, base: paths.base } : undefined;
  const at = written ?? { adapter: join(folder, 'adapter'), base: join(folder, 'base') };
  if (written === undefined) {
    await policy.saveBase?.(at.base);
    await policy.saveAdapter(at.adapter, policy.saveBase && at.base);
  }
  const expected = await expectedFromAdapter(at.adapter);
  if (expected === undefined) return undefined;
  const base = policy.saveBase
    ? await openModelWeights(at.base, await readModelConfig(at.base))
    : await openBase(recipe);
  try {
    return await inTurn(models, (model) => compareWeights(model, { readBase: base.read, expected }));
  } finally {
    await base.close();
  }
}

/** The trained weights by name, without the optimiser's moments. */
async function trainedWeights(policy: Policy): Promise<ReadonlyMap<string, Float32Array>> {
  const prefix = 'trained.';
  const { arrays } = await policy.state();
  const entries = Object.entries(arrays).filter(([name]) => name.startsWith(prefix));
  return new Map(entries.map(([name, { data }]) => [name.slice(prefix.length), data as Float32Array]));
}

/** The weights of the model that a recipe names, rounded as the run holds them. Fresh weights are written to base/. */
async function openBase({ model, runtime: { baseDtype } }: Recipe) {
  const path = await modelPath(model);
  const config = await readModelConfig(path);
  const store = await openModelWeights(path, config);
  const shapes = expectedTensors(config);
  return {
    read: async (name: string) => roundedWeight(await store.read(name), shapes[name]!, baseDtype),
    close: store.close,
  };
}

async function inTurn<T, R>(items: readonly T[], use: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const item of items) results.push(await use(item));
  return results;
}
