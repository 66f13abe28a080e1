import { basename } from 'node:path';
import type { EncodedType } from '../files/encode-floats.ts';
import { elementCount } from '../files/safetensors-header.ts';
import type { GgufValue } from '../files/write-gguf.ts';
import { expectedTensors } from '../weights/expected-tensors.ts';
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

/**
 * Makes the metadata of a GGUF file but for its tokenizer, as llama.cpp's convert_hf_to_gguf.py writes it.
 */
export function ggufMetadata({ config, source }: ModelToSave, dtype: GgufDType): Record<string, GgufValue> {
  const parameters = Object.values(expectedTensors(config)).reduce(
    (sum, shape) => sum + elementCount(shape),
    0,
  );
  const { layers, headDim } = config;
  const sizes: Record<string, GgufValue> = {
    block_count: { uint32: layers },
    context_length: { uint32: config.maxPositionEmbeddings },
    embedding_length: { uint32: config.hiddenSize },
    feed_forward_length: { uint32: config.intermediateSize },
    'attention.head_count': { uint32: config.heads },
    'attention.head_count_kv': { uint32: config.kvHeads },
    'rope.freq_base': { float32: config.ropes[0]!.theta },
    'attention.layer_norm_rms_epsilon': { float32: config.rmsNormEps },
    'attention.key_length': { uint32: headDim },
    'attention.value_length': { uint32: headDim },
    vocab_size: { uint32: config.vocabSize },
    'rope.dimension_count': { uint32: headDim },
  };
  return {
    'general.architecture': 'llama',
    'general.type': 'model',
    'general.name': basename(source ?? 'model', '.gguf'),
    'general.size_label': sizeLabel(parameters),
    ...Object.fromEntries(Object.entries(sizes).map(([key, value]) => [`llama.${key}`, value])),
    'general.file_type': { uint32: fileTypes[dtype].number },
    'general.quantization_version': { uint32: QUANTISATION_VERSION },
  };
}

/** A number of parameters as model names have it, with two digits at least: 135M, 1.7B. */
function sizeLabel(parameters: number): string {
  const [scale, suffix] = (
    [
      [1e12, 'T'],
      [1e9, 'B'],
      [1e6, 'M'],
      [1e3, 'K'],
    ] as const
  ).find(([from], i) => parameters > from || i === 3)!;
  const scaled = parameters / scale;
  return `${scaled.toFixed(Math.round(scaled) < 10 ? 1 : 0)}${suffix}`;
}
