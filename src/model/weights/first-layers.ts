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
export function firstLayers<M extends Model>({ config, weights }: M, count: number): Model {
  const isKept = (name: string) => {
    const layer = /^model\.layers\.(\d+)\./.exec(name)?.[1];
    return layer === undefined || Number(layer) < count;
  };
  return {
    config: {
      ...config,
      layers: count,
      layerForms: config.layerForms.slice(0, count),
      raw: cutRaw(config.raw, config.layers, count),
    },
    weights: Object.fromEntries(Object.entries(weights).filter(([name]) => isKept(name))),
  };
}

/** config.json for fewer layers: lists with an entry for each layer, such as `layer_types`, lose their ends. */
function cutRaw(raw: JsonObject, layers: number, count: number): JsonObject {
  const cut = Object.entries(raw).map(([name, value]) => {
    const perLayer = Array.isArray(value) && value.length === layers;
    return [name, perLayer ? value.slice(0, count) : value] as const;
  });
  return { ...Object.fromEntries(cut), num_hidden_layers: count };
}
