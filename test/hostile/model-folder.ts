import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a file of a model folder holds: JSON, or bytes as they are. */
export type Content = object | Buffer;
export type Files = Readonly<Record<string, Content>>;

const size = { vocab: 16, hidden: 8, inner: 12 };

/** A config.json of a Llama of one layer. */
export const config = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  vocab_size: size.vocab,
  hidden_size: size.hidden,
  intermediate_size: size.inner,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  head_dim: 4,
  hidden_act: 'silu',
  max_position_embeddings: 32,
  rms_norm_eps: 1e-6,
  rope_parameters: { rope_type: 'linear', rope_theta: 1e4, factor: 2 },
  attention_bias: false,
  mlp_bias: false,
  tie_word_embeddings: true,
  bos_token_id: null,
  eos_token_id: [1],
  pad_token_id: 0,
};

const layer = 'model.layers.0';
const shapes: Readonly<Record<string, readonly number[]>> = {
  'model.embed_tokens.weight': [size.vocab, size.hidden],
  [`${layer}.self_attn.q_proj.weight`]: [8, size.hidden],
  [`${layer}.self_attn.k_proj.weight`]: [4, size.hidden],
  [`${layer}.self_attn.v_proj.weight`]: [4, size.hidden],
  [`${layer}.self_attn.o_proj.weight`]: [size.hidden, 8],
  [`${layer}.mlp.gate_proj.weight`]: [size.inner, size.hidden],
  [`${layer}.mlp.up_proj.weight`]: [size.inner, size.hidden],
  [`${layer}.mlp.down_proj.weight`]: [size.hidden, size.inner],
  [`${layer}.input_layernorm.weight`]: [size.hidden],
  [`${layer}.post_attention_layernorm.weight`]: [size.hidden],
  'model.norm.weight': [size.hidden],
};

/** The header of a file of float32 tensors, and how many bytes of data follow it. */
function headerOf(tensors: Readonly<Record<string, readonly number[]>>) {
  const header: Record<string, object> = { __metadata__: { format: 'pt' } };
  let bytes = 0;
  for (const [name, shape] of Object.entries(tensors)) {
    const end = bytes + 4 * shape.reduce((a, b) => a * b, 1);
    header[name] = { dtype: 'F32', shape, data_offsets: [bytes, end] };
    bytes = end;
  }
  return { header, bytes };
}

/** Its model.safetensors. */
export const { header, bytes: dataBytes } = headerOf(shapes);

/** A safetensors file of a header (JSON, or text as it is) and so many bytes. */
export function safetensors(
  head: unknown,
  { bytes = dataBytes, length }: { readonly bytes?: number; readonly length?: bigint } = {},
): Buffer {
  const text = Buffer.from(typeof head === 'string' ? head : JSON.stringify(head));
  const start = Buffer.alloc(8);
  start.writeBigUInt64LE(length ?? BigInt(text.length));
  return Buffer.concat([start, text, Buffer.alloc(bytes, 1)]);
}

const letters = [...'abcdefghijkl'];

/** A tokenizer.json with a step of every sort. */
export const tokenizer = {
  version: '1.0',
  truncation: null,
  padding: null,
  added_tokens: ['<pad>', '<eos>'].map((content, id) => ({
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  })),
  normalizer: {
    type: 'Sequence',
    normalizers: [{ type: 'NFC' }, { type: 'Replace', pattern: { String: ' ' }, content: 'Ġ' }],
  },
  pre_tokenizer: {
    type: 'Sequence',
    pretokenizers: [
      { type: 'Split', pattern: { Regex: '[a-z]+|.' }, behavior: 'Isolated', invert: false },
      { type: 'Digits', individual_digits: true },
    ],
  },
  post_processor: {
    type: 'TemplateProcessing',
    single: [{ SpecialToken: { id: '<eos>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
    pair: [],
    special_tokens: { '<eos>': { id: '<eos>', ids: [1], tokens: ['<eos>'] } },
  },
  decoder: { type: 'Sequence', decoders: [{ type: 'Fuse' }] },
  model: {
    type: 'BPE',
    dropout: null,
    unk_token: '<pad>',
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: false,
    byte_fallback: false,
    ignore_merges: false,
    vocab: Object.fromEntries(['<pad>', '<eos>', ...letters, 'ab', 'abc'].map((token, id) => [token, id])),
    merges: [
      ['a', 'b'],
      ['ab', 'c'],
    ],
  },
};

export const shard = 'model-00001-of-00001.safetensors';

/** The index of a model of one shard. */
export const index = {
  metadata: { total_size: dataBytes },
  weight_map: Object.fromEntries(Object.keys(shapes).map((name) => [name, shard])),
};

/** The files of a folder that loads. */
export const goodFiles: Files = {
  'config.json': config,
  'generation_config.json': { eos_token_id: [1], temperature: 0.5 },
  'tokenizer.json': tokenizer,
  'tokenizer_config.json': {
    eos_token: '<eos>',
    pad_token: { content: '<pad>' },
    chat_template: '{{ messages[0].content }}',
  },
  'special_tokens_map.json': { eos_token: '<eos>' },
  'model.safetensors': safetensors(header),
};

/** The same with an index and a shard. */
export const shardedFiles: Files = (({ 'model.safetensors': weights, ...rest }) => ({
  ...rest,
  'model.safetensors.index.json': index,
  [shard]: weights!,
}))(goodFiles);

const adapted = `base_model.model.${layer}.self_attn`;

/** An adapter for it. */
export const adapterConfig = {
  peft_type: 'LORA',
  r: 2,
  lora_alpha: 4,
  target_modules: ['q_proj', 'v_proj'],
  rank_pattern: { v_proj: 1 },
  alpha_pattern: {},
  layers_to_transform: null,
  exclude_modules: null,
  modules_to_save: null,
  bias: 'none',
  use_rslora: false,
  use_dora: false,
};
export const adapterHeader = headerOf({
  [`${adapted}.q_proj.lora_A.weight`]: [2, size.hidden],
  [`${adapted}.q_proj.lora_B.weight`]: [8, 2],
  [`${adapted}.v_proj.lora_A.weight`]: [1, size.hidden],
  [`${adapted}.v_proj.lora_B.weight`]: [4, 1],
});
export const adapterFiles: Files = {
  'adapter_config.json': adapterConfig,
  'adapter_model.safetensors': safetensors(adapterHeader.header, { bytes: adapterHeader.bytes }),
};

export function writeFiles(folder: string, files: Files): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(folder, name), content instanceof Buffer ? content : JSON.stringify(content));
  }
}
