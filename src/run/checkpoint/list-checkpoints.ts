import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** Version of the checkpoint layout. */
export const FORMAT = 1;

const headSchema = z.object({
  format: z.literal(FORMAT),
  step: z.int().nonnegative(),
  steps: z.int().positive(),
  beta: z.number(),
  betaZeroStep: z.int().nonnegative(),
  evalAccuracy: z.number().nullable(),
  files: z.record(z.string(), z.int()),
});

/** A complete checkpoint on disk. */
export interface CheckpointEntry extends Omit<z.output<typeof headSchema>, 'format' | 'files'> {
  readonly path: string;
}

/** Complete checkpoints of a run in order of their steps; damaged ones are passed over. */
export async function listCheckpoints(folder: string): Promise<CheckpointEntry[]> {
  const names = await readdir(folder).catch(() => []);
  const steps = names.filter((name) => /^step-\d+$/.test(name));
  const entries = await Promise.all(steps.map((name) => findCheckpoint(join(folder, name))));
  return entries.filter((entry) => entry !== undefined).sort((a, b) => a.step - b.step);
}

/** Checkpoints of steps beyond `after` that are not complete. They are written whole or not at all, so something happened to them. */
export async function damagedCheckpoints(folder: string, after: number): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  const later = names.filter((name) => Number(/^step-(\d+)$/.exec(name)?.[1] ?? -1) > after).sort();
  const found = await Promise.all(later.map((name) => findCheckpoint(join(folder, name))));
  return later.filter((_, i) => found[i] === undefined).map((name) => join(folder, name));
}

/** The checkpoint in a folder, if it is there, of this format, and its files have the sizes written down. */
export async function findCheckpoint(path: string): Promise<CheckpointEntry | undefined> {
  try {
    const head = headSchema.parse(JSON.parse(await readFile(join(path, 'checkpoint.json'), 'utf8')));
    const { format: _, files, ...entry } = head;
    for (const [name, size] of Object.entries(files)) {
      if ((await stat(join(path, name))).size !== size) return undefined;
    }
    return { ...entry, path };
  } catch {
    return undefined;
  }
}

/** The last complete checkpoint of a run, if any. */
export async function latestCheckpoint(folder: string): Promise<CheckpointEntry | undefined> {
  return (await listCheckpoints(folder)).at(-1);
}

/** The checkpoint of the highest eval_accuracy; of equals the latest, whose β is the lowest. */
export function bestCheckpoint(entries: readonly CheckpointEntry[]): CheckpointEntry | undefined {
  const evaluated = entries.filter((entry) => entry.evalAccuracy !== null);
  return evaluated.reduce<CheckpointEntry | undefined>(
    (best, entry) => (best !== undefined && best.evalAccuracy! > entry.evalAccuracy! ? best : entry),
    undefined,
  );
}
