import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openJsonl, readAllRecords, stepRange, truncateAtStep } from '../../src/io/jsonl-file.ts';
import { temporaryFolder } from '../pipeline/run.ts';

async function file(content?: string): Promise<string> {
  const path = join(await temporaryFolder(), 'a.jsonl');
  if (content !== undefined) writeFileSync(path, content);
  return path;
}

test('records are appended a line each; NaN is null', async () => {
  const path = await file('{"step":0}\n');
  const jsonl = await openJsonl(path);
  await jsonl.append([
    { step: 1, loss: Number.NaN },
    { step: 2, text: 'a\nb' },
  ]);
  await jsonl.append([{ step: 3 }]);
  expect(readFileSync(path, 'utf8')).toBe(
    '{"step":0}\n{"step":1,"loss":null}\n{"step":2,"text":"a\\nb"}\n{"step":3}\n',
  );
  expect(await readAllRecords(path)).toEqual([
    { step: 0 },
    { step: 1, loss: null },
    { step: 2, text: 'a\nb' },
    { step: 3 },
  ]);
});

describe('a file is cut off from its end', () => {
  const line = (step: number, text: string) => `${JSON.stringify({ step, text })}\n`;

  test('the same for every size of block, however lines lie in it', async () => {
    const texts = ['', 'ä→', 'x'.repeat(50), 'β'.repeat(3), '\n'];
    const content = Array.from({ length: 12 }, (_, i) => line(i >> 1, texts[i % 5]!)).join('');
    for (const ending of ['', '{"step":9', 'null\n{"st\n']) {
      for (let end = 0; end <= 7; end++) {
        const whole = await file(content + ending);
        await truncateAtStep(whole, end);
        const kept = readFileSync(whole, 'utf8');
        // Computed apart: the lines before the first of that step.
        const lines = content.split(/(?<=\n)/);
        expect(kept).toBe(lines.filter((each) => each !== '' && JSON.parse(each).step < end).join(''));
        for (const block of [1, 2, 3, 7, 16, 64, 1000]) {
          const path = await file(content + ending);
          await truncateAtStep(path, end, block);
          expect(readFileSync(path, 'utf8')).toBe(kept);
        }
      }
    }
  });

  test('a file of 5 GB, most of it a hole, in no time', async () => {
    const path = await file('');
    const at = 5e9;
    const handle = await open(path, 'r+');
    await handle.write(`\n${line(7, 'kept')}${line(8, 'cut')}`, at);
    await handle.close();
    await truncateAtStep(path, 8);
    expect(statSync(path).size).toBe(at + 1 + line(7, 'kept').length);
    // Nothing of the hole takes room on the disk.
    expect(statSync(path).blocks * 512).toBeLessThan(1e7);
  });
});

test('a file appears with its first record', async () => {
  const path = await file();
  const jsonl = await openJsonl(path);
  await jsonl.append([]);
  expect(existsSync(path)).toBe(false);
  expect(await readAllRecords(path)).toEqual([]);
  await truncateAtStep(path, 3);
  expect(existsSync(path)).toBe(false);
});

test('the steps of a file are those of its first and last whole records', async () => {
  expect(await stepRange(await file('{"step":3}\n{"step":3}\n{"step":9}\n{"step":10'))).toEqual({
    first: 3,
    last: 9,
  });
  expect(await stepRange(await file('nothing\n{}\n'))).toBe(undefined);
  expect(await stepRange(await file(''))).toBe(undefined);
});

test('reading ends at a line that a crash cut off', async () => {
  expect(await readAllRecords(await file('{"step":0}\n{"st'))).toEqual([{ step: 0 }]);
});

test('a damaged line between others is told, not taken for the end', async () => {
  const path = await file('{"step":0}\n{"st\n{"step":2}\n');
  await expect(readAllRecords(path)).rejects.toThrow(/a\.jsonl:2: the line is damaged/);
  await expect(readAllRecords(await file('null\n{"step":2}\n'))).rejects.toThrow(/a\.jsonl:1: /);
});

test('lines end at \\n alone', async () => {
  const record = { text: 'one\u2028two\u2029three\r' };
  const path = await file(`${JSON.stringify(record)}\n{"step":1}\n`);
  expect(await readAllRecords(path)).toEqual([record, { step: 1 }]);
});

test('cutting off at a step keeps every line before it, whole lines only, whatever the characters', async () => {
  const text = ['{"step":0,"β":"ä→"}', '{"step":0}', '{"step":1}', '{"step":2}', '{"step":3'].join('\n');
  const cases: [number, number][] = [
    [0, 0],
    [1, 2],
    [2, 3],
    [3, 4],
    [9, 4],
  ];
  for (const [step, lines] of cases) {
    const path = await file(text);
    await truncateAtStep(path, step);
    expect(readFileSync(path, 'utf8')).toBe(
      text
        .split('\n')
        .slice(0, lines)
        .map((line) => `${line}\n`)
        .join(''),
    );
  }
  const unfinished = await file('{"step":0}\n{"step":1}');
  await truncateAtStep(unfinished, 9);
  expect(readFileSync(unfinished, 'utf8')).toBe('{"step":0}\n');
});
