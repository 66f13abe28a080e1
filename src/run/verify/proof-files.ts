import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Policy } from '../../policy/policy.ts';
import type { RunPaths } from '../folder/paths.ts';

/** Where what a merged model must be is read from. */
export type ProofFiles =
  /** Method full: the trained weights. */
  | { readonly trained: string }
  /** The adapter, and the model that it is for where that is not the recipe's. */
  | { readonly adapter: string; readonly base: string | undefined };

/**
 * The files that a merged model is proved by: those that the run wrote where the policy is its last, else written anew
 * into `folder`.
 */
export async function proofFiles(
  policy: Pick<Policy, 'saveAdapter' | 'saveBase'>,
  from: {
    /** Folder of the policy's checkpoint. */
    readonly checkpoint: string;
    readonly paths: RunPaths;
    readonly isLast: boolean;
    readonly folder: string;
  },
): Promise<ProofFiles> {
  const { paths, isLast, folder } = from;
  if (policy.saveAdapter === undefined) return { trained: join(from.checkpoint, 'policy.safetensors') };
  const hasBase = policy.saveBase !== undefined;
  // Older versions wrote no base.
  const isWritten = existsSync(paths.adapter) && (!hasBase || existsSync(paths.base));
  if (isLast && isWritten) return { adapter: paths.adapter, base: hasBase ? paths.base : undefined };
  const at = { adapter: join(folder, 'adapter'), base: hasBase ? join(folder, 'base') : undefined };
  if (at.base !== undefined) await policy.saveBase?.(at.base);
  await policy.saveAdapter(at.adapter, at.base);
  return at;
}
