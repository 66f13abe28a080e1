import { realpathSync } from 'node:fs';
import { join, sep } from 'node:path';
import { expect } from 'vitest';
import { readAdapterFolder } from '../../src/adapter/peft/peft-folder.ts';
import { InputError } from '../../src/errors.ts';
import { readModelConfig } from '../../src/model/read-config.ts';
import { loadTokenizer } from '../../src/model/tokenizer/tokenizer.ts';
import { loadWeights } from '../../src/model/weights/load-weights.ts';

/** Longest message and longest time that a file may cause. */
const LIMIT = { characters: 4000, ms: 3000 };

/** Loads a model as `loadModel` does, without an engine, and uses its tokenizer. */
export async function load(path: string): Promise<void> {
  const config = await readModelConfig(path);
  const tokenizer = await loadTokenizer(path);
  tokenizer.decode(tokenizer.encode('a bcab7 <eos>é\n'));
  tokenizer.encodeChat([{ role: 'user', content: 'ab' }]);
  const weights = await loadWeights(path, config);
  for (const { data, shape } of Object.values(weights))
    expect(data.length).toBe(shape.reduce((a, b) => a * b, 1));
}

/** Reads an adapter for the model beside it. */
export async function loadAdapter(path: string): Promise<void> {
  const { tensors } = await readAdapterFolder(path, await readModelConfig(join(path, '..', 'base')));
  for (const { data, shape } of Object.values(tensors))
    expect(data.length).toBe(shape.reduce((a, b) => a * b, 1));
}

/** Loads; what fails must fail with an InputError of one line, soon. Gives the message. */
export async function loadOrRefuse(
  path: string,
  load: (path: string) => Promise<void>,
): Promise<string | undefined> {
  const start = performance.now();
  const error = await load(path).then(
    () => undefined,
    (caught: unknown) => caught,
  );
  expect(performance.now() - start).toBeLessThan(LIMIT.ms);
  if (error === undefined) return undefined;
  if (!(error instanceof InputError)) throw error;
  expect(error.message).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
  expect(error.message.length).toBeLessThan(LIMIT.characters);
  return error.message;
}

/** Every file opened must lie in one of the folders, also where a link leads. */
export function expectInside(folders: readonly string[], opened: readonly string[]): void {
  const roots = folders.map((folder) => realpathSync(folder));
  for (const path of opened) {
    let real: string;
    try {
      real = realpathSync(path);
    } catch {
      continue;
    }
    const inside = roots.some((root) => real === root || real.startsWith(root + sep));
    expect(inside, `${path} was opened, which is ${real}`).toBe(true);
  }
}
