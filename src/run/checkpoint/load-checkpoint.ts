import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../../errors.ts';
import { parseExact } from '../../io/exact-json.ts';
import { readSafetensors } from '../../model/files/safetensors.ts';
import type { SavedArray } from '../../policy/method/trainable.ts';
import type { Checkpoint, EvalRecord } from './checkpoint.ts';
import { readHead } from './list-checkpoints.ts';

/** Reads a checkpoint that `listCheckpoints` found complete. @throws InputError when its content can't be read. */
export async function loadCheckpoint(path: string): Promise<Checkpoint> {
  const arrays: Record<string, SavedArray> = {};
  for (const [name, { data, shape }] of Object.entries(
    await readSafetensors(join(path, 'policy.safetensors')),
  )) {
    if (!(data instanceof Float32Array)) throw new InputError(`${path}: "${name}" is not float32`);
    arrays[name] = { data, shape };
  }
  const { policy, ...rest } = (await readState(path)) as Omit<Checkpoint, 'policy'> & {
    policy: Record<string, unknown>;
  };
  const read = { ...rest, policy: { arrays, data: policy } };
  const { evaluation } = await readHead(path);
  if (evaluation === undefined) return read;
  return { ...read, evals: [...read.evals, evaluation as unknown as EvalRecord], unfinished: undefined };
}

async function readState(path: string): Promise<unknown> {
  const file = join(path, 'state.json');
  try {
    return parseExact(await readFile(file, 'utf8'));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new InputError(`${file} can't be read: ${why}`, { cause });
  }
}
