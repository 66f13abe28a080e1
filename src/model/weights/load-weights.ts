import type { HostTensor } from '../../engine/engine.ts';
import { InputError } from '../../errors.ts';
import { quoted, shown } from '../../io/text/shown.ts';
import type { ModelConfig } from '../config/model-config.ts';
import { openGguf } from '../files/gguf.ts';
import { findModel, type ModelSource } from '../files/source.ts';
import type { BaseDtype } from './base-weights.ts';
import { expectedTensors } from './expected-tensors.ts';
import { unfused } from './fused.ts';
import { ggufWeights } from './gguf-weights.ts';
import { openShards, openSingle } from './safetensors-weights.ts';
import type { WeightStore } from './weight-store.ts';
import { type WeightWriter, weightWriter } from './weight-writer.ts';

/** Numbers that are read at once. A tensor passes through in parts, so that loading needs little memory beside it. */
const PART = 2 ** 20;

/**
 * Loads a model's weights under the names of Hugging Face's state dict and in its order: as float32, or as the base of
 * another dtype (`base-weights.ts` has the names).
 * `path` is a folder in Hugging Face layout (safetensors, one file or shards, or one .gguf) or a .gguf file.
 * @throws InputError before anything is read: no weights, a truncated file, a tensor missing, of the wrong shape, or
 * not part of the architecture.
 */
export async function loadWeights(
  path: string,
  config: ModelConfig,
  dtype: BaseDtype = 'float32',
): Promise<Record<string, HostTensor>> {
  const store = await openModelWeights(path, config);
  try {
    const weights: Record<string, HostTensor> = {};
    for (const [name, shape] of Object.entries(expectedTensors(config))) {
      Object.assign(weights, await readWeight(store, weightWriter(name, shape, dtype), { name, shape }));
    }
    return weights;
  } finally {
    await store.close();
  }
}

/** Reads a tensor part by part into its writer. */
async function readWeight(
  store: WeightStore,
  writer: WeightWriter,
  { name, shape }: { readonly name: string; readonly shape: readonly number[] },
): Promise<WeightWriter['tensors']> {
  const [rows = 1, columns = 1] = shape;
  const step = Math.max(1, Math.floor(PART / columns));
  for (let first = 0; first < rows; first += step) {
    const count = Math.min(step, rows - first);
    writer.write(await store.read(name, { first, count }), first);
  }
  return writer.tensors;
}

/**
 * Opens a model's weights, to be read one at a time. Fused tensors stand apart.
 * @throws InputError as `loadWeights`.
 */
export async function openModelWeights(path: string, config: ModelConfig): Promise<WeightStore> {
  const opened = await openWeights(await findModel(path), config);
  try {
    const store = unfused(opened, config);
    checkTensors(store, config, expectedTensors(config));
    return store;
  } catch (error) {
    await opened.close();
    throw error;
  }
}

function checkTensors(
  store: WeightStore,
  config: ModelConfig,
  expected: Readonly<Record<string, readonly number[]>>,
): void {
  const missing = Object.keys(expected).filter((name) => !store.tensors.has(name));
  if (missing.length > 0) {
    throw new InputError(`${store.where} lacks ${listed(missing)}, which its config asks for`);
  }
  for (const [name, shape] of Object.entries(expected)) {
    const { type, shape: found } = store.tensors.get(name)!;
    if (!store.readableTypes.includes(type)) {
      const known = store.readableTypes.join(', ');
      throw new InputError(
        `${store.where}: tensor "${name}" is ${type}, which is not supported; supported types: ${known}`,
      );
    }
    if (found.join() !== shape.join()) {
      throw new InputError(
        `${store.where}: tensor "${name}" has shape [${shown(found.join())}], but by its config it must be [${shape}]`,
      );
    }
  }
  const extra = [...store.tensors.keys()].filter(
    (name) => !Object.hasOwn(expected, name) && !isRedundant(name, config),
  );
  if (extra.length > 0) {
    throw new InputError(
      `${store.where} holds ${listed(extra)}, which a ${config.modelType} model with this config does not use`,
    );
  }
}

/** Rotary buffers that old checkpoints carry, and the copy of tied embeddings. */
function isRedundant(name: string, config: ModelConfig): boolean {
  return name.endsWith('rotary_emb.inv_freq') || (config.tieWordEmbeddings && name === 'lm_head.weight');
}

function listed(names: readonly string[]): string {
  const first = names.slice(0, 3).map((name) => `${quoted(name)}`);
  const rest = names.length - first.length;
  return `${names.length === 1 ? 'tensor' : 'tensors'} ${first.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

async function openWeights({ weights }: ModelSource, config: ModelConfig): Promise<WeightStore> {
  if (weights.kind === 'none') {
    throw new InputError(
      `model folder ${weights.path} has no weights: expected model.safetensors, model.safetensors.index.json or one .gguf file`,
    );
  }
  if (weights.kind === 'gguf') return ggufWeights(await openGguf(weights.path), config);
  return weights.kind === 'index' ? openShards(weights.path) : openSingle(weights.path);
}
