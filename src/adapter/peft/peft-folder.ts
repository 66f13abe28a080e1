import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { InputError } from '../../errors.ts';
import { localPath } from '../../hub/local-path.ts';
import { readJsonIfAny } from '../../io/read-json.ts';
import type { ModelConfig } from '../../model/config/model-config.ts';
import { insideFolder } from '../../model/files/inside-folder.ts';
import { readSafetensors } from '../../model/files/safetensors.ts';
import type { AdapterSpec } from '../adapter-spec.ts';
import { afaSchema, checkLayers, type StoredAdapter } from '../stored-adapter.ts';
import { parsePeftConfig } from './peft-config.ts';
import { peftModules } from './peft-modules.ts';
import { adapterTensors } from './peft-tensors.ts';

/** The files of an adapter's folder, in PEFT layout. afa.json has the settings of an annealed adapter, which PEFT lacks. */
export const adapterFiles = {
  config: 'adapter_config.json',
  tensors: 'adapter_model.safetensors',
  afa: 'afa.json',
} as const;

/**
 * Reads an adapter's folder for a model; `name` may be an adapter on the Hugging Face hub, too.
 * @throws InputError when a file is missing or damaged, when the adapter is of a method that can't be read, or when its
 * tensors do not fit the model.
 */
export async function readAdapterFolder(name: string, config: ModelConfig): Promise<StoredAdapter> {
  const folder = await localPath(name, 'adapter');
  const where = join(folder, adapterFiles.config);
  const json = await readJsonIfAny(
    await insideFolder(folder, adapterFiles.config),
    z.record(z.string(), z.unknown()),
  );
  if (json === undefined) {
    if (!existsSync(folder)) throw new InputError(`adapter folder ${folder} does not exist`);
    const inside = join(folder, 'adapter');
    const hint = existsSync(join(inside, adapterFiles.config))
      ? `its adapter is ${inside}`
      : "is it an adapter's folder?";
    throw new InputError(`${folder} holds no ${adapterFiles.config}: ${hint}`);
  }
  const peft = parsePeftConfig(json, where);
  const afa = await readJsonIfAny(await insideFolder(folder, adapterFiles.afa), afaSchema);
  if (afa) checkLayers(afa, config, join(folder, adapterFiles.afa));
  const modules = peftModules(peft, config);
  const path = tensorsPath(folder);
  const { tensors, weights } = adapterTensors(
    await readSafetensors(await insideFolder(folder, adapterFiles.tensors)),
    { peft, modules, config, path },
  );
  const { placement, activation } = afa ?? { placement: 'A-s-B', activation: 'silu' };
  const spec: AdapterSpec = {
    modules: Object.fromEntries(
      modules.flatMap(({ parts, rank, alpha }) => parts.map((part) => [part, { rank, alpha }])),
    ),
    rsLora: peft.rsLora,
    dora: peft.dora,
    loraBias: peft.loraBias,
    placement,
    activation,
    anneals: afa !== undefined,
  };
  return { spec, tensors, weights, baseModel: peft.baseModel, afa };
}

function tensorsPath(folder: string): string {
  const path = join(folder, adapterFiles.tensors);
  const pickled = join(folder, 'adapter_model.bin');
  if (existsSync(path) || !existsSync(pickled)) return path;
  throw new InputError(
    `${pickled} is pickled, and may run code when it is read: save the adapter as safetensors with PEFT`,
  );
}
