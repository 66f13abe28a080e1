import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openJsonl, readAllRecords, truncateAtStep } from '../../src/io/jsonl-file.ts';
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

test('a file appears with its first record', async () => {
  const path = await file();
  const jsonl = await openJsonl(path);
  await jsonl.append([]);
  expect(existsSync(path)).toBe(false);
  expect(await readAllRecords(path)).toEqual([]);
  await truncateAtStep(path, 3);
  expect(existsSync(path)).toBe(false);
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
