import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { InputError } from '../../errors.ts';
import { version } from '../../io/version.ts';
import { groupNames } from '../name-groups.ts';
import { packed, unpacked } from '../packed-series.ts';
import type { PageData, RunView } from '../page-data.ts';
import { coarser, sizeOf } from '../series.ts';
import { readRun } from './read-run.ts';
import type { Note } from './sound-records.ts';
import { oneLine, type Source, sourceOf } from './sources.ts';

/** Characters of completions in a page, over all its runs. */
const COMPLETIONS = 3_000_000;
/** Numbers of metrics in a page, over all its runs: about 8 characters each. */
const NUMBERS = 400_000;

/** A run to read, and its place in a comparison where it has one. */
interface Wanted {
  readonly folder: string;
  readonly subject?: string;
  readonly group?: string;
}

/**
 * Reads runs and comparisons for one page. What can't be read is noted, one line each, and left out.
 * @throws InputError when nothing can be read.
 */
export async function gather(folders: readonly string[]): Promise<PageData> {
  const notes: string[] = [];
  const note: Note = (line) => notes.push(oneLine(line));
  const sources = (await inOrder([...new Set(folders)], (folder) => sourceOf(folder, note))).filter(isThere);
  const alone = sources.length === 1;
  const wanted = once(sources.flatMap((source) => runsOf(source, { alone, note })));
  const rolloutBudget = COMPLETIONS / Math.max(1, wanted.length);
  const read = await inOrder(wanted, ({ folder, ...place }) =>
    readIfSound(folder, { ...place, id: folder, rolloutBudget }, note),
  );
  const experiments = sources.filter((source) => source.kind === 'experiment');
  const runs = read.filter(isThere);
  if (runs.length === 0 && experiments.length === 0) throw new InputError(notes.join('\n'));
  return {
    anneal: version,
    title: titleOf(sources, runs),
    notes,
    runs: withinBudget(named(runs, wanted)),
    experiments: experiments.map(({ folder, results }) => ({ folder, results })),
  };
}

/** A run that is named twice is shown once, where it was named first. */
const once = (wanted: readonly Wanted[]): Wanted[] =>
  wanted.filter(({ folder }, i) => wanted.findIndex((other) => other.folder === folder) === i);

const isThere = <T>(value: T | undefined): value is T => value !== undefined;

async function inOrder<T, U>(items: readonly T[], read: (item: T) => Promise<U>): Promise<U[]> {
  const results: U[] = [];
  for (const item of items) results.push(await read(item));
  return results;
}

/** The runs of a source; of a comparison those that its table is made of, without those that tried settings. */
function runsOf(source: Source, { alone, note }: { readonly alone: boolean; readonly note: Note }): Wanted[] {
  if (source.kind === 'run') return [{ folder: source.folder }];
  const runs = source.results.tasks.flatMap((task) =>
    task.variants.flatMap((variant) =>
      variant.runs.map((run) => ({
        folder: join(source.folder, run.folder),
        // Its variants are not those of another comparison, nor of other runs of the recipe.
        subject: alone ? task.recipe : `${source.results.name}: ${task.recipe}`,
        group: variant.name,
      })),
    ),
  );
  const gone = runs.filter(({ folder }) => !existsSync(folder));
  if (gone.length > 0) {
    const which = `${gone.length} of its ${runs.length} run folders are missing, such as ${gone[0]!.folder}`;
    note(`${source.folder}: ${which}: the page has their results without their curves`);
  }
  return runs.filter((run) => !gone.includes(run));
}

async function readIfSound(
  folder: string,
  place: Parameters<typeof readRun>[1],
  note: Note,
): Promise<RunView | undefined> {
  try {
    return await readRun(folder, place, note);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    note(error.message);
    return undefined;
  }
}

/** Names the groups of runs that no comparison names. Runs of one recipe are compared with each other. */
function named(runs: readonly RunView[], wanted: readonly Wanted[]): RunView[] {
  const own = (run: RunView) => wanted.find(({ folder }) => folder === run.id)?.group === undefined;
  const names = new Map<RunView, string>();
  for (const subject of new Set(runs.map((run) => run.subject))) {
    const loose = runs.filter((run) => own(run) && run.subject === subject);
    for (const [i, name] of groupNames(loose.map(({ config }) => config.recipe)).entries()) {
      names.set(loose[i]!, name);
    }
  }
  return runs.map((run) => ({ ...run, group: names.get(run) ?? run.group }));
}

/** Makes all curves coarser until the page's size is bounded, however many runs there are. */
function withinBudget(runs: readonly RunView[]): RunView[] {
  let all = runs.map((run) => Object.entries(run.metrics).map(([name, s]) => [name, unpacked(s)] as const));
  const size = () => all.flat().reduce((sum, [, series]) => sum + sizeOf(series), 0);
  for (let width = 2; size() > NUMBERS && width < 2 ** 30; width *= 2) {
    all = all.map((metrics) => metrics.map(([name, series]) => [name, coarser(series, width)] as const));
  }
  return runs.map((run, i) => ({
    ...run,
    metrics: Object.fromEntries(all[i]!.map(([name, series]) => [name, packed(series)])),
  }));
}

function titleOf(sources: readonly Source[], runs: readonly RunView[]): string {
  const [first] = sources;
  if (first?.kind === 'experiment') {
    const more = sources.length > 1 ? ` and ${sources.length - 1} more` : '';
    return `${first.results.name || basename(first.folder)}${more}`;
  }
  const names = [...new Set(runs.map((run) => run.subject))];
  return names.slice(0, 3).join(', ') + (names.length > 3 ? ', …' : '');
}
