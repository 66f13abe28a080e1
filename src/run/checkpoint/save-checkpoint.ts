import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFolderAtomic } from '../../io/atomic-folder.ts';
import { writeFileAtomic } from '../../io/atomic-write.ts';
import { stringifyExact } from '../../io/exact-json.ts';
import { writeSafetensors } from '../../model/files/safetensors.ts';
import { accuracyAt, type Checkpoint, type EvalRecord } from './checkpoint.ts';
import { FORMAT, findCheckpoint, headPath, headText, readHead } from './list-checkpoints.ts';

/** Folder name of a step's checkpoint; sorts by step. */
function checkpointName(step: number): string {
  return `step-${String(step).padStart(6, '0')}`;
}

/**
 * Saves a checkpoint as checkpoints/step-NNNNNN: policy.safetensors, state.json, and checkpoint.json, which tells the
 * step, β and the size of the other two. Crash-safe: the folder appears whole or not at all. A complete checkpoint of
 * the same step is left as it is: a run's state at a step is always the same.
 * @returns the checkpoint's folder.
 * @throws the file system's own error (disk full, read-only), for the caller to put in context.
 */
export async function saveCheckpoint(folder: string, checkpoint: Checkpoint): Promise<string> {
  const path = join(folder, checkpointName(checkpoint.step));
  if ((await findCheckpoint(path)) !== undefined) return path;
  await writeFolderAtomic(path, (temporary) => write(temporary, checkpoint));
  return path;
}

async function write(folder: string, checkpoint: Checkpoint): Promise<void> {
  const { policy, ...rest } = checkpoint;
  const { step, beta, betaZeroStep, steps } = rest;
  await writeSafetensors(join(folder, 'policy.safetensors'), policy.arrays);
  await writeFile(join(folder, 'state.json'), stringifyExact({ ...rest, policy: policy.data }));
  const files: Record<string, number> = {};
  for (const name of ['policy.safetensors', 'state.json'])
    files[name] = (await stat(join(folder, name))).size;
  const unevaluated = rest.unfinished !== undefined;
  const evalAccuracy = accuracyAt(rest);
  const head = { format: FORMAT, step, steps, beta, betaZeroStep, evalAccuracy, unevaluated, files };
  await writeFile(headPath(folder), headText(head));
}

/**
 * Adds the evaluation of its step to a checkpoint that was written before it. A crash leaves the checkpoint with it or
 * without.
 */
export async function addEvaluation(path: string, record: EvalRecord): Promise<void> {
  const head = await readHead(path);
  const { accuracy: evalAccuracy } = record;
  await writeFileAtomic(
    headPath(path),
    headText({ ...head, evalAccuracy, unevaluated: false, evaluation: { ...record } }),
  );
}
