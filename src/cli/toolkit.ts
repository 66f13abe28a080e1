import type { CausalLM } from '../model/causal-lm.ts';
import type { LoadModelOptions } from '../model/load-model.ts';
import type { CreatePolicy } from '../pipeline/session.ts';
import type { VerifyParts } from '../verify/verify-run.ts';

/** What commands work with that touches models. */
export interface Toolkit {
  readonly createPolicy: CreatePolicy;
  readonly loadModel: (source: string, options?: LoadModelOptions) => Promise<CausalLM>;
  readonly answerAnew: VerifyParts['answerAnew'];
}
