/** The bundled rewards: each a factory (options) => RewardFunction. */
export {
  type AccuracyOptions,
  accuracy,
  type ReasoningAccuracyOptions,
  reasoningAccuracy,
} from './accuracy.ts';
export { perCompletion } from './batch/per-completion.ts';
export { type CapturedOptions, captured } from './captured.ts';
export { type CodeOptions, code } from './code.ts';
export { type CosineScaledOptions, cosineScaled } from './cosine-scaled.ts';
export { type CountdownRewardOptions, countdownReward } from './countdown.ts';
export { type ExactNumberOptions, exactNumber } from './exact-number.ts';
export { type FormatOptions, formatReward } from './format.ts';
export { type GatedOptions, gated } from './gated.ts';
export { type Gsm8kRewardOptions, gsm8kReward } from './gsm8k.ts';
export { type JsonSchemaOptions, jsonSchema } from './json-schema.ts';
export { limited } from './limits/limited.ts';
export { type LlmJudgeOptions, llmJudge } from './llm-judge.ts';
export { type MathOptions, mathReward } from './math.ts';
export { mathString } from './math-string.ts';
export { type RepetitionPenaltyOptions, repetitionPenalty } from './repetition-penalty.ts';
export { shuffled } from './shuffled.ts';
export { type SoftOverlongOptions, softOverlong } from './soft-overlong.ts';
export { type TagCountOptions, tagCount } from './tag-count.ts';
export { thinkFormat } from './think-format.ts';
export { type TolerantOptions, tolerant } from './tolerant.ts';
