import type { ModelConfig } from '../model/config/model-config.ts';
import type { Activation, MethodSettings, Placement } from './adapter-settings.ts';
import { targetModules } from './target-modules.ts';

/** All of an adapter but its numbers. */
export interface AdapterSpec {
  /** Adapted linear layers by path, as 'model.layers.0.self_attn.q_proj', in the model's order. */
  readonly modules: readonly string[];
  /** R */
  readonly rank: number;
  readonly alpha: number;
  readonly rsLora: boolean;
  readonly placement: Placement;
  readonly activation: Activation;
  /** Method afa-lora. Otherwise β ≡ 0: φ is the identity and σ is not even computed. */
  readonly anneals: boolean;
}

/** What the adapter's path is multiplied by: alpha/R, or alpha/√R (rsLoRA, https://arxiv.org/abs/2312.03732). */
export function scalingOf({ alpha, rank, rsLora }: Pick<AdapterSpec, 'alpha' | 'rank' | 'rsLora'>): number {
  return alpha / (rsLora ? Math.sqrt(rank) : rank);
}

/**
 * The adapter that a recipe asks for on a model.
 * @throws InputError when a target module matches nothing, listing those there are.
 */
export function adapterSpec({ method, adapter }: MethodSettings, config: ModelConfig): AdapterSpec {
  const { rank, alpha, rsLora, placement, activation } = adapter;
  const modules = targetModules(config, adapter.targetModules);
  return { modules, rank, alpha, rsLora, placement, activation, anneals: method === 'afa-lora' };
}
