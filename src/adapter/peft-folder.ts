import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { HostTensor, Named } from '../engine/engine.ts';
import { InputError } from '../errors.ts';
import { localPath } from '../hub/local-path.ts';
import { writeFileAtomic } from '../io/atomic-write.ts';
import { readJsonIfAny } from '../io/read-json.ts';
import type { ModelConfig } from '../model/config/model-config.ts';
import { readSafetensors, writeSafetensors } from '../model/files/safetensors.ts';
import { activations, placements } from './adapter-settings.ts';
import type { AdapterSpec } from './adapter-spec.ts';
import { adapterShapes } from './adapter-tensors.ts';
import { schedule } from './anneal/schedule-settings.ts';
import { parsePeftConfig, peftConfig } from './peft-config.ts';
import { targetModules } from './target-modules.ts';

// An adapter's folder in PEFT layout: adapter_config.json and adapter_model.safetensors. An annealed adapter also has
// afa.json, with the settings that PEFT lacks. At β = 0 PEFT computes the same from this folder. At β > 0 PEFT would
// leave φ out and compute something else.

const FILES = {
  config: 'adapter_config.json',
  tensors: 'adapter_model.safetensors',
  afa: 'afa.json',
} as const;

const afaSchema = z.strictObject({
  activation: z.enum(activations),
  placement: z.enum(placements),
  schedule,
  /** Optimiser steps of the whole run. */
  steps: z.int().positive(),
  /** Optimiser steps taken so far. */
  step: z.int().nonnegative(),
  /** β of each layer, [L]. */
  beta: z.array(z.number().min(0).max(1)),
});

/** The content of afa.json: an annealed adapter's activation, its schedule, and where it stands in the schedule. */
export type AfaState = Readonly<z.output<typeof afaSchema>>;

/** An adapter as it is stored in a folder. */
export interface StoredAdapter {
  readonly spec: AdapterSpec;
  /** A [R, in] and B [out, R] of each module, by PEFT's names. */
  readonly tensors: Named<HostTensor>;
  /** Name or path of the base model. */
  readonly baseModel: string | undefined;
  /** Absent for plain LoRA. */
  readonly afa?: AfaState | undefined;
}

/** Writes an adapter's files into a folder. The folder is made if it is missing. */
export async function writeAdapterFolder(folder: string, adapter: StoredAdapter): Promise<void> {
  const { spec, tensors, baseModel, afa } = adapter;
  await mkdir(folder, { recursive: true });
  const config = peftConfig({ ...spec, baseModel, targetModules: spec.modules });
  const floats = Object.fromEntries(
    Object.entries(tensors).map(([name, { data, shape }]) => [name, { data: data as Float32Array, shape }]),
  );
  await writeSafetensors(join(folder, FILES.tensors), floats);
  await writeFileAtomic(join(folder, FILES.config), `${JSON.stringify(config, null, 2)}\n`);
  if (afa) await writeFileAtomic(join(folder, FILES.afa), `${JSON.stringify(afa, null, 2)}\n`);
}

/**
 * Reads an adapter's folder for a model; `name` may be an adapter on the Hugging Face hub, too.
 * @throws InputError when a file is missing or damaged, when the adapter is neither plain LoRA nor AFA-LoRA, or when
 * its tensors do not fit the model.
 */
export async function readAdapterFolder(name: string, config: ModelConfig): Promise<StoredAdapter> {
  const folder = await localPath(name, 'adapter');
  const where = join(folder, FILES.config);
  const json = await readJsonIfAny(where, z.record(z.string(), z.unknown()));
  if (json === undefined)
    throw new InputError(`${folder} holds no ${FILES.config}: is it an adapter's folder?`);
  const { rank, alpha, rsLora, baseModel, ...peft } = parsePeftConfig(json, where);
  const afa = await readJsonIfAny(join(folder, FILES.afa), afaSchema);
  if (afa && afa.beta.length !== config.layers) {
    throw new InputError(
      `${join(folder, FILES.afa)}: beta has ${afa.beta.length} layers, the model ${config.layers}`,
    );
  }
  const { placement, activation } = afa ?? { placement: 'A-s-B', activation: 'silu' };
  const modules = targetModules(config, peft.targetModules);
  const spec: AdapterSpec = {
    modules,
    rank,
    alpha,
    rsLora,
    placement,
    activation,
    anneals: afa !== undefined,
  };
  return { spec, tensors: await readTensors(join(folder, FILES.tensors), spec, config), baseModel, afa };
}

async function readTensors(
  path: string,
  spec: AdapterSpec,
  config: ModelConfig,
): Promise<Record<string, HostTensor>> {
  const stored = await readSafetensors(path);
  const tensors: Record<string, HostTensor> = {};
  for (const [name, shape] of Object.entries(adapterShapes(spec, config))) {
    const tensor = stored[name];
    if (tensor === undefined) throw new InputError(`${path} lacks "${name}", which its config asks for`);
    if (!(tensor.data instanceof Float32Array) || tensor.shape.join() !== shape.join()) {
      throw new InputError(
        `${path}: "${name}" is ${tensor.dtype} [${tensor.shape}], but must be float [${shape}]`,
      );
    }
    tensors[name] = { data: tensor.data, shape, dtype: 'float32' };
  }
  const extra = Object.keys(stored).find((name) => !(name in tensors));
  if (extra !== undefined)
    throw new InputError(`${path} holds "${extra}", which its config does not ask for`);
  return tensors;
}
