import { access, constants, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { InputError } from '../../errors.ts';
import { isMissing } from '../../io/read-json.ts';
import { eventFilesIn } from '../../io/tensorboard/event-file.ts';

/**
 * Checks that event files can be written to a folder, which need not be there. Writes nothing.
 * @throws InputError when they can't, or when a new run would add to the files of another.
 */
export async function checkEventFolder(
  folder: string,
  { resume }: { readonly resume: boolean },
): Promise<void> {
  let files: string[];
  try {
    await checkWritable(resolve(folder));
    files = await eventFilesIn(folder);
  } catch (error) {
    throw new InputError(
      `can't write --tensorboard ${folder}: ${error instanceof Error ? error.message : error}`,
    );
  }
  if (files.length > 0 && !resume) {
    throw new InputError(
      `--tensorboard ${folder} holds ${files[0]} of another run, and TensorBoard would show both as one: choose another folder`,
    );
  }
}

/** @throws an Error unless the folder, or the nearest one above it that is there, can be written. */
async function checkWritable(path: string): Promise<void> {
  try {
    if (!(await stat(path)).isDirectory()) throw new Error(`${path} is not a folder`);
    await access(path, constants.W_OK | constants.X_OK);
  } catch (error) {
    if (!isMissing(error) || dirname(path) === path) throw error;
    await checkWritable(dirname(path));
  }
}
