import { writeFileAtomic } from '../../io/atomic-write.ts';
import { runPaths } from '../folder/paths.ts';
import { reportPage } from './page.ts';
import { readRun } from './run-data.ts';

/** Writes a run folder's report.html from the folder's other files. @throws InputError when the folder is no run. */
export async function writeReport(out: string): Promise<void> {
  await writeFileAtomic(runPaths(out).report, reportPage(await readRun(out)));
}
