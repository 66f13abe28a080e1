import type { Rollout } from '../types.ts';

/** Whether a text came to its end by itself; the token limit cut it off otherwise. */
export const ended = ({ finishReason }: Pick<Rollout, 'finishReason'>): boolean => finishReason !== 'length';
