import { createReadStream, existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream';
import { createGzip } from 'node:zlib';
import { writeFileAtomic } from '../../io/atomic-write.ts';
import {
  type JsonlFile,
  jsonLines,
  openJsonl,
  readRecords,
  stepRange,
  truncateAtStep,
} from '../../io/jsonl-file.ts';

// The completions of a run: rollouts.jsonl, and what was packed of it before, each pack named by its first and last
// step. The completions of a step are in one file.

/** A file of completions, and the steps that it holds. */
export interface RolloutFile {
  readonly path: string;
  readonly first: number;
  readonly last: number;
}

/** The files of completions in the order of their steps. @param path of the run's rollouts.jsonl. */
export async function rolloutFiles(path: string): Promise<RolloutFile[]> {
  const packs = await packsOf(path);
  if (!existsSync(path)) return packs;
  const after = lastOf(packs);
  // What holds no step is for who reads it to tell.
  const open = (await stepRange(path)) ?? { first: after + 1, last: Number.POSITIVE_INFINITY };
  // A crash right after packing leaves what was packed in both.
  return open.first <= after ? packs : [...packs, { path, ...open }];
}

/**
 * Opens the completions of a run for appending.
 * @param packMB megabytes from which rollouts.jsonl is packed before more is written to it; 0 never packs.
 */
export async function openRollouts(path: string, packMB: number): Promise<Pick<JsonlFile, 'append'>> {
  let file = await openJsonl(path);
  return {
    async append(records) {
      if (packMB > 0 && file.size >= packMB * 1e6 && records.length > 0) {
        await pack(path);
        file = await openJsonl(path);
      }
      await file.append(records);
    },
  };
}

/** Removes the completions of step `end` and those after it. */
export async function rewindRollouts(path: string, end: number): Promise<void> {
  const packs = await packsOf(path);
  const kept = packs.filter(({ last }) => last < end);
  const cut = packs.find(({ first, last }) => first < end && last >= end);
  if (cut !== undefined) await writeFileAtomic(path, linesBefore(cut.path, end));
  else if (((await stepRange(path))?.first ?? Number.POSITIVE_INFINITY) <= lastOf(kept)) await rm(path);
  else await truncateAtStep(path, end);
  for (const { path: gone } of packs.slice(kept.length)) await rm(gone);
}

async function packsOf(path: string): Promise<RolloutFile[]> {
  const [folder, name] = [dirname(path), basename(path, '.jsonl')];
  const names = await readdir(folder).catch(() => []);
  const packs = names.flatMap((each) => {
    const [, first, last] =
      /^-(\d+)-(\d+)\.jsonl\.gz$/.exec(each.startsWith(name) ? each.slice(name.length) : '') ?? [];
    return last === undefined ? [] : [{ path: join(folder, each), first: Number(first), last: Number(last) }];
  });
  return packs.sort((a, b) => a.first - b.first);
}

const lastOf = (packs: readonly RolloutFile[]): number => packs.at(-1)?.last ?? -1;

/** Makes rollouts.jsonl into a pack. The pack is whole before the file goes. */
async function pack(path: string): Promise<void> {
  const steps = await stepRange(path);
  if (steps === undefined) return;
  const [first, last] = [steps.first, steps.last].map((step) => String(step).padStart(6, '0'));
  const gzip = createGzip();
  // Errors of either end the other.
  pipeline(createReadStream(path), gzip, () => {});
  await writeFileAtomic(join(dirname(path), `${basename(path, '.jsonl')}-${first}-${last}.jsonl.gz`), gzip);
  await rm(path);
}

async function* linesBefore(path: string, end: number): AsyncGenerator<Buffer> {
  for await (const record of readRecords<{ readonly step: number }>(path)) {
    if (record.step >= end) return;
    yield Buffer.from(jsonLines([record]));
  }
}
