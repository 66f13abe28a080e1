import type { Completion } from '../types.ts';

/** Whether a text ended by itself. Otherwise the token limit cut it off. */
export const hasEnded = ({ finishReason }: Pick<Completion, 'finishReason'>): boolean =>
  finishReason !== 'length';
