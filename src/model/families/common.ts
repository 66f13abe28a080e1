import { z } from 'zod';
import { InputError } from '../../errors.ts';
import { checkForm } from '../../io/read-json.ts';
import type { DecoderForm, JsonObject } from '../config/model-config.ts';
import type { GgufForm } from './gguf-form.ts';
import { longestText, parseRope, ropeSchema } from './rope.ts';

// What the config.json of every family has, and the plain Llama that it describes. A family gives what it changes.

/** What a config.json says, apart from what it shares with other files. */
export interface ParsedConfig extends DecoderForm {
  readonly bosTokenId: number | null;
  readonly eosTokenIds: readonly number[];
  readonly padTokenId: number | null;
}

/** A model family. */
export interface Family {
  /** How llama.cpp stores it. */
  readonly gguf: GgufForm;
  /** @throws InputError naming every field of config.json that is missing, out of range or not supported. */
  parse(raw: JsonObject, where: string): ParsedConfig;
}

/** What a family's form may need to know beside the fields. */
interface Place {
  readonly headDim: number;
  /** Name of the file, for errors. */
  readonly where: string;
}

/** Sizes are checked before anything is made of them: a damaged config must not cost memory. */
const size = (most: number) => z.int().positive().max(most);
const id = z.int();
const ids = z.union([id, z.array(id)]).nullish();

const commonFields = {
  vocab_size: size(2 ** 24),
  hidden_size: size(2 ** 20),
  intermediate_size: size(2 ** 20),
  num_hidden_layers: size(1024),
  num_attention_heads: size(4096),
  num_key_value_heads: size(4096).nullish(),
  head_dim: size(1024).nullish(),
  rms_norm_eps: z.number().positive().default(1e-6),
  rope_theta: z.number().positive().optional(),
  rope_scaling: ropeSchema.nullish(),
  rope_parameters: ropeSchema.nullish(),
  max_position_embeddings: size(2 ** 24).default(2048),
  tie_word_embeddings: z.boolean().default(false),
  hidden_act: z.literal('silu').default('silu'),
  partial_rotary_factor: z.literal(1).nullish(),
  quantization_config: z
    .null('the weights are quantised; use the float checkpoint, or a GGUF file')
    .optional(),
  bos_token_id: id.nullable().default(1),
  eos_token_id: ids.default(2),
  pad_token_id: id.nullish(),
};
const commonSchema = z.looseObject(commonFields);
type CommonJson = z.output<typeof commonSchema>;

/**
 * Describes a family. `defaults` are the values of fields that config.json may leave out, where transformers' config
 * class has others than LlamaConfig. `fields` are the fields that the family adds or widens. `gguf` is how llama.cpp
 * stores it. `form` returns what the family changes of a plain Llama of the same sizes.
 */
export function defineFamily<Fields extends z.ZodRawShape>(family: {
  readonly gguf: GgufForm;
  readonly defaults?: JsonObject;
  readonly fields: Fields;
  readonly form: (json: CommonJson & z.output<z.ZodObject<Fields>>, place: Place) => Partial<DecoderForm>;
}): Family {
  const own = z.looseObject(family.fields);
  const shared = z.looseObject(without(commonFields, Object.keys(family.fields)));
  return {
    gguf: family.gguf,
    parse: (raw, where) => {
      const given = Object.fromEntries(Object.entries(raw).filter(([, value]) => value !== undefined));
      const filled = { ...family.defaults, ...given };
      const json = {
        ...(checkForm(filled, shared, where) as CommonJson),
        ...checkForm(filled, own, where),
      };
      const headDim = json.head_dim ?? json.hidden_size / json.num_attention_heads;
      const form = family.form(json as CommonJson & z.output<z.ZodObject<Fields>>, { headDim, where });
      return {
        ...plainForm(json, headDim),
        ...form,
        ropes: form.ropes ?? [parseRope(json, { headDim, where })],
        bosTokenId: json.bos_token_id,
        eosTokenIds: idList(json.eos_token_id),
        padTokenId: idList(json.pad_token_id)[0] ?? null,
      };
    },
  };
}

function without(fields: z.ZodRawShape, names: readonly string[]): z.ZodRawShape {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));
}

/** Some checkpoints write -1 for "none". */
export function idList(value: number | readonly number[] | null | undefined): number[] {
  return value == null ? [] : [value].flat().filter((each) => each >= 0);
}

/** A Llama of these sizes without biases. */
function plainForm(json: CommonJson, headDim: number): Omit<DecoderForm, 'ropes'> {
  const layers = json.num_hidden_layers;
  return {
    vocabSize: json.vocab_size,
    hiddenSize: json.hidden_size,
    intermediateSize: json.intermediate_size,
    layers,
    heads: json.num_attention_heads,
    kvHeads: json.num_key_value_heads ?? json.num_attention_heads,
    headDim,
    maxPositionEmbeddings: longestText(json),
    tieWordEmbeddings: json.tie_word_embeddings,
    embeddingScale: 1,
    logitSoftcap: null,
    rmsNormEps: json.rms_norm_eps,
    normAddsOne: false,
    outputNorms: false,
    attentionScale: 1 / Math.sqrt(headDim),
    attentionSoftcap: null,
    queryKeyNorms: false,
    qkvBias: false,
    outputBias: false,
    activation: 'silu',
    mlpBias: false,
    layerForms: Array.from({ length: layers }, () => ({ window: null, rope: 0 })),
    fused: [],
  };
}

/** Checks what a table of one entry a layer must be. @throws InputError when it has another length. */
export function checkLayerCount(name: string, list: readonly unknown[], layers: number, where: string): void {
  if (list.length >= layers) return;
  throw new InputError(`${where}: ${name} has ${list.length} entries, the model ${layers} layers`);
}
