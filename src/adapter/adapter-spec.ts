import type { ModelConfig } from '../model/config/model-config.ts';
import type { Activation, MethodSettings, Placement } from './adapter-settings.ts';
import { targetModules } from './target-modules.ts';

/** Describes an adapter: everything except its tensors. */
export interface AdapterSpec {
  /** Paths of the adapted linear layers, such as 'model.layers.0.self_attn.q_proj', in the model's order. */
  readonly modules: readonly string[];
  /** R */
  readonly rank: number;
  readonly alpha: number;
  readonly rsLora: boolean;
  readonly placement: Placement;
  readonly activation: Activation;
  /** True for method afa-lora. If false, β is 0 throughout: φ is the identity and σ is not computed. */
  readonly anneals: boolean;
}

/** Returns the factor on the adapter's output: alpha/R, or alpha/√R with rsLoRA (https://arxiv.org/abs/2312.03732). */
export function scalingOf({ alpha, rank, rsLora }: Pick<AdapterSpec, 'alpha' | 'rank' | 'rsLora'>): number {
  return alpha / (rsLora ? Math.sqrt(rank) : rank);
}

/**
 * Describes the adapter that a recipe asks for on a model.
 * @throws InputError when a target module matches nothing. The message lists the modules there are.
 */
export function adapterSpec({ method, adapter }: MethodSettings, config: ModelConfig): AdapterSpec {
  const { rank, alpha, rsLora, placement, activation } = adapter;
  const modules = targetModules(config, adapter.targetModules);
  return { modules, rank, alpha, rsLora, placement, activation, anneals: method === 'afa-lora' };
}
