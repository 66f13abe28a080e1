import { z } from 'zod';
import { InputError } from '../../errors.ts';
import { checkForm } from '../../io/read-json.ts';
import type { RopeScaling } from './rope-frequencies.ts';

/** What the decoder needs to know of a model, whichever form its config was written in. */
export interface ModelConfig {
  readonly modelType: 'llama';
  /** V */
  readonly vocabSize: number;
  /** D */
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  /** L */
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly rmsNormEps: number;
  readonly ropeTheta: number;
  readonly ropeScaling: RopeScaling;
  readonly maxPositionEmbeddings: number;
  readonly tieWordEmbeddings: boolean;
  /** Whether q, k, v and o have a bias. */
  readonly attentionBias: boolean;
  /** Whether gate, up and down have a bias. */
  readonly mlpBias: boolean;
  readonly hiddenAct: 'silu';
  /** Linear layers that the checkpoint stores as one. */
  readonly fused: readonly FusedLinear[];
  readonly bosTokenId: number | null;
  /** Every id that ends a text by the files of the config: `endTokenIds` adds what the tokenizer names. */
  readonly eosTokenIds: readonly number[];
  /** The same by the file that names them. */
  readonly eosSources: Readonly<Record<string, readonly number[]>>;
  readonly padTokenId: number | null;
  /** config.json as it was read, for saving it again. */
  readonly raw: JsonObject;
  /** generation_config.json as it was read, if there was one, with the end ids that GGUF metadata adds. */
  readonly rawGeneration: JsonObject | null;
}

/** A linear layer of the checkpoint that holds several of ours, one below the other: its rows are theirs, in order. */
export interface FusedLinear {
  /** Name in the checkpoint, from the layer on: 'self_attn.qkv_proj'. */
  readonly stored: string;
  /** 'self_attn.q_proj', … */
  readonly parts: readonly string[];
}

export type JsonObject = Readonly<Record<string, unknown>>;

type ParsedConfig = Omit<ModelConfig, 'raw' | 'rawGeneration' | 'eosSources'>;

const size = z.int().positive();
const id = z.int();
const ids = z.union([id, z.array(id)]).nullish();

const ropeSchema = z.looseObject({
  rope_type: z.string().optional(),
  /** The oldest spelling of rope_type. */
  type: z.string().optional(),
  rope_theta: z.number().positive().optional(),
  factor: z.number().positive().optional(),
  low_freq_factor: z.number().positive().optional(),
  high_freq_factor: z.number().positive().optional(),
  original_max_position_embeddings: size.optional(),
  partial_rotary_factor: z.literal(1).optional(),
});

/**
 * config.json of the Llama family. transformers 4 writes rope_theta and rope_scaling at the top, transformers 5 writes
 * both into rope_parameters. Fields left out have the defaults of transformers' LlamaConfig.
 */
const llamaSchema = z.looseObject({
  vocab_size: size,
  hidden_size: size,
  intermediate_size: size,
  num_hidden_layers: size,
  num_attention_heads: size,
  num_key_value_heads: size.nullish(),
  head_dim: size.nullish(),
  rms_norm_eps: z.number().positive().default(1e-6),
  rope_theta: z.number().positive().optional(),
  rope_scaling: ropeSchema.nullish(),
  rope_parameters: ropeSchema.nullish(),
  max_position_embeddings: size.default(2048),
  tie_word_embeddings: z.boolean().default(false),
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
  hidden_act: z.literal('silu').default('silu'),
  partial_rotary_factor: z.literal(1).nullish(),
  quantization_config: z
    .null('the weights are quantised; use the float checkpoint, or a GGUF file')
    .optional(),
  bos_token_id: id.nullable().default(1),
  eos_token_id: ids.default(2),
  pad_token_id: id.nullish(),
});

type LlamaJson = z.output<typeof llamaSchema>;

const jsonObject = z.record(z.string(), z.unknown());
const generationSchema = z.looseObject({ eos_token_id: ids });

/** The architectures that the decoder computes, by `model_type`. */
const architectures: Readonly<Record<string, (json: JsonObject, where: string) => ParsedConfig>> = {
  llama: parseLlama,
};

/**
 * Parses config.json, and generation_config.json where there is one, in the form of transformers 4 or 5.
 * @throws InputError naming the architecture when it is not supported, and every field that is missing or out of range.
 */
