import type { Recipe } from '../../recipe/recipe.ts';
import { runPaths } from '../../run/folder/paths.ts';
import { checkEventFolder } from '../../run/tensorboard/check-event-folder.ts';
import { EventLog } from '../../run/tensorboard/event-log.ts';

export interface TensorboardOptions {
  /** What --tensorboard was given: a folder, or true for the run folder's own; undefined for no log. */
  readonly tensorboard?: string | true | undefined;
  readonly out: string;
  readonly resume?: boolean | undefined;
}

/**
 * The log that --tensorboard asks for, if it was given.
 * @throws InputError when it can't be written where it should go.
 */
export async function tensorboardLog(
  recipe: Recipe,
  { tensorboard, out, resume = false }: TensorboardOptions,
  note: (text: string) => void,
): Promise<EventLog | undefined> {
  if (tensorboard === undefined) return undefined;
  const folder = tensorboard === true ? runPaths(out).tensorboard : tensorboard;
  await checkEventFolder(folder, { resume });
  const onFailure = (error: unknown) => {
    const why = error instanceof Error ? error.message : error;
    note(`warning: TensorBoard gets nothing more of this run: can't write to ${folder}: ${why}`);
  };
  return new EventLog(folder, { recipe, onFailure });
}
