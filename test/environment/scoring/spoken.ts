import type { Rollout, Task } from '../../../src/types.ts';

/** Rollouts of one task, one for each text, as a sampler gives them. */
export const spoken = (texts: readonly string[], task: Task): Rollout[] =>
  texts.map((text) => ({
    group: 0,
    task,
    messages: [{ role: 'user', content: 'say 7' }],
    promptIds: [1],
    tokenIds: [2, 3],
    logprobs: [-1, -1],
    text,
    finishReason: 'eos',
    beta: 0,
    policyVersion: 0,
  }));
