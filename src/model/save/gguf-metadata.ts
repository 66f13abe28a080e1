import { basename } from 'node:path';
import type { ModelConfig } from '../config/model-config.ts';
import { families } from '../families/index.ts';
import type { EncodedType } from '../files/encode-floats.ts';
import { elementCount } from '../files/safetensors-header.ts';
import type { GgufValue } from '../files/write-gguf.ts';
import { expectedTensors } from '../weights/expected-tensors.ts';
import { ropeMetadata } from './gguf-rope.ts';
import type { ModelToSave } from './model-to-save.ts';

/** The types of a file: that of its matrices, and llama.cpp's number for such a file (LLAMA_FTYPE). */
export const fileTypes = {
  f32: { matrices: 'F32', number: 0 },
  f16: { matrices: 'F16', number: 1 },
  q8_0: { matrices: 'Q8_0', number: 7 },
  bf16: { matrices: 'BF16', number: 32 },
} as const satisfies Record<string, { readonly matrices: EncodedType; readonly number: number }>;

export type GgufDType = keyof typeof fileTypes;

/** Version of ggml's quantised types. */
const QUANTISATION_VERSION = 2;

/** Makes the metadata of a GGUF file but for its tokenizer, as llama.cpp's convert_hf_to_gguf.py writes it. */
export function ggufMetadata({ config, source }: ModelToSave, dtype: GgufDType): Record<string, GgufValue> {
  const shapes = Object.values(expectedTensors(config));
  const parameters = shapes.reduce((sum, shape) => sum + elementCount(shape), 0);
  const { architecture } = families[config.modelType]!.gguf;
  const own = { ...sizes(config), ...ropeMetadata(config), ...attention(config) };
  return {
    'general.architecture': architecture,
    'general.type': 'model',
    'general.name': basename(source ?? 'model', '.gguf'),
    'general.size_label': sizeLabel(parameters),
    ...Object.fromEntries(Object.entries(own).map(([key, value]) => [`${architecture}.${key}`, value])),
    'general.file_type': { uint32: fileTypes[dtype].number },
    'general.quantization_version': { uint32: QUANTISATION_VERSION },
  };
}

function sizes(config: ModelConfig): Record<string, GgufValue> {
  const windows = config.layerForms.map(({ window }) => window ?? Number.POSITIVE_INFINITY);
  // An architecture without windows computes the same up to the first token that a window would hide.
  const context = hasWindows(config)
    ? config.maxPositionEmbeddings
    : Math.min(config.maxPositionEmbeddings, ...windows);
  return {
    vocab_size: { uint32: config.vocabSize },
    block_count: { uint32: config.layers },
    context_length: { uint32: context },
    embedding_length: { uint32: config.hiddenSize },
    feed_forward_length: { uint32: config.intermediateSize },
    'attention.head_count': { uint32: config.heads },
    'attention.head_count_kv': { uint32: config.kvHeads },
    'attention.key_length': { uint32: config.headDim },
    'attention.value_length': { uint32: config.headDim },
    'attention.layer_norm_rms_epsilon': { float32: config.rmsNormEps },
  };
}

/** Whether llama.cpp's form of the family has layers with a window. */
const hasWindows = ({ outputNorms }: ModelConfig): boolean => outputNorms;

/** Soft caps, and which layers see a window. */
function attention(config: ModelConfig): Record<string, GgufValue> {
  const { logitSoftcap, attentionSoftcap, layerForms } = config;
  const window = layerForms.find((layer) => layer.window !== null)?.window ?? null;
  return {
    ...(attentionSoftcap !== null && { attn_logit_softcapping: { float32: attentionSoftcap } }),
    ...(logitSoftcap !== null && { final_logit_softcapping: { float32: logitSoftcap } }),
    ...(hasWindows(config) &&
      window !== null && {
        'attention.sliding_window': { uint32: window },
        'attention.sliding_window_pattern': { bools: layerForms.map((layer) => layer.window !== null) },
      }),
    // llama.cpp insists on the key, and computes Phi-3 without a window.
    ...(families[config.modelType]!.gguf.architecture === 'phi3' && {
      'attention.sliding_window': { uint32: 0 },
    }),
  };
}

/** A number of parameters as model names have it, with two digits at least: 135M, 1.7B. */
function sizeLabel(parameters: number): string {
  const units = [
    [1e12, 'T'],
    [1e9, 'B'],
    [1e6, 'M'],
    [1e3, 'K'],
  ] as const;
  const [scale, suffix] = units.find(([from]) => parameters > from) ?? [1e3, 'K'];
  const scaled = parameters / scale;
  return `${scaled.toFixed(Math.round(scaled) < 10 ? 1 : 0)}${suffix}`;
}
