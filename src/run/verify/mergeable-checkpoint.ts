import { InputError, RefusedError } from '../../errors.ts';
import { type CheckpointEntry, latestCheckpoint } from '../checkpoint/list-checkpoints.ts';
import { runPaths } from '../folder/paths.ts';

/** A run's last checkpoint. @throws InputError when there is none; RefusedError, naming the step, while β ≠ 0. */
export async function mergeableCheckpoint(out: string): Promise<CheckpointEntry> {
  const entry = await latestCheckpoint(runPaths(out).checkpoints);
  if (entry === undefined) throw new InputError(`${out} has no complete checkpoint`);
  if (entry.beta !== 0) {
    throw new RefusedError(
      `β is ${entry.beta} at step ${entry.step} of ${out}, and merged weights would be another policy; β is 0 from step ${entry.betaZeroStep} on: continue the run with --resume`,
    );
  }
  return entry;
}
