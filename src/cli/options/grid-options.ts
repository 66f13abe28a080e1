import { availableParallelism } from 'node:os';
import type { Command } from 'commander';
import { InputError } from '../../errors.ts';
import { crossed } from '../../experiment/plan/settings.ts';
import { parseOverride } from '../../recipe/apply-overrides.ts';
import type { CompareSettings, Grid } from '../../recipe/compare-settings.ts';
import { type DashboardOption, dashboardOption } from './dashboard-option.ts';
import { positiveOption } from './numeric-options.ts';
import { collect } from './recipe-options.ts';

/** Options of `anneal compare` and `anneal ablate`. */
export interface GridOptions {
  readonly out?: string;
  readonly resume?: true;
  readonly seeds?: string;
  /** false with --no-sweep. */
  readonly sweep: readonly string[] | false;
  readonly sweepSeeds?: string;
  readonly extendSweep?: true;
  readonly jobs?: string;
  readonly threads?: string;
  readonly dashboard?: DashboardOption;
  readonly json?: true;
}

/** Adds the options that both commands have. */
export function withGridOptions(command: Command): Command {
  return command
    .option(
      '--seeds <n>',
      'runs of each winner, scored on the test split (default: the recipe’s compare.seeds)',
    )
    .option(
      '--sweep <field=a,b,c>',
      'values to try; the best on the validation tasks is taken (repeatable: fields are crossed). "full:optimizer.lr=…" is for one method or variant alone',
      collect,
      [],
    )
    .option('--no-sweep', 'take every setting as the recipe has it')
    .option('--sweep-seeds <n>', 'seeds on which the values are tried (default: 1)')
    .option('--extend-sweep', 'try further values where the best is the lowest or the highest')
    .option('--jobs <n>', 'runs at a time (default: as many as cores and threads allow); it changes no digit')
    .option('--threads <n>', 'cores that one run uses (default: the recipe’s compare.threads)')
    .option('--out <folder>', 'where plan, runs and results go (default: runs/<command>-<recipe>-<time>)')
    .option('--resume', 'go on with the comparison in --out: only what is missing is run')
    .option(...dashboardOption)
    .option('--json', 'print the results as JSON');
}

/** What the options and the recipe's `compare` section ask for. */
export function gridSettings(options: GridOptions, settings: CompareSettings) {
  const threads = numberOr('--threads', options.threads, settings.threads);
  return {
    threads,
    seeds: numberOr('--seeds', options.seeds, settings.seeds),
    sweepSeeds: numberOr('--sweep-seeds', options.sweepSeeds, 1),
    jobs: jobsAtATime(options.jobs, { threads, otherwise: settings.jobs }),
    extendSweep: options.extendSweep === true,
  };
}

/** Runs at a time: as asked, or as many as the cores take. */
export const jobsAtATime = (
  given: string | undefined,
  { threads, otherwise }: { readonly threads: number; readonly otherwise?: number | undefined },
): number =>
  numberOr('--jobs', given, otherwise ?? Math.max(1, Math.floor(availableParallelism() / threads)));

const numberOr = (name: string, text: string | undefined, otherwise: number): number =>
  text === undefined ? otherwise : positiveOption(name, text);

/**
 * The grids that `--sweep` gives, by variant, and under '' that of all; undefined when none is given.
 * @throws InputError for a field without values, with one value, or given twice.
 */
export function sweptGrids(sweep: readonly string[] | false): Record<string, Grid> | undefined {
  if (sweep === false) return { '': {} };
  if (sweep.length === 0) return undefined;
  const grids: Record<string, Record<string, Grid[string]>> = {};
  for (const text of sweep) {
    const [, variant = '', field = '', values = ''] = /^(?:([^=:]+):)?([^=]*)=(.*)$/s.exec(text) ?? [];
    const parsed = valuesOf('--sweep', field, values, text);
    if (parsed.length < 2)
      throw new InputError(
        `--sweep ${text}: one value leaves nothing to choose; give several, or set it with --set ${field}=${values}`,
      );
    refuseAgain('--sweep', field, grids[variant]);
    grids[variant] = { ...grids[variant], [field]: parsed };
  }
  return grids;
}

/** The values that `--over` gives, by field. @throws InputError as `sweptGrids`. */
export function ablatedGrid(over: readonly string[]): Grid {
  const grid: Record<string, Grid[string]> = {};
  for (const text of over) {
    const [, field = '', values = ''] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
    refuseAgain('--over', field, grid);
    grid[field] = valuesOf('--over', field, values, text);
  }
  return grid;
}

/** The grid that `--over` gives. @throws InputError as `ablatedGrid`, and for one value in all. */
export function comparedGrid(over: readonly string[]): Grid {
  const grid = ablatedGrid(over);
  if (crossed(grid).length < 2)
    throw new InputError(
      '--over has one value only: an ablation compares at least two, such as --over adapter.rank=1,8',
    );
  return grid;
}

function valuesOf(option: string, field: string, values: string, text: string): Grid[string] {
  if (field === '' || values === '')
    throw new InputError(`${option} takes field=value,value, such as optimizer.lr=3e-4,1e-3; got "${text}"`);
  const parsed = splitValues(values).map((value) => parseOverride(`${field}=${value}`).value);
  const texts = parsed.map((value) => JSON.stringify(value));
  const twice = texts.find((value, i) => texts.indexOf(value) !== i);
  if (twice !== undefined) throw new InputError(`${option} ${text}: ${twice} is given twice`);
  return parsed as Grid[string];
}

function refuseAgain(option: string, field: string, grid: Grid = {}): void {
  if (field in grid) throw new InputError(`${option} ${field} is given twice: name all its values at once`);
}

/** Splits at commas outside of brackets: 'all-linear,["q_proj","v_proj"]' has two values. */
const splitValues = (text: string): string[] =>
  (text.match(/(?:\[[^\]]*\]|[^,[])+/g) ?? []).map((value) => value.trim());
