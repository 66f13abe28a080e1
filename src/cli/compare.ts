import { Command } from 'commander';
import { methods } from '../adapter/adapter-settings.ts';
import { InputError } from '../errors.ts';
import { isExperimentFolder } from '../experiment/open-experiment.ts';
import { methodVariants } from '../experiment/plan/compare-methods.ts';
import { makePlan } from '../experiment/plan/make-plan.ts';
import { nearestNames } from '../options/nearest-names.ts';
import { loadRecipe } from '../run/loading/load-recipe.ts';
import { resumedPlan } from './experiment/resumed-plan.ts';
import { refuseNameless, runNewPlan } from './experiment/run-new-plan.ts';
import { runPlan } from './experiment/run-plan.ts';
import { type GridOptions, gridSettings, sweptGrids, withGridOptions } from './options/grid-options.ts';
import { planCommand } from './options/plan-command.ts';
import { overridesOf, type RecipeOptions, withRecipeOptions } from './options/recipe-options.ts';
import type { Io } from './terminal/io.ts';

interface CompareOptions extends RecipeOptions, GridOptions {
  readonly methods?: string;
}

/** `anneal compare RECIPE`: LoRA, AFA-LoRA and full fine-tuning on one task. */
export function compareCommand(io: Io, args: readonly string[], end: (code: number) => void): Command {
  return withRecipeOptions(withGridOptions(new Command('compare')), { method: false })
    .description(
      'Compare LoRA, AFA-LoRA and full fine-tuning: choose each method’s settings on validation tasks, run the winners on several seeds, score each once on the test split.',
    )
    .argument('<recipe>', 'a recipe as `anneal run` takes it; with --resume also a comparison’s folder')
    .option('--methods <list>', `of ${methods.join(', ')} (default: the recipe’s compare.methods)`)
    .addHelpText(
      'after',
      '\nExample:\n  anneal compare arithmetic-sft --seeds 5 --sweep optimizer.lr=1e-3,3e-3,1e-2 --out runs/three-ways',
    )
    .action(async (spec: string, options: CompareOptions) => {
      if (isExperimentFolder(spec)) {
        const { plan, options: resumed } = await resumedPlan(
          spec,
          'compare',
          options,
          options.methods === undefined ? [] : ['--methods'],
        );
        return end(await runPlan(plan, resumed, io));
      }
      refuseNameless(options);
      const overrides = overridesOf(options);
      const { recipe } = await loadRecipe(spec, overrides);
      const settings = gridSettings(options, recipe.compare);
      const variants = methodVariants({
        settings: recipe.compare,
        objective: recipe.objective,
        methods: methodsOf(options.methods) ?? recipe.compare.methods,
        sweep: sweptGrids(options.sweep),
      });
      const plan = await makePlan({
        ...settings,
        kind: 'compare',
        command: planCommand(args),
        tasks: [{ recipe: spec, variants }],
        overrides,
      });
      return end(await runNewPlan(plan, { options, settings, recipe }, io));
    });
}

function methodsOf(text: string | undefined) {
  return text?.split(',').map((name) => {
    const method = methods.find((each) => each === name.trim());
    if (method !== undefined) return method;
    const [near] = nearestNames(name, [...methods], 1);
    throw new InputError(
      `--methods: no method "${name}"; ${near === undefined ? '' : `did you mean ${near}? `}methods are ${methods.join(', ')}`,
    );
  });
}
