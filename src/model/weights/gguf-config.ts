import { InputError } from '../../errors.ts';
import { quoted } from '../../io/text/shown.ts';
import type { JsonObject, ModelConfig } from '../config/model-config.ts';
import { type GgufFacts, type GgufForm, sharedFields } from '../families/gguf-form.ts';
import { families } from '../families/index.ts';
import { parseModelConfig } from '../families/parse-config.ts';
import type { GgufFile } from '../files/gguf.ts';
import { ropeParameters } from './gguf-rope.ts';
import { shortest } from './shortest-decimal.ts';

/**
 * The config that a GGUF file describes, for a file without config.json.
 * @throws InputError when its architecture is not supported, or its metadata doesn't describe a model.
 */
export async function ggufModelConfig(file: GgufFile): Promise<ModelConfig> {
  const { modelType, form } = familyOf(file);
  checkLayers(file, form);
  const value = (key: string) => shortest(file.metadata[`${form.architecture}.${key}`]);
  const facts = {
    value,
    has: (name: string) => file.tensors.has(name),
    rope: await ropeParameters(file, value),
  };
  const config = { ...configJson(file, form, facts), model_type: modelType };
  return parseModelConfig({ config, ggufEnds: ggufEndIds(file), where: `${file.path} (metadata)` });
}

/** The first family of an architecture: llama.cpp has a Mistral as a Llama, and a file does not tell them apart. */
function familyOf({ path, metadata }: GgufFile): { readonly modelType: string; readonly form: GgufForm } {
  const architecture = metadata['general.architecture'];
  const found = Object.entries(families).find(([, { gguf }]) => gguf.architecture === architecture);
  if (found !== undefined) return { modelType: found[0], form: found[1].gguf };
  const known = [...new Set(Object.values(families).map(({ gguf }) => gguf.architecture))].join(', ');
  throw new InputError(
    `${path}: architecture ${architecture === undefined ? '(missing)' : quoted(String(architecture))} is not supported; supported: ${known}`,
  );
}

/** Before anything is made for each layer: a damaged file may name a billion. */
function checkLayers({ path, metadata, tensors }: GgufFile, { architecture }: GgufForm): void {
  const layers = metadata[`${architecture}.block_count`];
  if (typeof layers !== 'number' || layers <= tensors.size) return;
  throw new InputError(`${path}: block_count is ${layers}, more than its ${tensors.size} tensors could be`);
}

/** config.json without its model_type. */
function configJson(file: GgufFile, form: GgufForm, facts: GgufFacts): JsonObject {
  const { metadata } = file;
  const fields = Object.entries({ ...sharedFields, ...form.fields });
  const heads = facts.value('attention.head_count');
  const split = Number(facts.value('embedding_length')) / Number(heads);
  return defined({
    architectures: [form.modelClass],
    vocab_size: file.tensors.get('token_embd.weight')?.shape[0],
    ...Object.fromEntries(fields.map(([key, field]) => [field, facts.value(key)])),
    num_key_value_heads: facts.value('attention.head_count_kv') ?? heads,
    head_dim: facts.value('attention.key_length') ?? (Number.isInteger(split) ? split : undefined),
    rope_parameters: facts.rope,
    tie_word_embeddings: !file.tensors.has('output.weight'),
    bos_token_id: metadata['tokenizer.ggml.bos_token_id'] ?? null,
    eos_token_id: metadata['tokenizer.ggml.eos_token_id'] ?? null,
    pad_token_id: metadata['tokenizer.ggml.padding_token_id'] ?? null,
    dtype: 'float32',
    ...form.config?.(facts),
  });
}

const defined = (json: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(json).filter(([, value]) => value !== undefined));

/** The ids that end a text, a turn or a message by a GGUF file's metadata. */
export function ggufEndIds({ metadata }: GgufFile): number[] {
  const ids = ['eos', 'eot', 'eom'].map((end) => metadata[`tokenizer.ggml.${end}_token_id`]);
  return [...new Set(ids.filter((id) => typeof id === 'number'))];
}
