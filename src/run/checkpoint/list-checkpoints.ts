import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { parseExact, stringifyExact } from '../../io/exact-json.ts';

/**
 * Version of the checkpoint layout. Of older ones the policy can be read; a run can't go on from them.
 * 2: batches that wait are flat, coefficients stand beside them.
 */
export const FORMAT = 2;

const headSchema = z.object({
  format: z.int().min(1).max(FORMAT),
  step: z.int().nonnegative(),
  steps: z.int().positive(),
  beta: z.number(),
  betaZeroStep: z.int().nonnegative(),
  evalAccuracy: z.number().nullable(),
  /** Whether the evaluation of its step, and the step's line of metrics.jsonl, were still to come. */
  unevaluated: z.boolean().default(false),
  /** That evaluation, made since: an `EvalRecord`. */
  evaluation: z.record(z.string(), z.unknown()).optional(),
  files: z.record(z.string(), z.int()),
});

export type CheckpointHead = z.output<typeof headSchema>;

/** A complete checkpoint on disk. */
export interface CheckpointEntry extends Omit<CheckpointHead, 'files' | 'evaluation'> {
  readonly path: string;
}

/** Complete checkpoints of a run in order of their steps. Damaged ones are left out. */
export async function listCheckpoints(folder: string): Promise<CheckpointEntry[]> {
  const names = await readdir(folder).catch(() => []);
  const steps = names.filter((name) => /^step-\d+$/.test(name));
  const entries = await Promise.all(steps.map((name) => findCheckpoint(join(folder, name))));
  return entries.filter((entry) => entry !== undefined).sort((a, b) => a.step - b.step);
}

/**
 * Incomplete checkpoints of steps beyond `after`. Checkpoints are written whole or not at all, so these were damaged
 * later.
 */
export async function damagedCheckpoints(folder: string, after: number): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  const later = names.filter((name) => Number(/^step-(\d+)$/.exec(name)?.[1] ?? -1) > after).sort();
  const found = await Promise.all(later.map((name) => findCheckpoint(join(folder, name))));
  return later.filter((_, i) => found[i] === undefined).map((name) => join(folder, name));
}

/**
 * The checkpoint in a folder, if it is there, of a format that can be read, and its files have the sizes written down.
 */
export async function findCheckpoint(path: string): Promise<CheckpointEntry | undefined> {
  try {
    const { files, evaluation: _, ...entry } = await readHead(path);
    for (const [name, size] of Object.entries(files)) {
      if ((await stat(join(path, name))).size !== size) return undefined;
    }
    return { ...entry, path };
  } catch {
    return undefined;
  }
}

/** Reads a checkpoint's checkpoint.json. @throws an Error when it is missing or damaged. */
export async function readHead(path: string): Promise<CheckpointHead> {
  return headSchema.parse(parseExact(await readFile(headPath(path), 'utf8')));
}

export const headPath = (path: string): string => join(path, 'checkpoint.json');

/** The text of checkpoint.json. */
export const headText = (head: CheckpointHead): string =>
  `${JSON.stringify(JSON.parse(stringifyExact(head)), null, 2)}\n`;

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
