import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { lines } from '../pipeline/run.ts';

const files = ['metrics.jsonl', 'rollouts.jsonl', 'evals.jsonl'];

/** Metrics but for times, rollouts, evaluations; every byte of adapter, merged model and last checkpoint's arrays. */
export async function expectSame(out: string, whole: string): Promise<void> {
  for (const file of files) expect(await lines(out, file), file).toEqual(await lines(whole, file));
  expect(arrays(out)).toEqual(arrays(whole));
}

/** Hashes of the tensor files of a run, by path. */
function arrays(out: string): Record<string, string> {
  const paths = (readdirSync(out, { recursive: true }) as string[]).filter((path) =>
    path.endsWith('.safetensors'),
  );
  const last = paths
    .filter((path) => path.startsWith('checkpoints'))
    .sort()
    .at(-1);
  const kept = paths.filter((path) => !path.startsWith('checkpoints') || path === last).sort();
  expect(kept.length).toBeGreaterThanOrEqual(2);
  return Object.fromEntries(
    kept.map((path) => [
      path,
      createHash('sha256')
        .update(readFileSync(join(out, path)))
        .digest('hex'),
    ]),
  );
}
