import type { methods } from '../../adapter/adapter-settings.ts';
import { InputError } from '../../errors.ts';
import type { CompareSettings, Grid } from '../../recipe/compare-settings.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { whyUnread } from '../../recipe/unread-fields.ts';
import type { VariantInput } from './make-plan.ts';

type Method = (typeof methods)[number];

/** Rates to try where neither the recipe nor the command line names any, by objective. */
const RATES: Readonly<Record<Recipe['objective'], Readonly<Record<'adapter' | 'full', readonly number[]>>>> =
  {
    rl: { adapter: [3e-4, 1e-3, 3e-3, 1e-2], full: [3e-5, 1e-4, 3e-4, 1e-3] },
    sft: { adapter: [1e-3, 3e-3, 1e-2, 3e-2], full: [1e-4, 3e-4, 1e-3, 3e-3] },
    draft: { adapter: [1e-3, 3e-3, 1e-2, 3e-2], full: [1e-4, 3e-4, 1e-3, 3e-3] },
  };

/** Fields that a comparison of methods may sweep. */
const SWEPT = /^(optimizer|adapter|algorithm)\./;

/** But for these, with which methods would get other data, other amounts of it, or other costs. */
const SHARED =
  /^(optimizer\.(microBatchSize|microBatchTokens|packing)|algorithm\.(numIterations|stepsPerGeneration|dynamicSampling|targetKl)\b.*)$/;

/** What is compared: the methods, with a grid of settings for each. */
export interface MethodsInput {
  readonly settings: CompareSettings;
  readonly objective: Recipe['objective'];
  readonly methods: readonly Method[];
  /** Grids by method, and under '' that of all methods; undefined takes the recipe's, or the default one. */
  readonly sweep: Readonly<Record<string, Grid>> | undefined;
}

/** The variants of a comparison of methods. @throws InputError for a sweep of another method, or of the data. */
export function methodVariants({ settings, objective, methods, sweep }: MethodsInput): VariantInput[] {
  for (const name of Object.keys(sweep ?? {})) {
    if (name !== '' && !methods.some((method) => method === name))
      throw new InputError(
        `--sweep ${name}:…: ${name} is none of the methods compared (${methods.join(', ')})`,
      );
  }
  return methods.map((method) => {
    const forAll = sweep?.[''] && readBy(method, sweep['']);
    const asked = (forAll ?? sweep?.[method]) && { ...forAll, ...sweep?.[method] };
    const grid = asked ?? settings.grid[method] ?? defaultGrid(objective, method);
    checkFields(grid);
    return { name: method, settings: { method }, grid };
  });
}

const defaultGrid = (objective: Recipe['objective'], method: Method): Grid => ({
  'optimizer.lr': [...RATES[objective][method === 'full' ? 'full' : 'adapter']],
});

/** Of a grid for all methods what a method reads: with other values it would be the same run. */
const readBy = (method: Method, grid: Grid): Grid =>
  Object.fromEntries(
    Object.entries(grid).filter(([field]) => whyUnread(field, { method, engine: '' }) === undefined),
  );

function checkFields(grid: Grid): void {
  const wrong = Object.keys(grid).find((field) => !SWEPT.test(field) || SHARED.test(field));
  if (wrong === undefined) return;
  throw new InputError(
    `a comparison can't sweep ${wrong}: every method gets the same data, steps and limits; sweep a field of optimizer, adapter or algorithm, or use \`anneal ablate\``,
  );
}
