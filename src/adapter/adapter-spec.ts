import type { ModelConfig } from '../model/config/model-config.ts';
import type { Activation, MethodSettings, Placement } from './adapter-settings.ts';
import { targetModules } from './target-modules.ts';

/** Describes an adapter: everything except its tensors. */
export interface AdapterSpec {
  /** The adapted linear layers by path, such as 'model.layers.0.self_attn.q_proj', in the model's order. */
  readonly modules: Readonly<Record<string, AdaptedModule>>;
  readonly rsLora: boolean;
  /** DoRA: the adapted weight's rows are scaled to trained magnitudes, see dora.ts. Only loaded adapters have it. */
  readonly dora: boolean;
  /** B has a bias: B(A·x) + b. Only loaded adapters have it. */
  readonly loraBias: boolean;
  readonly placement: Placement;
  readonly activation: Activation;
  /** True for method afa-lora. If false, β is 0 throughout: φ is the identity and σ is not computed. */
  readonly anneals: boolean;
}

/** The adapter of one linear layer. */
export interface AdaptedModule {
  /** R */
  readonly rank: number;
  readonly alpha: number;
}

/**
 * Returns the factor on a module's adapter output: alpha/R, or alpha/√R with rsLoRA
 * (https://arxiv.org/abs/2312.03732).
 */
export function scalingOf({ alpha, rank }: AdaptedModule, rsLora: boolean): number {
  return alpha / (rsLora ? Math.sqrt(rank) : rank);
}

/**
 * Describes the fresh adapter that a recipe asks for on a model.
 * @throws InputError when a target module matches nothing. The message lists the modules there are.
 */
export function adapterSpec({ method, adapter }: MethodSettings, config: ModelConfig): AdapterSpec {
  const { rank, alpha, rsLora, placement, activation } = adapter;
  const modules = targetModules(config, adapter.targetModules);
  return {
    modules: Object.fromEntries(modules.map((module) => [module, { rank, alpha }])),
    rsLora,
    dora: false,
    loraBias: false,
    placement,
    activation,
    anneals: method === 'afa-lora',
  };
}
