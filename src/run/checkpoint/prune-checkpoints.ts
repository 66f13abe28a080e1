import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { bestCheckpoint, listCheckpoints } from './list-checkpoints.ts';

/** Removes all checkpoints but the last `keep` and the best by eval_accuracy. */
export async function pruneCheckpoints(folder: string, keep: number): Promise<void> {
  const entries = await listCheckpoints(folder);
  const best = bestCheckpoint(entries);
  for (const entry of entries.slice(0, -keep)) {
    if (entry !== best) await rm(entry.path, { recursive: true });
  }
}

/** Removes the checkpoints after `step`, which a resumed run will write again. */
export async function discardAfter(folder: string, step: number): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    const match = /^step-(\d+)$/.exec(name);
    if (match !== null && Number(match[1]) > step) await rm(join(folder, name), { recursive: true });
  }
}
