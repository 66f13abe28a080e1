import { modelPath } from '../../model/config/model-path.ts';
import { openSafetensors } from '../../model/files/safetensors.ts';
import { readModelConfig } from '../../model/read-config.ts';
import { expectedTensors } from '../../model/weights/expected-tensors.ts';
import { openModelWeights } from '../../model/weights/load-weights.ts';
import { roundedWeight } from '../../model/weights/weight-writer.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { trainedModel } from '../../recipe/trained-model.ts';
import { compareWeights, type WeightComparison } from './compare-weights.ts';
import { type ExpectedWeight, expectedFromAdapter } from './expected-weights.ts';
import type { ProofFiles } from './proof-files.ts';

/** Weights that are read one at a time. */
interface Weights {
  readonly read: (name: string) => Promise<Float32Array>;
  readonly close: () => Promise<void>;
}

/**
 * Compares models on disk, weight by weight, with what they must be: W0 + s·B·A from the files of the base model and of
 * the adapter, or for method full the trained weights. Gives one comparison for each model, or undefined for adapters
 * that merge by another formula (DoRA, biases).
 */
export async function proveMerge(
  files: ProofFiles,
  recipe: Recipe,
  models: readonly string[],
): Promise<readonly WeightComparison[] | undefined> {
  if ('trained' in files)
    return compareAll(await openTrained(files.trained), (_, weight) => Float64Array.from(weight), models);
  const expected = await expectedFromAdapter(files.adapter);
  if (expected === undefined) return undefined;
  const { base } = files;
  const opened = base ? await openModelWeights(base, await readModelConfig(base)) : await openBase(recipe);
  return compareAll(opened, expected, models);
}

async function compareAll(
  base: Weights,
  expected: ExpectedWeight,
  models: readonly string[],
): Promise<readonly WeightComparison[]> {
  try {
    const results: WeightComparison[] = [];
    for (const model of models) results.push(await compareWeights(model, { readBase: base.read, expected }));
    return results;
  } finally {
    await base.close();
  }
}

/** The trained weights in a checkpoint's file. */
async function openTrained(path: string): Promise<Weights> {
  const file = await openSafetensors(path);
  return {
    read: async (name) => (await file.read(`trained.${name}`)).data as Float32Array,
    close: file.close,
  };
}

/** The weights of the model that a recipe trains, rounded as the run holds them. Fresh weights are written to base/. */
async function openBase(recipe: Recipe): Promise<Weights> {
  const { baseDtype } = recipe.runtime;
  const path = await modelPath(trainedModel(recipe));
  const config = await readModelConfig(path);
  const store = await openModelWeights(path, config);
  const shapes = expectedTensors(config);
  return {
    read: async (name: string) => roundedWeight(await store.read(name), shapes[name]!, baseDtype),
    close: store.close,
  };
}
