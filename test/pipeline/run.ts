import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lastValueFrom, tap, toArray } from 'rxjs';
import { afterAll } from 'vitest';
import type { TrainOptions } from '../../src/pipeline/session/session.ts';
import { trainWith } from '../../src/pipeline/train.ts';
import type { RecipeInput } from '../../src/recipe/recipe.ts';
import type { TrainEvent } from '../../src/types.ts';
import { Bandit, type BanditOptions } from './bandit.ts';
import { unrepeatable } from './unrepeatable.ts';

const folders: string[] = [];
afterAll(() =>
  Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true, maxRetries: 3 }))),
);

/** An empty folder that is gone after the file's tests. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'anneal-'));
  folders.push(folder);
  return folder;
}

/** Runs a recipe on bandits to its end; gives the events and the bandits made. */
export async function runBandit(
  recipe: RecipeInput,
  options: TrainOptions,
  {
    onEvent,
    ...timing
  }: Partial<BanditOptions> & { onEvent?: (event: TrainEvent, bandit: Bandit) => void } = {},
): Promise<{ events: TrainEvent[]; bandit: Bandit }> {
  let bandit: Bandit | undefined;
  const train = trainWith(async ({ steps }) => {
    bandit = new Bandit({ steps, ...timing });
    return bandit;
  });
  const events = await lastValueFrom(
    train(recipe, options).pipe(
      tap((event) => onEvent?.(event, bandit!)),
      toArray(),
    ),
  );
  return { events, bandit: bandit! };
}

/** The lines of a run's file, without what differs between two runs of one seed. */
export async function lines(out: string, file: string): Promise<Record<string, unknown>[]> {
  if (!existsSync(join(out, file))) return [];
  const text = await readFile(join(out, file), 'utf8');
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const record = JSON.parse(line) as Record<string, unknown>;
      for (const name of unrepeatable) delete record[name];
      return record;
    });
}
