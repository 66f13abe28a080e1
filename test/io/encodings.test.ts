import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/errors.ts';
import { openBinaryFile } from '../../src/io/binary-file.ts';
import { readAllRecords } from '../../src/io/jsonl-file.ts';
import { readTextIfAny } from '../../src/io/read-json.ts';
import { readRows } from '../../src/io/rows.ts';
import { loadTokenizer } from '../../src/model/tokenizer/tokenizer.ts';
import { temporaryFolders } from './temporary-folder.ts';

const folder = temporaryFolders();

function written(name: string, bytes: string | Buffer): string {
  const path = join(folder(), name);
  writeFileSync(path, bytes);
  return path;
}

async function rowsOf(name: string, bytes: string | Buffer): Promise<number> {
  let count = 0;
  for await (const _ of readRows(written(name, bytes))) count++;
  return count;
}

const latin1 = (text: string) => Buffer.from(text, 'latin1');
const utf16 = (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le');
const utf32 = (text: string) =>
  Buffer.from(Uint32Array.from(`\ufeff${text}`, (each) => each.codePointAt(0)!).buffer);

describe('a data file that is not UTF-8 is refused with its line', () => {
  const jsonl = '{"q": "ab"}\n{"q": "café"}\n';
  const csv = 'q,a\nab,1\n"two\nlines",2\nZoë,3\n';

  test.each([
    ['x.jsonl', latin1(jsonl), /x\.jsonl:2: byte 0xE9 after .*caf.* is not UTF-8.*iconv/],
    ['x.jsonl', latin1('{"q": "“é”"}'.replace(/[“”]/g, '\u0093')), /x\.jsonl:1: byte 0x93/],
    ['x.csv', latin1(csv), /x\.csv:5: byte 0xEB after "Zo" is not UTF-8/],
    ['x.jsonl.gz', gzipSync(latin1(jsonl)), /x\.jsonl\.gz:2: byte 0xE9/],
    ['x.csv.gz', gzipSync(latin1(csv)), /x\.csv\.gz:5: byte 0xEB/],
    ['x.jsonl', utf16(jsonl), /x\.jsonl:1: the file is UTF-16.*UTF-8/],
    ['x.csv', utf16(csv).swap16(), /x\.csv:1: the file is UTF-16.*UTF-8/],
    ['x.csv', utf32(csv), /x\.csv:1: the file is UTF-32.*iconv -f UTF-32/],
    ['x.csv', utf32(csv).swap32(), /x\.csv:1: the file is UTF-32/],
    ['x.csv', utf16(csv).subarray(2), /x\.csv:1: the text holds a zero byte, as UTF-16 without/],
    ['x.jsonl', Buffer.from(jsonl).subarray(0, -4), /x\.jsonl:2: byte 0xC3/],
  ])('%s %#', async (name, bytes, message) => {
    const error = await rowsOf(name, bytes).catch((e) => e);
    expect(error).toBeInstanceOf(InputError);
    expect(error.message).toMatch(message);
  });

  test('UTF-8 passes, also where characters lie across the pieces that are read', async () => {
    const long = `{"q": "${'é€😀'.repeat(300)}"}\n`.repeat(200);
    expect(await rowsOf('x.jsonl', long)).toBe(200);
    expect(await rowsOf('x.csv', `q\n${'é€😀\n'.repeat(60_000)}`)).toBe(60_000);
    expect(await rowsOf('x.jsonl', `{"q": "${'€'.repeat(200_000)}"}`)).toBe(1);
  });

  test('deep in a long file the line is right', async () => {
    const long = Buffer.concat([Buffer.from('{"q": "é"}\n'.repeat(50_000)), latin1('{"q": "é"}')]);
    await expect(rowsOf('x.jsonl', long)).rejects.toThrow(/x\.jsonl:50001: /);
  });
});

test('a JSON file of a model that is not UTF-8 is refused with its line', async () => {
  const path = written('config.json', latin1('{\n"name": "é"}'));
  await expect(readTextIfAny(path)).rejects.toThrow(/config\.json:2: byte 0xE9/);
});

test('a record cut off inside a character by a crash ends its file', async () => {
  const path = written('metrics.jsonl', Buffer.from('{"step":1}\n{"note":"é"}').subarray(0, -3));
  expect(await readAllRecords(path)).toEqual([{ step: 1 }]);
});

describe('a git-lfs pointer is told from the file that it stands for', () => {
  const pointer =
    'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n';
  const sentence = (name: string) =>
    new RegExp(`${name} is a git-lfs pointer, not the file of 12345 bytes.*git lfs pull`);

  test.each(['x.jsonl', 'x.csv', 'x.jsonl.gz', 'x.csv.gz', 'x.parquet'])('as data: %s', async (name) => {
    const error = await rowsOf(name, pointer).catch((e) => e);
    expect(error).toBeInstanceOf(InputError);
    expect(error.message).toMatch(sentence(name));
  });

  test.each(['model.safetensors', 'model.gguf'])('as weights: %s', async (name) => {
    await expect(openBinaryFile(written(name, pointer))).rejects.toThrow(sentence(name));
  });

  test('as a tokenizer', async () => {
    const model = folder();
    writeFileSync(join(model, 'tokenizer.json'), pointer);
    await expect(loadTokenizer(model)).rejects.toThrow(sentence('tokenizer.json'));
  });
});
