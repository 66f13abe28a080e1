import type { GenerationRequest } from '../../../src/serve/model-service.ts';

/** A request to sample some tokens from the embedded model, but for what a test wants otherwise. */
export const generationRequest = (more: Partial<GenerationRequest> = {}): GenerationRequest => ({
  model: 'tiny',
  promptIds: [5, 8, 13, 4, 14, 10, 15],
  maxNewTokens: 20,
  temperature: 1,
  topP: 1,
  topK: 0,
  minP: 0,
  repetitionPenalty: 1,
  stop: [],
  seed: 1,
  topLogprobs: 0,
  ignoreEos: false,
  ...more,
});
