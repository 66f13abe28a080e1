import { RefusedError } from '../../errors.ts';
import { type ChosenCheckpoint, chooseCheckpoint } from '../checkpoint/choose-checkpoint.ts';
import { runPaths } from '../folder/paths.ts';

/**
 * A run's checkpoint, the last unless another is asked for.
 * @throws InputError when there is none; RefusedError, naming the step, while β ≠ 0.
 */
export async function mergeableCheckpoint(out: string, which?: string): Promise<ChosenCheckpoint> {
  const chosen = await chooseCheckpoint(out, which);
  const { step, beta, betaZeroStep } = chosen.entry;
  const isLast = chosen.merged === runPaths(out).merged;
  if (beta !== 0) {
    throw new RefusedError(
      `β is ${Number(beta.toPrecision(4))} at step ${step} of ${out}, and merged weights would be another policy; β is 0 from step ${betaZeroStep} on: ${isLast ? 'continue the run with --resume' : 'choose a later checkpoint'}`,
    );
  }
  return chosen;
}
