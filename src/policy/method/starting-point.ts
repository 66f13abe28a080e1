import { isDeepStrictEqual } from 'node:util';
import { adapter as adapterSchema } from '../../adapter/adapter-settings.ts';
import { readAdapterFolder } from '../../adapter/peft-folder.ts';
import {
  type BaseModel,
  mergedBase,
  mountingBase,
  type StoredAdapter,
} from '../../adapter/stored-adapter.ts';
import { targetModules } from '../../adapter/target-modules.ts';
import { InputError } from '../../errors.ts';
import type { ModelConfig } from '../../model/config/model-config.ts';
import type { Recipe } from '../../recipe/recipe.ts';

/** What a run starts from. */
export interface StartingPoint {
  /** The model as the method takes it: with a loaded adapter merged where the method does not continue it. */
  readonly model: BaseModel;
  /** A linear adapter that method lora continues. */
  readonly continued?: StoredAdapter;
  /** A linear adapter that is merged into `model`. */
  readonly merged?: StoredAdapter;
}

/**
 * Finds what a recipe's run starts from: the model, and the adapter of `adapter.init` on it. Method lora continues that
 * adapter where it is. A new activation must not come over trained weights, so afa-lora merges it and starts a fresh
 * one; full merges it too. The model at step 0 is the same either way.
 * @throws InputError when the adapter can't be read, does not fit the model, is not linear, or has other settings than
 * the recipe asks for.
 */
export async function startingPoint(recipe: Recipe, model: BaseModel): Promise<StartingPoint> {
  const { init } = recipe.adapter;
  if (init === undefined) return { model };
  const stored = linear(await readAdapterFolder(init, model.config), init);
  if (recipe.method !== 'lora') return { model: mergedBase(model, stored), merged: stored };
  checkSettings(recipe, stored, model.config);
  return { model: mountingBase(model, stored), continued: stored };
}

/** An adapter at β = 0 as plain LoRA, which it is. */
function linear({ afa, spec, ...stored }: StoredAdapter, folder: string): StoredAdapter {
  const curved = afa?.beta.find((beta) => beta !== 0);
  if (curved !== undefined) {
    throw new InputError(
      `adapter.init ${folder} is at β = ${curved}: a run starts from an adapter at β = 0; finish its own run with --resume`,
    );
  }
  return { ...stored, spec: { ...spec, placement: 'A-s-B', activation: 'silu', anneals: false } };
}

/** @throws InputError naming a setting of the recipe, other than its default, that is not the adapter's. */
function checkSettings({ adapter: given }: Recipe, { spec }: StoredAdapter, config: ModelConfig): void {
  const defaults = adapterSchema.parse({});
  const adapted = Object.entries(spec.modules);
  const all = (values: readonly number[]) => (new Set(values).size === 1 ? values[0] : [...new Set(values)]);
  const own = {
    rank: all(adapted.map(([, { rank }]) => rank)),
    alpha: all(adapted.map(([, { alpha }]) => alpha)),
    rsLora: spec.rsLora,
    targetModules: adapted.map(([module]) => module),
  };
  for (const [name, value] of Object.entries(own)) {
    const asked = given[name as keyof typeof own];
    if (isDeepStrictEqual(asked, defaults[name as keyof typeof own])) continue;
    const wanted = name === 'targetModules' ? targetModules(config, given.targetModules) : asked;
    if (isDeepStrictEqual(wanted, value)) continue;
    const shown = name === 'targetModules' ? [...new Set(own.targetModules.map(lastName))] : value;
    throw new InputError(
      `adapter.${name} is ${JSON.stringify(asked)}, but that of the adapter in adapter.init is ${JSON.stringify(shown)}, and method lora continues it as it is: leave adapter.${name} out`,
    );
  }
}

const lastName = (path: string) => path.slice(path.lastIndexOf('.') + 1);
