import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AnnealError } from '../../errors.ts';
import { tell } from '../base/hub-events.ts';
import { titleOf } from '../base/repository.ts';
import { hasDigest } from '../cache/blob-hash.ts';
import { downloader, leavePartial, removeLeftovers, sizeOf, takePartial } from '../cache/partial-file.ts';
import { type Download, Filling } from './filling.ts';
import { UnreachableError } from './hub-errors.ts';

/**
 * Downloads a file's content under its digest. It goes on where an earlier try broke off, waits for another process of
 * this host that downloads the same, and appears only when whole and of the right hash.
 * @param blob where the content goes.
 * @throws UnreachableError when connections keep breaking; InputError when the hub refuses; AnnealError when what comes
 * is not what the hub lists, twice; the file system's own error when it can't be written.
 */
export async function downloadBlob(blob: string, download: Download): Promise<void> {
  const { file, asked } = download;
  const title = titleOf(asked.repository);
  await mkdir(dirname(blob), { recursive: true });
  if (await broughtByOther(blob, download)) return;
  for (let tries = 0; !(await tryOnce(blob, download)); tries++) {
    tell({ type: 'bytes', what: title, bytes: -file.size });
    if (tries > 0)
      throw new AnnealError(
        `${file.path} of ${title} is not what the hub lists: its checksum was wrong twice (expected ${file.digest}); it was deleted, try again later`,
      );
    tell({ type: 'note', text: `${file.path} of ${title} came with a wrong checksum: downloading it again` });
  }
}

/** Downloads the rest of a file, and puts it in place; false when its content was wrong, which is then gone. */
async function tryOnce(blob: string, download: Download): Promise<boolean> {
  const { file, signal } = download;
  const partial = await takePartial(blob);
  let keep = false;
  try {
    const handle = await open(partial, 'a');
    try {
      await new Filling(handle, download).all();
    } finally {
      await handle.close();
    }
    if (!(await hasDigest(partial, file))) return false;
    await rename(partial, blob);
    await removeLeftovers(blob);
    return true;
  } catch (error) {
    keep = signal.aborted || error instanceof UnreachableError;
    throw error;
  } finally {
    if (keep) await leavePartial(partial, blob);
    else await rm(partial, { force: true });
  }
}

/** Waits while another download brings the blob; whether it has. */
async function broughtByOther(blob: string, { file, asked, signal }: Download): Promise<boolean> {
  for (let waited = false; ; waited = true) {
    const pid = await downloader(blob, 2 * asked.settings.idle);
    if (pid === undefined) return waited && (await sizeOf(blob)) === file.size;
    if (!waited && pid !== process.pid)
      tell({ type: 'note', text: `waiting for process ${pid}, which is downloading ${file.path}` });
    await sleep(200, undefined, { signal });
  }
}
