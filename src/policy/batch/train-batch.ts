import type { AdvantagedRollout, Message, Rollout, Task } from '../../types.ts';

/** A rollout ready to be trained on. */
export interface TrainRollout extends AdvantagedRollout {
  /**
   * Log-probs of its tokens under the trainer when the batch's first step was due, [T]; only with samplerCorrection.
   * The ratio is then taken against these. Their ratio to the sampler's log-probs weighs the token or the completion.
   */
  readonly oldLogprobs?: readonly number[];
}

/** A prompt and the text that supervised fine-tuning teaches after it. */
export interface WrittenExample {
  readonly task: Task;
  readonly messages: readonly Message[];
  readonly target: string;
}

/** A written example as tokens. */
export interface Example extends WrittenExample {
  /** Its number in the batch. */
  readonly group: number;
  readonly promptIds: readonly number[];
  /** As of a rollout: how many tokens of the prompt were cut. `messages` is what is left. */
  readonly promptTokensCut?: number;
  readonly tokenIds: readonly number[];
  /** 1 for each token that is taught, 0 for what others said in between; all are when left out. */
  readonly completionMask?: readonly number[];
}

/** What one optimiser step learns from: B rows, those of a group together. */
export type TrainBatch =
  | { readonly objective: 'rl'; readonly rollouts: readonly TrainRollout[] }
  | { readonly objective: 'sft'; readonly examples: readonly Example[] }
  /** Texts that a draft's target sampled. */
  | { readonly objective: 'draft'; readonly rollouts: readonly Rollout[] };

/** A batch on which nothing is left to do but train. Plain data: checkpoints hold those not yet trained on. */
export interface ReadyBatch {
  readonly index: number;
  readonly batch: TrainBatch;
  /** Version and β of the policy that the batch was drawn for. */
  readonly policyVersion: number;
  readonly beta: number;
  readonly metrics: Readonly<Record<string, number>>;
  /** Its steps have moved the policy as far as targetKl allows: the remaining ones skip their update. */
  readonly stopsEarly: boolean;
}
