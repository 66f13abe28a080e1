import { open } from 'node:fs/promises';
import type { RolloutView } from '../page-data.ts';
import { rolloutView } from '../read/sample-rollouts.ts';
import { rolloutLine } from '../read/sound-records.ts';

/** Bytes at the end of rollouts.jsonl that are read, however long it is. */
const TAIL = 512_000;

/** Reads the newest completions of a run: those at the end of its file, oldest first. */
export async function latestRollouts(path: string): Promise<readonly RolloutView[]> {
  const lines = (await tailOf(path)).split('\n');
  return lines.flatMap((line) => {
    try {
      return [rolloutView(rolloutLine.parse(JSON.parse(line)))];
    } catch {
      // The first line is cut off by the tail, and the last may be under way.
      return [];
    }
  });
}

async function tailOf(path: string): Promise<string> {
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return '';
  try {
    const { size } = await file.stat();
    const bytes = Buffer.alloc(Math.min(size, TAIL));
    const { bytesRead } = await file.read(bytes, 0, bytes.length, size - bytes.length);
    return bytes.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}
