/** How often a rollout batch is trained on. */
export interface UpdatePlan {
  /** Micro-batches in an optimiser step. */
  readonly gradientAccumulationSteps: number;
  /** Micro-batches in a rollout batch. */
  readonly stepsPerGeneration: number;
  readonly numIterations: number;
  /** Importance weights between sampler and trainer are wanted. */
  readonly importanceCorrection: boolean;
}

/**
 * Whether the loss needs log-probs of the policy as it was when the rollout was sampled. Not when all of the rollout
 * batch is used up by one optimiser step: old equals current then, and the loss detaches its own log-probs.
 */
export function needsOldLogprobs(plan: UpdatePlan): boolean {
  const spent = plan.gradientAccumulationSteps % (plan.stepsPerGeneration * plan.numIterations) === 0;
  return plan.importanceCorrection || !spent;
}
