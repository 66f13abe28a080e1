import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError, RefusedError } from '../../errors.ts';
import { hubIdOf } from '../../hub/local-path.ts';
import { writeFileAtomic } from '../../io/atomic-write.ts';
import type { ModelConfig } from '../../model/config/model-config.ts';
import { writeSafetensors } from '../../model/files/safetensors.ts';
import { annealOf, needsOwnBase, type StoredAdapter } from '../stored-adapter.ts';
import { peftExport, servingNotes } from './peft-export.ts';
import { adapterFiles } from './peft-folder.ts';

/**
 * Writes an adapter's files into a folder, which is made if it is missing: adapter_config.json and
 * adapter_model.safetensors, from which PEFT computes the same as we do, and afa.json for an annealed adapter. An
 * adapter under this one is stacked with it: the folder names the original base model.
 * @returns what a person should know about serving it.
 * @throws RefusedError while β ≠ 0, where PEFT would leave φ out and compute something else; InputError for an adapter
 * that needs a base model of its own.
 */
export async function writeAdapterFolder(
  folder: string,
  adapter: StoredAdapter,
  config: ModelConfig,
): Promise<string[]> {
  refuseCurved(adapter, config);
  if (needsOwnBase(adapter)) {
    const replaced =
      Object.keys(adapter.weights).slice(0, 3).join(', ') || 'those that DoRA or a bias changes';
    throw new InputError(
      `the adapter replaces weights of its model (${replaced}), which adapters for vLLM can't: merge it instead`,
    );
  }
  const { config: settings, tensors } = peftExport(adapter, config);
  await mkdir(folder, { recursive: true });
  await writeSafetensors(join(folder, adapterFiles.tensors), tensors);
  const written = {
    ...fixedSettings,
    ...settings,
    ...baseFields(adapter.baseModel),
    ...layerFields(adapter),
  };
  const sorted = Object.fromEntries(Object.entries(written).sort(([a], [b]) => (a < b ? -1 : 1)));
  await writeFileAtomic(join(folder, adapterFiles.config), json(sorted));
  if (adapter.afa) await writeFileAtomic(join(folder, adapterFiles.afa), json(adapter.afa));
  return servingNotes(settings);
}

/** The base model as PEFT names it: one on the hub by its name and its commit. */
function baseFields(base: string | undefined): Record<string, string | null> {
  const id = base === undefined ? undefined : hubIdOf(base);
  if (id === undefined || id.part !== undefined) return { base_model_name_or_path: base ?? null };
  return { base_model_name_or_path: id.name, revision: id.revision ?? null };
}

/** An adapter of a model's first layers names them: PEFT would adapt the others, too. */
function layerFields({ firstLayers }: StoredAdapter): Record<string, readonly number[]> {
  if (firstLayers === undefined) return {};
  return { layers_to_transform: Array.from({ length: firstLayers }, (_, layer) => layer) };
}

/** What is the same in every export. */
const fixedSettings = {
  bias: 'none',
  fan_in_fan_out: false,
  inference_mode: true,
  init_lora_weights: true,
  lora_dropout: 0,
  modules_to_save: null,
  peft_type: 'LORA',
  task_type: 'CAUSAL_LM',
};

function refuseCurved(adapter: StoredAdapter, { layers }: ModelConfig): void {
  const { betas, zeroStep } = annealOf(adapter, layers);
  const layer = betas.findIndex((beta) => beta !== 0);
  if (layer < 0) return;
  throw new RefusedError(
    `can't write the adapter for PEFT: β is ${betas[layer]} in layer ${layer}, and PEFT would leave the activation out; β would be 0 at step ${zeroStep}: train until then`,
  );
}

const json = (content: object) => `${JSON.stringify(content, null, 2)}\n`;
