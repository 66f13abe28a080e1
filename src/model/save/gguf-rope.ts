import { z } from 'zod';
import type { ModelConfig } from '../config/model-config.ts';
import { type Rope, ropeInvFreq } from '../config/rope-frequencies.ts';
import { families } from '../families/index.ts';
import type { GgufTensorToWrite, GgufValue } from '../files/write-gguf.ts';
import { ropeTensors } from '../weights/gguf-rope.ts';

/** The rotary embedding of the layers without a window, and that of the others where they have one of their own. */
function ropesOf({ ropes, layerForms }: ModelConfig): {
  readonly main: Rope;
  readonly local: Rope | undefined;
} {
  const used = (windowed: boolean) =>
    layerForms.find(({ window, rope }) => rope !== null && (window !== null) === windowed)?.rope;
  const [full, local] = [used(false), used(true)];
  const main = ropes[full ?? local ?? 0]!;
  return { main, local: full == null || local == null || local === full ? undefined : ropes[local] };
}

/** Makes the metadata of a model's rotary embeddings, without the architecture before the keys. */
export function ropeMetadata(config: ModelConfig): Record<string, GgufValue> {
  const { main, local } = ropesOf(config);
  return {
    'rope.freq_base': { float32: main.theta },
    'rope.dimension_count': { uint32: main.dim },
    ...(local && { 'rope.freq_base_swa': { float32: local.theta } }),
    ...scalingMetadata(main, config),
  };
}

function scalingMetadata({ scaling }: Rope, config: ModelConfig): Record<string, GgufValue> {
  switch (scaling.type) {
    case 'linear':
      return { 'rope.scaling.type': 'linear', 'rope.scaling.factor': { float32: scaling.factor } };
    case 'yarn':
      return {
        'rope.scaling.type': 'yarn',
        'rope.scaling.factor': { float32: scaling.factor },
        'rope.scaling.original_context_length': { uint32: scaling.originalMaxPositionEmbeddings },
        'rope.scaling.yarn_beta_fast': { float32: scaling.betaFast },
        'rope.scaling.yarn_beta_slow': { float32: scaling.betaSlow },
      };
    case 'longrope':
      return {
        context_length: { uint32: longrope(config).context },
        'rope.scaling.original_context_length': { uint32: longrope(config).original },
        'rope.scaling.attn_factor': { float32: scaling.attentionFactor },
      };
    default:
      return families[config.modelType]!.gguf.architecture === 'phi3'
        ? { 'rope.scaling.original_context_length': { uint32: config.maxPositionEmbeddings } }
        : {};
  }
}

/** Lists the tensors that divide rotary frequencies: Llama 3's factors, and longrope's for short and long texts. */
export function ropeFactorTensors(config: ModelConfig): GgufTensorToWrite[] {
  const { main } = ropesOf(config);
  if (main.scaling.type === 'longrope') {
    const { short, long } = longrope(config);
    return [factors(ropeTensors.long, long), factors(ropeTensors.short, short)];
  }
  if (main.scaling.type !== 'llama3') return [];
  const plain = ropeInvFreq({ ...main, scaling: { type: 'default' } });
  const scaled = ropeInvFreq(main);
  return [
    factors(
      ropeTensors.always,
      Array.from(plain, (frequency, i) => frequency / scaled[i]!),
    ),
  ];
}

function factors(name: string, values: readonly number[]): GgufTensorToWrite {
  return { name, shape: [values.length], type: 'F32', read: () => Float32Array.from(values) };
}

const length = z.int().positive();
const ropeSchema = z.looseObject({
  short_factor: z.array(z.number()),
  long_factor: z.array(z.number()),
  original_max_position_embeddings: length.optional(),
});
const rawSchema = z.looseObject({
  rope_parameters: ropeSchema.nullish(),
  rope_scaling: ropeSchema.nullish(),
  original_max_position_embeddings: length.optional(),
  max_position_embeddings: length.optional(),
});

/** Both lists of longrope's factors, of which a config that was read has chosen one, and the context of each. */
function longrope({ raw, maxPositionEmbeddings }: ModelConfig) {
  const json = rawSchema.parse(raw);
  const rope = (json.rope_parameters ?? json.rope_scaling)!;
  const original = json.original_max_position_embeddings ?? rope.original_max_position_embeddings;
  return {
    short: rope.short_factor,
    long: rope.long_factor,
    original: original ?? maxPositionEmbeddings,
    context: json.max_position_embeddings ?? maxPositionEmbeddings,
  };
}
