import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeFileAtomic } from '../../src/io/atomic-write.ts';
import { temporaryFolders } from './temporary-folder.ts';

const folder = temporaryFolders();

test('text, bytes and pieces in order become the file, and nothing else is left', async () => {
  const parent = folder();
  const path = join(parent, 'x');
  for (const content of [
    'héllo',
    Buffer.from('héllo'),
    [Buffer.from('hé'), new Uint8Array(0), Buffer.from('llo')],
  ]) {
    await writeFileAtomic(path, content);
    expect(readFileSync(path, 'utf8')).toBe('héllo');
    expect(readdirSync(parent)).toEqual(['x']);
    writeFileSync(path, 'old');
  }
});

test('a failure half-way leaves the old content and no temporary file', async () => {
  const parent = folder();
  const path = join(parent, 'x');
  writeFileSync(path, 'old');
  function* failing(): Iterable<Uint8Array> {
    yield Buffer.from('half');
    throw new Error('disk full');
  }
  await expect(writeFileAtomic(path, failing())).rejects.toThrow('disk full');
  expect(readFileSync(path, 'utf8')).toBe('old');
  expect(readdirSync(parent)).toEqual(['x']);
});

test('a target that can not be replaced is an error, with no temporary file left', async () => {
  const parent = folder();
  mkdirSync(join(parent, 'x', 'full'), { recursive: true });
  await expect(writeFileAtomic(join(parent, 'x'), 'new')).rejects.toThrow();
  expect(readdirSync(parent)).toEqual(['x']);
});

test.skipIf(process.getuid?.() === 0)('a read-only folder is an error that names it', async () => {
  const parent = folder();
  chmodSync(parent, 0o500);
  await expect(writeFileAtomic(join(parent, 'x'), 'new')).rejects.toThrow(/EACCES/);
  chmodSync(parent, 0o700);
});
