import type { AlgorithmFields } from './algorithm-fields.ts';

/** Something wrong with an option in view of others. */
interface Conflict {
  readonly path: readonly string[];
  readonly message: string;
  readonly input: unknown;
}

/** Options that are each right by themselves and at odds with one another. */
export function algorithmConflicts(
  algorithm: AlgorithmFields & { readonly advantage: { readonly estimator: string } },
): Conflict[] {
  const { advantage, rewardAggregation, klCoef, klControl, klIn, klBiasCorrection } = algorithm;
  const { missingEosPenalty, samplerCorrection, adaptiveEntropy } = algorithm;
  const conflicts: Conflict[] = [];
  const add = (path: string, message: string, input: unknown) =>
    conflicts.push({ path: [path], message, input });
  if (rewardAggregation !== 'sum') {
    if (advantage.estimator !== 'grpo') {
      const message = `goes with the advantage estimator grpo, not with ${advantage.estimator}`;
      add('rewardAggregation', message, rewardAggregation);
    }
    if (missingEosPenalty > 0) {
      const message = 'is taken from the sum of the rewards: it needs rewardAggregation sum';
      add('missingEosPenalty', message, missingEosPenalty);
    }
    if (klIn === 'reward') {
      add('klIn', 'a penalty in the reward needs the rewards summed: rewardAggregation sum', klIn);
    }
  }
  if (klBiasCorrection && klIn === 'reward') {
    add('klBiasCorrection', 'is of the KL in the loss: set klIn to loss', klBiasCorrection);
  }
  if (klControl.type === 'adaptive' && klCoef === 0) {
    add('klControl', 'needs klCoef above 0 to start from: it multiplies it', klControl.type);
  }
  for (const [path, range] of Object.entries({ samplerCorrection, adaptiveEntropy })) {
    if (range !== undefined && (range.min ?? 0) > range.max) {
      add(path, `has min above max, ${range.max}: nothing lies between`, range.min);
    }
  }
  return conflicts;
}
