/** The bundled rewards: each a factory (options) => RewardFunction. */
export { type ExactNumberOptions, exactNumber } from './exact-number.ts';
export { type FormatOptions, formatReward } from './format.ts';
export { shuffled } from './shuffled.ts';
