import { InputError } from '../../errors.ts';
import { isRunFolder } from '../../run/folder/paths.ts';

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

/** Options with `--model best` and `--model last` of a run in the words of --checkpoint, which they mean. */
export function checkpointByName<T extends CheckpointOption & { readonly model?: string }>(
  spec: string,
  options: T,
): T {
  const { model, checkpoint, ...rest } = options;
  if (!isRunFolder(spec) || checkpoint !== undefined || !['best', 'last'].includes(model ?? ''))
    return options;
  return { ...rest, checkpoint: model } as T;
}
