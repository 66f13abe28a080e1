import { InputError } from '../../errors.ts';

/** Which of a run's checkpoints a command is about. */
export interface CheckpointOption {
  readonly checkpoint?: string;
}

/** The option as commander takes it. */
export const checkpointOption = [
  '--checkpoint <which>',
  'which checkpoint of the run: best (by eval_accuracy), last, or a step',
] as const;

/** @throws InputError when a checkpoint is asked for of what is no run. */
export function checkpointOnlyOf(spec: string, checkpoint: string | undefined): void {
  if (checkpoint !== undefined)
    throw new InputError(`--checkpoint is of a run, and ${spec} is no run folder`);
}
