import { join } from 'node:path';
import type { StoredAdapter } from '../../adapter/stored-adapter.ts';
import type { CausalLM } from '../../causal-lm/causal-lm.ts';
import type { LoadModelOptions } from '../../causal-lm/load-model.ts';
import { inTemporaryFolder } from '../../io/temporaries.ts';
import type { CreatePolicy } from '../../policy/policy.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { beginsAsModel, trainedModel } from '../../recipe/trained-model.ts';
import { loadCheckpoint } from './load-checkpoint.ts';

interface ModelParts {
  readonly recipe: Recipe;
  readonly createPolicy: CreatePolicy;
  readonly loadModel: (source: string, options?: LoadModelOptions) => Promise<CausalLM>;
}

/**
 * Uses the policy of a checkpoint as a model: its adapter on the base model, at the β of that step. Method full has no
 * adapter, and a base that was drawn at random, or is a target's first layers, lies in no folder: there the whole model
 * is written to a temporary folder.
 * @throws InputError as `createPolicy` and `loadModel` do; RefusedError while β ≠ 0 when the whole model has to be
 * written.
 */
export async function withCheckpointModel<T>(
  path: string,
  { recipe, createPolicy, loadModel }: ModelParts,
  use: (model: CausalLM) => Promise<T>,
): Promise<T> {
  return inTemporaryFolder(async (folder) => {
    const { model, adapter } = await restoredPolicy(path, folder, { recipe, createPolicy });
    const { runtime } = recipe;
    const held = adapter === undefined ? {} : { baseDtype: runtime.baseDtype };
    const base = await loadModel(model, { engine: runtime, ...held });
    try {
      return await use(adapter === undefined ? base : await base.withAdapter(adapter));
    } finally {
      await base.dispose();
    }
  });
}

/**
 * What a checkpoint's policy is loaded from as a model, and the adapter to put on it; a whole model is written into
 * `folder`.
 * @throws as `withCheckpointModel`.
 */
export async function restoredPolicy(
  path: string,
  folder: string,
  { recipe, createPolicy }: Omit<ModelParts, 'loadModel'>,
): Promise<{ readonly model: string; readonly adapter?: StoredAdapter }> {
  const policy = await createPolicy(recipe);
  try {
    await policy.restore((await loadCheckpoint(path)).policy);
    if (policy.adapter && beginsAsModel(recipe))
      return { model: trainedModel(recipe), adapter: await policy.adapter() };
    const model = join(folder, 'model');
    await policy.saveMerged(model);
    return { model };
  } finally {
    await policy.dispose();
  }
}
