import { isDeepStrictEqual } from 'node:util';
import { adapter as adapterSchema } from '../../adapter/adapter-settings.ts';
import { checkMergeable } from '../../adapter/merge.ts';
import { readAdapterFolder } from '../../adapter/peft/peft-folder.ts';
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
  /** What a person should know about it. */
  readonly notes?: readonly string[];
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
  if (recipe.method !== 'lora') {
    const { baseDtype } = recipe.runtime;
    const notes = baseDtype === 'float32' ? [] : [widened(baseDtype)];
    return { model: mergedBase(model, stored), merged: stored, notes };
  }
  // The run's end would find out otherwise.
  checkMergeable(stored.spec, { ...model.weights, ...stored.weights });
  const own = settingsOf(stored);
  checkSettings(recipe, own, model.config);
  const { rank, alpha } = recipe.adapter;
  const notes = isDeepStrictEqual([rank, alpha], [own.rank, own.alpha])
    ? []
    : [`adapter.init is continued with its own rank ${shown(own.rank)} and alpha ${shown(own.alpha)}`];
  return { model: mountingBase(model, stored), continued: stored, notes };
}

const widened = (baseDtype: string): string =>
  `adapter.init is merged into the base after its rounding to ${baseDtype}: the layers that it adapts are float32 from then on, and save no memory`;

const shown = (value: number | readonly number[]) => [value].flat().join('/');

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

/** The settings of an adapter as a recipe has them; several values where modules differ. */
interface OwnSettings {
  readonly rank: number | readonly number[];
  readonly alpha: number | readonly number[];
  readonly rsLora: boolean;
  readonly targetModules: readonly string[];
}

function settingsOf({ spec }: StoredAdapter): OwnSettings {
  const adapted = Object.values(spec.modules);
  const distinct = (values: readonly number[]) => {
    const [first, ...others] = new Set(values);
    return others.length === 0 ? first! : [first!, ...others];
  };
  return {
    rank: distinct(adapted.map(({ rank }) => rank)),
    alpha: distinct(adapted.map(({ alpha }) => alpha)),
    rsLora: spec.rsLora,
    targetModules: Object.keys(spec.modules),
  };
}

/** @throws InputError naming a setting of the recipe, other than its default, that is not the adapter's. */
function checkSettings({ adapter: given }: Recipe, own: OwnSettings, config: ModelConfig): void {
  const defaults = adapterSchema.parse({});
  for (const name of ['rank', 'alpha', 'rsLora', 'targetModules'] as const) {
    if (isDeepStrictEqual(given[name], defaults[name])) continue;
    const asked = name === 'targetModules' ? targetModules(config, given.targetModules) : given[name];
    if (isDeepStrictEqual(asked, own[name])) continue;
    const value = name === 'targetModules' ? [...new Set(own.targetModules.map(lastName))] : own[name];
    throw new InputError(
      `adapter.${name} is ${JSON.stringify(given[name])}, but that of the adapter in adapter.init is ${JSON.stringify(value)}, and method lora continues it as it is: leave adapter.${name} out, or give that value`,
    );
  }
}

const lastName = (path: string) => path.slice(path.lastIndexOf('.') + 1);
