import { join } from 'node:path';
import { writeFileAtomic } from '../../io/atomic-write.ts';
import { runPaths } from '../../run/folder/paths.ts';
import type { Notes } from '../page-data.ts';
import { gather } from '../read/gather.ts';
import { htmlPage } from './html-page.ts';

/**
 * Writes one page about runs and comparisons.
 * @returns what was left out and why, one line each.
 * @throws InputError when none of the folders can be read.
 */
export async function writeReportOf(folders: readonly string[], file: string): Promise<Notes> {
  const data = await gather(folders);
  await writeFileAtomic(file, htmlPage(data));
  return data.notes;
}

/** Writes a run folder's report.html from the folder's other files. @throws InputError when the folder is no run. */
export async function writeReport(out: string): Promise<void> {
  await writeReportOf([out], runPaths(out).report);
}

/**
 * Writes a comparison's report.html from its results.json and the run folders that it names.
 * @throws InputError when the folder has no results.json, or it is damaged.
 */
export async function writeExperimentReport(folder: string): Promise<void> {
  await writeReportOf([folder], join(folder, 'report.html'));
}
