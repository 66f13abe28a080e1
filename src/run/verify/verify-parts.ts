import type { CausalLM } from '../../causal-lm/causal-lm.ts';
import type { LoadModelOptions } from '../../causal-lm/load-model.ts';
import type { EvalRow } from '../../evaluation/evaluate-greedy.ts';
import type { CreatePolicy } from '../../policy/policy.ts';

/** The functions that verifying needs. */
export interface VerifyParts {
  readonly createPolicy: CreatePolicy;
  readonly loadModel: (source: string, options?: LoadModelOptions) => Promise<CausalLM>;
  /** Answers a run's held-out tasks with its merged model, read from disk by a new process. */
  readonly answerAnew: (out: string, merged: string) => Promise<readonly EvalRow[]>;
}
