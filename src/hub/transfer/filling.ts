import type { FileHandle } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { AnnealError } from '../../errors.ts';
import { tell } from '../base/hub-events.ts';
import type { RepoFile } from '../base/repo-file.ts';
import { fileUrl, titleOf } from '../base/repository.ts';
import { type Asked, UnreachableError } from './hub-errors.ts';
import { type HubAnswer, hubRequest, pause } from './hub-request.ts';

/** A file to download. */
export interface Download {
  /** `revision` is the commit. */
  readonly asked: Asked;
  readonly file: RepoFile;
  /** Ends the download. */
  readonly signal: AbortSignal;
}

/** Connections in a row that may break before a mebibyte has come. */
const BREAKS = 6;
const ENOUGH = 2 ** 20;

/** A file on disk that is filled from the hub, over as many connections as it takes. */
export class Filling {
  private readonly handle: FileHandle;
  private readonly download: Download;
  private size = 0;

  /** @param handle open for appending; what it holds is taken for the file's start. */
  constructor(handle: FileHandle, download: Download) {
    this.handle = handle;
    this.download = download;
  }

  /** Downloads what is missing. @throws as `downloadBlob`. */
  async all(): Promise<void> {
    const { file, signal } = this.download;
    this.count((await this.handle.stat()).size);
    if (this.size > file.size) await this.rewind();
    for (let breaks = 0; this.size < file.size; ) {
      const start = this.size;
      try {
        await this.fromOneConnection();
      } catch (error) {
        if (!(error instanceof UnreachableError && error.broke)) throw error;
        breaks = this.size - start >= ENOUGH ? 1 : breaks + 1;
        if (breaks >= BREAKS) throw this.givenUp(error);
        await sleep(pause(breaks - 1), undefined, { signal });
      }
    }
    await this.handle.sync();
  }

  /** What was downloaded is kept, for the next try. */
  private givenUp(error: UnreachableError): UnreachableError {
    const { file, asked } = this.download;
    const text = `${file.path} of ${titleOf(asked.repository)} broke off after ${this.size} of ${file.size} bytes: ${error.message}; try again to go on from there`;
    return new UnreachableError(text, { broke: true, cause: error });
  }

  private async fromOneConnection(): Promise<void> {
    const { asked, file, signal } = this.download;
    const url = fileUrl(asked.repository, asked.settings.endpoint, asked.revision, file.path);
    const headers: Record<string, string> = this.size > 0 ? { range: `bytes=${this.size}-` } : {};
    const answer = await hubRequest(url, { asked, signal, headers, accepted: [416], retries: 0 });
    if (this.size > 0 && !this.goesOn(answer)) await this.rewind();
    if (answer.status !== 416) for await (const chunk of answer.chunks()) await this.append(chunk);
    if (this.size < file.size)
      throw new UnreachableError(`${asked.settings.endpoint} sent no more`, { broke: true });
  }

  /** Whether an answer is the rest that was asked for; a server may send the whole, or know of no such rest. */
  private goesOn({ status, headers }: HubAnswer): boolean {
    return status === 206 && headers.get('content-range')?.startsWith(`bytes ${this.size}-`) === true;
  }

  private async append(chunk: Uint8Array): Promise<void> {
    const { file, asked } = this.download;
    if (this.size + chunk.length > file.size)
      throw new AnnealError(
        `${file.path} of ${titleOf(asked.repository)} is longer than the ${file.size} bytes that the hub lists: it is not downloaded`,
      );
    await this.handle.appendFile(chunk);
    this.count(chunk.length);
  }

  private async rewind(): Promise<void> {
    await this.handle.truncate(0);
    this.count(-this.size);
  }

  private count(bytes: number): void {
    this.size += bytes;
    tell({ type: 'bytes', what: titleOf(this.download.asked.repository), bytes });
  }
}
