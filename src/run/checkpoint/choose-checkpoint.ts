import { join } from 'node:path';
import { InputError } from '../../errors.ts';
import { runPaths } from '../folder/paths.ts';
import { bestCheckpoint, type CheckpointEntry, listCheckpoints } from './list-checkpoints.ts';

/** A checkpoint of a run, and where its merged model lies: in merged/ for the last one. */
export interface ChosenCheckpoint {
  readonly entry: CheckpointEntry;
  readonly merged: string;
}

/**
 * Finds a run's checkpoint: `last`, `best` (the highest eval_accuracy; of equals the latest), or that of a step.
 * @throws InputError when the run has no such checkpoint, naming those that it has.
 */
export async function chooseCheckpoint(out: string, which = 'last'): Promise<ChosenCheckpoint> {
  const entries = await listCheckpoints(runPaths(out).checkpoints);
  const last = entries.at(-1);
  if (last === undefined) throw new InputError(`${out} has no complete checkpoint`);
  const entry = which === 'last' ? last : which === 'best' ? best(out, entries) : ofStep(out, entries, which);
  const merged = entry === last ? runPaths(out).merged : join(out, `merged-step-${entry.step}`);
  return { entry, merged };
}

function best(out: string, entries: readonly CheckpointEntry[]): CheckpointEntry {
  const found = bestCheckpoint(entries);
  if (found !== undefined) return found;
  throw new InputError(`no checkpoint of ${out} was evaluated, so none is the best; ${there(entries)}`);
}

function ofStep(out: string, entries: readonly CheckpointEntry[], which: string): CheckpointEntry {
  if (!/^\d+$/.test(which)) throw new InputError(`--checkpoint takes best, last or a step (got "${which}")`);
  const found = entries.find(({ step }) => step === Number(which));
  if (found !== undefined) return found;
  throw new InputError(`${out} has no checkpoint of step ${Number(which)}; ${there(entries)}`);
}

function there(entries: readonly CheckpointEntry[]): string {
  return `there ${entries.length === 1 ? 'is one' : 'are those'} of ${entries.map(({ step }) => `step ${step}`).join(', ')}`;
}
