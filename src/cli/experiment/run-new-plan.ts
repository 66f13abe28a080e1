import { InputError } from '../../errors.ts';
import type { Plan } from '../../experiment/plan/plan.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import type { GridOptions, gridSettings } from '../options/grid-options.ts';
import { runFolderFor } from '../options/run-folder-for.ts';
import type { Io } from '../terminal/io.ts';
import { runPlan } from './run-plan.ts';

/** What a new plan is run with. */
interface NewPlan {
  readonly options: GridOptions;
  readonly settings: ReturnType<typeof gridSettings>;
  /** The first recipe of the plan. */
  readonly recipe: Recipe;
}

/** @throws InputError for --resume without a folder: nothing tells which comparison is meant. */
export function refuseNameless({ resume, out }: GridOptions): void {
  if (resume && out === undefined)
    throw new InputError('--resume goes on with a comparison: name its folder with --out');
}

/** Runs a plan that the command line has made. Returns the exit code. */
export function runNewPlan(plan: Plan, { options, settings, recipe }: NewPlan, io: Io): Promise<number> {
  warnOfSeeds(plan, io);
  const out = options.out ?? runFolderFor(`${plan.kind}-${recipe.name}`);
  const { minutes } = recipe.compare.budget;
  return runPlan(plan, { ...options, out, jobs: settings.jobs, minutes }, io);
}

/** Warns where the seeds of a plan can't tell anything from noise. */
function warnOfSeeds({ seeds, tasks }: Plan, io: Io): void {
  if (seeds.length === 1)
    io.err('warning: one seed gives no interval: nothing can be told from noise; take --seeds 2 or more');
  for (const { name, variants } of tasks) {
    const configs = variants.map(({ points }) => points[0]!.config.recipe);
    const alike = configs.some(
      ({ method, objective, sampling }) =>
        method === 'full' && objective === 'sft' && !(sampling as Recipe['sampling']).shuffle,
    );
    if (alike)
      io.err(
        `warning: ${name}: the seeds of method full are all the same run, because the order of tasks is fixed; set sampling.shuffle`,
      );
  }
}
