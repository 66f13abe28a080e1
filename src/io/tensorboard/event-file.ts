import { type FileHandle, mkdir, open, readdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { isMissing } from '../read-json.ts';
import { type EventContent, encodeEvent } from './event-messages.ts';
import { tfRecord } from './record.ts';

const NAME = /^events\.out\.tfevents\.(\d+)\./;

/** Names of the event files in a folder; none when it is not there. @throws the file system's own error. */
export async function eventFilesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => NAME.test(name));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** A file that TensorBoard reads. Whole events are handed to the system at once, so a killed process loses none. */
export interface EventFile {
  readonly path: string;
  /** @throws the file system's own error. */
  append(events: readonly EventContent[]): Promise<void>;
  close(): Promise<void>;
}

/** Begins an event file in a folder, which is made. @throws the file system's own error. */
export async function createEventFile(folder: string): Promise<EventFile> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, await nextName(folder));
  const file: FileHandle = await open(path, 'ax');
  const append = async (events: readonly EventContent[]) => {
    const time = Date.now() / 1000;
    await file.appendFile(Buffer.concat(events.map((event) => tfRecord(encodeEvent(event, time)))));
  };
  await append([{ kind: 'version' }]);
  return { path, append, close: () => file.close() };
}

/** TensorBoard reads the files of a folder in the order of their names, which begin with the second they were made. */
async function nextName(folder: string): Promise<string> {
  const before = (await eventFilesIn(folder)).map((name) => Number(NAME.exec(name)![1]));
  const second = Math.max(Math.floor(Date.now() / 1000), ...before.map((time) => time + 1));
  return `events.out.tfevents.${String(second).padStart(10, '0')}.${hostname()}.${process.pid}`;
}