export function parseModelConfig(input: {
  readonly config: unknown;
  readonly generation?: unknown;
  /** End ids of the metadata of a .gguf file, where the config was made from it or lies beside it. */
  readonly ggufEnds?: readonly number[];
  /** Name of the file, for errors. */
  readonly where: string;
}): ModelConfig {
  const raw = checkForm(input.config, jsonObject, input.where);
  const parse = architectures[String(raw.model_type)];
  if (parse === undefined || !Object.hasOwn(architectures, String(raw.model_type))) {
    const known = Object.keys(architectures).join(', ');
    throw new InputError(
      `${input.where}: model_type ${JSON.stringify(raw.model_type) ?? '(missing)'} is not supported; supported: ${known}`,
    );
  }
  const parsed = parse(raw, input.where);
  const given = checkForm(input.generation ?? null, jsonObject.nullable(), generationOf(input.where));
  const generation = checkForm(given ?? {}, generationSchema, generationOf(input.where));
  const eosSources = {
    'config.json': parsed.eosTokenIds,
    'generation_config.json': idList(generation.eos_token_id),
    'GGUF metadata': input.ggufEnds ?? [],
  };
  const eosTokenIds = [...new Set(Object.values(eosSources).flat())];
  const named = [...eosSources['config.json'], ...eosSources['generation_config.json']];
  // A model that is saved has no GGUF metadata any more.
  const rawGeneration = eosTokenIds.every((end) => named.includes(end))
    ? given
    : { ...given, eos_token_id: eosTokenIds };
  const config = { ...parsed, eosTokenIds, eosSources, raw, rawGeneration };
  checkSizes(config, input.where);
  return config;
}

function generationOf(where: string): string {
  return `generation_config.json beside ${where}`;
}

function parseLlama(raw: JsonObject, where: string): ParsedConfig {
  const json = checkForm(raw, llamaSchema, where);
  return {
    modelType: 'llama',
    vocabSize: json.vocab_size,
    hiddenSize: json.hidden_size,
    intermediateSize: json.intermediate_size,
    layers: json.num_hidden_layers,
    heads: json.num_attention_heads,
    kvHeads: json.num_key_value_heads ?? json.num_attention_heads,
    headDim: json.head_dim ?? json.hidden_size / json.num_attention_heads,
    rmsNormEps: json.rms_norm_eps,
    ropeTheta: json.rope_parameters?.rope_theta ?? json.rope_theta ?? 10000,
    ropeScaling: ropeScaling(json, where),
    maxPositionEmbeddings: json.max_position_embeddings,
    tieWordEmbeddings: json.tie_word_embeddings,
    attentionBias: json.attention_bias,
    mlpBias: json.mlp_bias,
    hiddenAct: json.hidden_act,
    fused: [],
    bosTokenId: json.bos_token_id,
    eosTokenIds: idList(json.eos_token_id),
    padTokenId: idList(json.pad_token_id)[0] ?? null,
  };
}

/** Some checkpoints write -1 for "none". */
function idList(value: number | readonly number[] | null | undefined): number[] {
  return value == null ? [] : [value].flat().filter((each) => each >= 0);
}

function ropeScaling(json: LlamaJson, where: string): RopeScaling {
  const rope = json.rope_parameters ?? json.rope_scaling ?? {};
  const type = rope.rope_type ?? rope.type ?? 'default';
  const need = (field: 'factor' | 'low_freq_factor' | 'high_freq_factor'): number => {
    const value = rope[field];
    if (value === undefined) throw new InputError(`${where}: rope type "${type}" needs ${field}`);
    return value;
  };
  if (type === 'default') return { type };
  if (type === 'linear') return { type, factor: need('factor') };
  if (type === 'llama3') {
    const lowFreqFactor = need('low_freq_factor');
    const highFreqFactor = need('high_freq_factor');
    if (highFreqFactor <= lowFreqFactor) {
      throw new InputError(
        `${where}: rope high_freq_factor ${highFreqFactor} must be above low_freq_factor ${lowFreqFactor}`,
      );
    }
    const originalMaxPositionEmbeddings =
      rope.original_max_position_embeddings ?? json.max_position_embeddings;
    return { type, factor: need('factor'), lowFreqFactor, highFreqFactor, originalMaxPositionEmbeddings };
  }
  throw new InputError(`${where}: rope type "${type}" is not supported; supported: default, linear, llama3`);
}

function checkSizes(config: ModelConfig, where: string): void {
  const { heads, kvHeads, headDim, vocabSize } = config;
  if (!Number.isInteger(headDim / 2)) {
    throw new InputError(`${where}: head_dim is ${headDim}, but rotary embeddings need an even whole number`);
  }
  if (heads % kvHeads !== 0) {
    throw new InputError(
      `${where}: num_attention_heads ${heads} is not a multiple of num_key_value_heads ${kvHeads}`,
    );
  }
  const stray = config.eosTokenIds.find((eos) => eos < 0 || eos >= vocabSize);
  if (stray !== undefined) {
    throw new InputError(`${where}: eos_token_id ${stray} is outside the vocabulary of ${vocabSize}`);
  }
}
