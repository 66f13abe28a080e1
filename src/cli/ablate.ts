import { Command } from 'commander';
import { InputError } from '../errors.ts';
import { isExperimentFolder } from '../experiment/open-experiment.ts';
import { makePlan, type VariantInput } from '../experiment/plan/make-plan.ts';
import { paperExperiments, paperVariants } from '../experiment/plan/paper.ts';
import { crossed } from '../experiment/plan/settings.ts';
import { settingsText } from '../report/format.ts';
import { loadRecipe } from '../run/loading/load-recipe.ts';
import { resumedPlan } from './experiment/resumed-plan.ts';
import { refuseNameless, runNewPlan } from './experiment/run-new-plan.ts';
import { runPlan } from './experiment/run-plan.ts';
import {
  ablatedGrid,
  comparedGrid,
  type GridOptions,
  gridSettings,
  sweptGrids,
  withGridOptions,
} from './options/grid-options.ts';
import { planCommand } from './options/plan-command.ts';
import { collect, overridesOf, type RecipeOptions, withRecipeOptions } from './options/recipe-options.ts';
import type { Io } from './terminal/io.ts';

interface AblateOptions extends RecipeOptions, GridOptions {
  readonly over: readonly string[];
  readonly paper?: string;
}

/** `anneal ablate RECIPE…`: one field or several, each value against the first. */
export function ablateCommand(io: Io, args: readonly string[], end: (code: number) => void): Command {
  const papers = Object.entries(paperExperiments).map(([name, { what }]) => `${name} (${what})`);
  return withRecipeOptions(withGridOptions(new Command('ablate')))
    .description('Run a recipe with several values of its fields, on several seeds each, and compare them.')
    .argument('<recipe...>', 'recipes as `anneal run` takes them; with --resume an ablation’s folder')
    .option('--over <field=a,b,c>', 'values to compare (repeatable: fields are crossed)', collect, [])
    .option('--paper <name>', `one of the paper’s experiments: ${papers.join('; ')}`)
    .addHelpText(
      'after',
      '\nExample:\n  anneal ablate arithmetic-sft --over adapter.schedule.fraction=0.3,0.6,1 --seeds 3\n  anneal ablate arithmetic-sft sorting-sft --paper activation',
    )
    .action(async (specs: readonly string[], options: AblateOptions) => {
      if (isExperimentFolder(specs[0]!)) {
        const { plan, options: resumed } = await resumedPlan(specs[0]!, 'ablate', options, [
          ...specs.slice(1),
          ...(options.over.length > 0 ? ['--over'] : []),
          ...(options.paper === undefined ? [] : ['--paper']),
        ]);
        return end(await runPlan(plan, resumed, io));
      }
      refuseNameless(options);
      const overrides = overridesOf(options);
      const { recipe } = await loadRecipe(specs[0]!, overrides);
      const settings = gridSettings(options, recipe.compare);
      const variants = variantsOf(options, specs.length);
      const plan = await makePlan({
        ...settings,
        kind: 'ablate',
        command: planCommand(args),
        tasks: specs.map((spec) => ({ recipe: spec, variants })),
        overrides,
      });
      return end(await runNewPlan(plan, { options, settings, recipe }, io));
    });
}

/** What every run of an ablation has alike: what is measured and on which tasks, the seeds, the cores. */
const FIXED = /^(eval|compare)\.|^(seed|name|runtime\.threads)$/;

function refuseFixed(fields: readonly string[]): void {
  const wrong = fields.find((field) => FIXED.test(field));
  if (wrong !== undefined)
    throw new InputError(
      `an ablation can't vary ${wrong}: every run is measured alike, on the same tasks, with the seeds of --seeds`,
    );
}

function variantsOf({ over, paper, sweep }: AblateOptions, recipes: number): VariantInput[] {
  if ((over.length === 0) === (paper === undefined))
    throw new InputError(
      'say what to compare: --over field=value,value, or --paper with one of its experiments',
    );
  const grids = sweptGrids(sweep) ?? {};
  for (const grid of [ablatedGrid(over), ...Object.values(grids)]) refuseFixed(Object.keys(grid));
  const variants =
    paper === undefined
      ? crossed(comparedGrid(over)).map((settings) => ({ name: settingsText(settings), settings }))
      : paperVariants(paper, recipes);
  const names = variants.map(({ name }) => name);
  const unknown = Object.keys(grids).find((name) => name !== '' && !names.includes(name));
  if (unknown !== undefined)
    throw new InputError(`--sweep ${unknown}:…: nothing compared is named so; there are ${names.join(', ')}`);
  return variants.map((variant) => ({ ...variant, grid: { ...grids[''], ...grids[variant.name] } }));
}
