import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { readAdapterFolder } from '../../adapter/peft/peft-folder.ts';
import { writeAdapterFolder } from '../../adapter/peft/write-adapter-folder.ts';
import { InputError } from '../../errors.ts';
import { hubIdOf, localPath } from '../../hub/local-path.ts';
import { readJsonIfAny } from '../../io/read-json.ts';
import type { SaveOptions } from '../../model/save/save-model.ts';
import { loadCheckpoint } from '../../run/checkpoint/load-checkpoint.ts';
import { isRunFolder } from '../../run/folder/paths.ts';
import { loadRunRecipe } from '../../run/loading/load-recipe.ts';
import { mergeableCheckpoint } from '../../run/verify/mergeable-checkpoint.ts';
import type { VerifyParts } from '../../run/verify/verify-parts.ts';
import { type CheckpointOption, checkpointOnlyOf } from '../options/checkpoint-option.ts';

/** A model, with an adapter or without, that can be written. */
export interface Exportable {
  /** Writes the model, its adapter merged in. */
  save(out: string, options?: SaveOptions): Promise<void>;
  /** Writes the model that the adapter has to be put on, where that is no model that has a name. */
  saveBase?: ((folder: string) => Promise<void>) | undefined;
  /**
   * Writes the adapter in PEFT layout into an empty folder, for the model in `base` where `saveBase` wrote one; absent
   * when there is none. Returns what a person should know about serving it.
   */
  saveAdapter?: ((folder: string, base?: string) => Promise<readonly string[]>) | undefined;
}

/** What says which model is meant. */
export interface ExportableOptions extends CheckpointOption {
  /** Base model of an adapter folder. */
  readonly model?: string;
}

interface Around {
  readonly options: ExportableOptions;
  readonly toolkit: Pick<VerifyParts, 'createPolicy' | 'loadModel'>;
}

type Use<T> = (exportable: Exportable) => Promise<T>;

const ADAPTER = 'adapter_config.json';

/** Whether a folder holds an adapter in PEFT layout. */
export const isAdapterFolder = (folder: string): boolean => existsSync(join(folder, ADAPTER));

/**
 * Loads what is meant, a run's checkpoint, an adapter folder or a model, and gives it to `use`.
 * @throws InputError when it can't be had, or an option is for another kind; RefusedError while a run's β ≠ 0.
 */
export async function withExportable<T>(spec: string, around: Around, use: Use<T>): Promise<T> {
  const { checkpoint, model } = around.options;
  if (isRunFolder(spec)) {
    refuseModel(model, `${spec} is a run, which knows its own`);
    return withRun(spec, around, use);
  }
  checkpointOnlyOf(spec, checkpoint);
  const found = await localPath(spec, 'either');
  if (isAdapterFolder(found)) return withAdapter(found, around, use);
  refuseModel(model, `${spec} is a model itself`);
  return withModel(spec, around, use);
}

function refuseModel(model: string | undefined, why: string): void {
  if (model !== undefined) throw new InputError(`--model is for an adapter folder: ${why}`);
}

async function withRun<T>(folder: string, { options, toolkit }: Around, use: Use<T>): Promise<T> {
  const { entry } = await mergeableCheckpoint(folder, options.checkpoint);
  const { recipe } = await loadRunRecipe(folder);
  const policy = await toolkit.createPolicy(recipe);
  try {
    await policy.restore((await loadCheckpoint(entry.path)).policy);
    return await use({
      save: (out, form) => policy.saveMerged(out, form),
      saveBase: policy.saveBase?.bind(policy),
      saveAdapter: policy.saveAdapter?.bind(policy),
    });
  } finally {
    await policy.dispose();
  }
}

async function withAdapter<T>(folder: string, { options, toolkit }: Around, use: Use<T>): Promise<T> {
  const base = await toolkit.loadModel(options.model ?? (await baseModelOf(folder)));
  try {
    const stored = await readAdapterFolder(folder, base.config);
    const adapted = await base.withAdapter(stored);
    return await use({
      save: (out, form) => adapted.save(out, form),
      saveAdapter: (to) => writeAdapterFolder(to, stored, base.config),
    });
  } finally {
    await base.dispose();
  }
}

async function withModel<T>(spec: string, { toolkit }: Around, use: Use<T>): Promise<T> {
  const model = await toolkit.loadModel(spec);
  try {
    return await use({ save: (out, form) => model.save(out, form) });
  } finally {
    await model.dispose();
  }
}

async function baseModelOf(folder: string): Promise<string> {
  const schema = z.object({ base_model_name_or_path: z.string().nullish(), revision: z.string().nullish() });
  const config = await readJsonIfAny(join(folder, ADAPTER), schema);
  const name = config?.base_model_name_or_path;
  const revision = config?.revision;
  if (name) return revision && hubIdOf(name) ? `${name}@${revision}` : name;
  throw new InputError(`${join(folder, ADAPTER)} names no base model: give it with --model`);
}
