import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';

/** Root of the recorded cases. */
export const fixtures = process.env.FIXTURES ?? 'test/fixtures';

/** Folder of the real small model, where this machine has it. */
export const smollm2 = process.env.SMOLLM2_DIR;
export const noSmollm2 = 'SMOLLM2_DIR is not set: it names the folder of SmolLM2-135M-Instruct';

// biome-ignore lint/suspicious/noExplicitAny: recorded JSON, whose fields the tests name one by one
export type Json = any;

export function readGolden(...path: string[]): Json {
  return JSON.parse(readFileSync(resolve(fixtures, ...path), 'utf8'));
}

/** Names of the folders below a fixture folder that hold the given file. */
export function foldersWith(kind: string, file: string): string[] {
  const root = join(fixtures, kind);
  return readdirSync(root).filter((name) => existsSync(join(root, name, file)));
}

/** Numbers of this project's own recording, read whatever FIXTURES is. */
const own = resolve(import.meta.dirname, '../fixtures/own');

/** Folders of recorded models: those of FIXTURES and our own. Absolute. */
export const modelFolders: readonly string[] = [resolve(fixtures, 'models'), join(own, 'models')]
  .filter((root) => existsSync(root))
  .flatMap((root) => readdirSync(root).map((name) => join(root, name)))
  .filter((folder) => existsSync(join(folder, 'golden.safetensors')));

/** A folder of each family, if there is one a folder whose layers see a window. */
export const oneOfEachFamily: readonly string[] = [
  ...new Map(
    modelFolders
      .map((folder) => ({ folder, config: readGolden(folder, 'config.json') }))
      .sort((a, b) => Number(a.config.sliding_window ?? 0) - Number(b.config.sliding_window ?? 0))
      .map(({ folder, config }) => [config.model_type, folder] as const),
  ).values(),
];

/** How a recorded folder is called in the names of tests. */
export const nameOf = (folder: string): string =>
  relative(folder.startsWith(own) ? join(own, '..') : resolve(fixtures), folder);

/** Fails on a field that the test would otherwise pass over. */
export function knownFields(value: object, known: readonly string[], where: string): void {
  const unknown = Object.keys(value).filter((key) => !known.includes(key));
  if (unknown.length > 0)
    throw new Error(`${where}: fields this test does not understand: ${unknown.join(', ')}`);
}

export function sha256(...parts: (string | ArrayBufferView | ArrayBuffer)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) {
    if (typeof part === 'string') hash.update(part);
    else if (ArrayBuffer.isView(part))
      hash.update(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
    else hash.update(new Uint8Array(part));
  }
  return hash.digest('hex');
}
