import type { HostTensor, Named } from '../../engine/engine.ts';
import type { JsonObject, ModelConfig } from '../config/model-config.ts';

/** A model in memory: its config and its weights. */
interface Model {
  readonly config: ModelConfig;
  readonly weights: Named<HostTensor>;
}

/**
 * A model's first K layers between its embeddings and its final norm and head: a model of its own, as in LayerSkip
 * (https://arxiv.org/abs/2404.16710) and Kangaroo (https://arxiv.org/abs/2404.18911). It shares the model's arrays.
 */
export function firstLayers({ config, weights }: Model, count: number): Model {
  const isKept = (name: string) => {
    const layer = /^model\.layers\.(\d+)\./.exec(name)?.[1];
    return layer === undefined || Number(layer) < count;
  };
  return {
    config: {
      ...config,
      layers: count,
      layerForms: config.layerForms.slice(0, count),
      raw: cutRaw(config.raw, count),
    },
    weights: Object.fromEntries(Object.entries(weights).filter(([name]) => isKept(name))),
  };
}

/** Fields of config.json that have an entry for each layer. */
const PER_LAYER = ['layer_types', 'no_rope_layers'];

/** config.json for fewer layers. */
function cutRaw(raw: JsonObject, count: number): JsonObject {
  const cut = Object.entries(raw).map(([name, value]) => {
    const perLayer = PER_LAYER.includes(name) && Array.isArray(value);
    return [name, perLayer ? value.slice(0, count) : value] as const;
  });
  return { ...Object.fromEntries(cut), num_hidden_layers: count };
}
