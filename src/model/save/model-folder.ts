import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { writeFolderAtomic } from '../../io/atomic-folder.ts';
import { writeFileAtomic } from '../../io/atomic-write.ts';
import type { JsonObject } from '../config/model-config.ts';
import { encodedBytes, type TensorToWrite } from '../files/encode-floats.ts';
import { type FloatType, streamSafetensors } from '../files/safetensors.ts';
import { elementCount } from '../files/safetensors-header.ts';
import { companionFiles } from './companion-files.ts';
import type { ModelToSave } from './model-to-save.ts';
import { dealShards, type Shard, shardIndex } from './shards.ts';
import { tensorsToWrite } from './tensors-to-write.ts';

/** Types that a folder's weights can have, with their names in safetensors and in config.json. */
const floatTypes = {
  f32: { stored: 'F32', named: 'float32' },
  bf16: { stored: 'BF16', named: 'bfloat16' },
  f16: { stored: 'F16', named: 'float16' },
} as const satisfies Record<string, { readonly stored: FloatType; readonly named: string }>;

export interface FolderOptions {
  /** Default f32: the weights as they are. */
  readonly dtype?: keyof typeof floatTypes;
  /** Most bytes of tensors in a file. Default 4 GB, the most that FAT32 and some hosts take. */
  readonly shardBytes?: number;
}

/**
 * Writes a model in Hugging Face layout: config.json, weights in safetensors (in shards where they are large), and the
 * files of tokenizer, templates and generation, copied byte for byte from where the model was loaded. transformers and
 * `loadModel` read it back. The folder appears whole or not at all, and replaces an existing one.
 * @throws InputError naming the tensor when the type can't hold a weight; RangeError when a weight that the config asks
 * for is missing or has the wrong length.
 */
export async function saveModelFolder(
  out: string,
  model: ModelToSave,
  { dtype = 'f32', shardBytes = 4e9 }: FolderOptions = {},
): Promise<void> {
  const { config, tokenizerFiles, source } = model;
  const { stored, named } = floatTypes[dtype];
  const files: Record<string, string | Uint8Array> = {
    'config.json': withFloats(json(typedConfig(config.raw, named))),
    ...(config.rawGeneration && { 'generation_config.json': json(config.rawGeneration) }),
    ...tokenizerFiles,
  };
  await writeFolderAtomic(out, async (folder) => {
    for (const [name, content] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFileAtomic(join(folder, name), content);
    }
    if (source !== undefined) await copyCompanions(source, folder, config.rawGeneration);
    await writeShards(folder, shardsOf(model, stored, shardBytes), stored);
  });
}

/** Copies a model's other files. Its generation_config.json is not copied where end tokens were added to it. */
async function copyCompanions(source: string, folder: string, generation: JsonObject | null): Promise<void> {
  for await (const [path, bytes] of companionFiles(source)) {
    const changed =
      path === 'generation_config.json' && !isDeepStrictEqual(JSON.parse(bytes.toString()), generation);
    if (changed) continue;
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFileAtomic(join(folder, path), bytes);
  }
}

function shardsOf(model: ModelToSave, dtype: FloatType, shardBytes: number): Shard[] {
  const bytesOf = ({ shape }: TensorToWrite) => encodedBytes(dtype, elementCount(shape));
  return dealShards(tensorsToWrite(model), { shardBytes, bytesOf });
}

async function writeShards(folder: string, shards: readonly Shard[], dtype: FloatType): Promise<void> {
  for (const { file, tensors } of shards) await streamSafetensors(join(folder, file), tensors, { dtype });
  if (shards.length === 1) return;
  const parameters = shards
    .flatMap(({ tensors }) => tensors)
    .reduce((sum, { shape }) => sum + elementCount(shape), 0);
  const index = shardIndex(shards, { parameters, bytes: encodedBytes(dtype, parameters) });
  await writeFileAtomic(join(folder, 'model.safetensors.index.json'), `${JSON.stringify(index, null, 2)}\n`);
}

/** Sets the type in a config. transformers 5 calls this field dtype, transformers 4 torch_dtype. */
function typedConfig(raw: JsonObject, named: string): JsonObject {
  const { dtype, torch_dtype, ...rest } = raw;
  return { ...rest, [dtype === undefined && torch_dtype !== undefined ? 'torch_dtype' : 'dtype']: named };
}

/** Fields that transformers' config classes take as a float and not as an integer. */
const floats =
  /"(initializer_range|rms_norm_eps|attn_logit_softcapping|final_logit_softcapping|attention_factor)": -?\d+(?=,?$)/gm;

/** JavaScript writes 30.0 as 30, with which transformers 5 refuses the config. */
function withFloats(text: string): string {
  return text.replace(floats, '$&.0');
}

function json(value: JsonObject): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
