import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../../errors.ts';
import { readJsonIfAny } from '../../io/read-json.ts';
import { runPaths } from '../../run/folder/paths.ts';
import { type ExperimentResults, experimentResultsSchema } from '../experiment-results.ts';
import type { Note } from './sound-records.ts';

/** A folder that a report is made of. */
export type Source =
  | { readonly kind: 'run'; readonly folder: string }
  | { readonly kind: 'experiment'; readonly folder: string; readonly results: ExperimentResults };

/** Says what a folder holds; notes why it is left out when it is neither a run nor a comparison. */
export async function sourceOf(folder: string, note: Note): Promise<Source | undefined> {
  try {
    if (!existsSync(folder)) throw new InputError(`${folder} does not exist`);
    if (!statSync(folder).isDirectory()) {
      throw new InputError(`${folder} is a file: name the folder of a run or comparison`);
    }
    const results = await readJsonIfAny(join(folder, 'results.json'), experimentResultsSchema);
    if (results !== undefined) return { kind: 'experiment', folder, results };
    if (existsSync(runPaths(folder).config)) return { kind: 'run', folder };
    throw new InputError(`${folder} holds neither a run (config.json) nor a comparison (results.json)`);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    note(oneLine(error.message));
    return undefined;
  }
}

/** A damaged results.json may have a fault in every field: the first few tell enough. */
export const oneLine = (message: string): string =>
  message.length <= 300 ? message : `${message.slice(0, 300)}…`;
