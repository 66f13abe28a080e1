import type { CausalLM } from '../causal-lm/causal-lm.ts';
import type { LoadModelOptions } from '../causal-lm/load-model.ts';
import type { CreatePolicy } from '../policy/policy.ts';
import type { VerifyParts } from '../run/verify/verify-parts.ts';

/** The functions through which commands use models. */
export interface Toolkit {
  readonly createPolicy: CreatePolicy;
  readonly loadModel: (source: string, options?: LoadModelOptions) => Promise<CausalLM>;
  readonly answerAnew: VerifyParts['answerAnew'];
}
