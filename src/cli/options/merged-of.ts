import { existsSync } from 'node:fs';
import { InputError } from '../../errors.ts';
import { runPaths } from '../../run/folder/paths.ts';

/** The merged model of a run, for which the run's folder stands. @throws InputError when it isn't written yet. */
export function mergedOf(run: string): string {
  const { merged } = runPaths(run);
  if (existsSync(merged)) return merged;
  throw new InputError(
    `${merged} is missing: finish the run with --resume, or, if β is 0 already, write it with \`anneal merge ${run}\`; --checkpoint names one of the run's`,
  );
}
