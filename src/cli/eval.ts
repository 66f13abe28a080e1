import { existsSync } from 'node:fs';
import { Command, Option } from 'commander';
import type { Recipe } from '../config.ts';
import { InputError } from '../errors.ts';
import { evaluateModel } from '../pipeline/evaluate-model.ts';
import { loadRecipe, loadRunRecipe } from '../recipe/load-recipe.ts';
import { isRunFolder, runPaths } from '../run-folder/paths.ts';
import type { Split } from '../types.ts';
import { accuracyText } from './format.ts';
import type { Io } from './io.ts';
import { overridesOf, type RecipeOptions, withRecipeOptions } from './recipe-options.ts';
import type { Toolkit } from './toolkit.ts';

interface EvalOptions extends RecipeOptions {
  readonly split: Split;
  readonly tasks?: string;
  readonly json?: true;
}

/** `anneal eval`: greedy accuracy of a model on a recipe's tasks. */
export function evalCommand(io: Io, { loadModel }: Toolkit): Command {
  return withRecipeOptions(new Command('eval'))
    .description(
      'Greedy accuracy on held-out tasks: of a run’s merged model, or of any model on a recipe’s tasks.',
    )
    .argument('<run or recipe>', 'a run folder, or a recipe as `anneal run` takes it')
    .addOption(new Option('--split <split>', 'which tasks').choices(['train', 'test']).default('test'))
    .option('--tasks <n>', 'how many tasks (default: the recipe’s eval.tasks)')
    .option('--json', 'result and every answer as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  anneal eval runs/first\n  anneal eval arithmetic --model tiny --tasks 200',
    )
    .action(async (spec: string, options: EvalOptions) => {
      const { recipe, model } = await resolve(spec, options);
      const loaded = await loadModel(model, { engine: recipe.runtime });
      try {
        const { result, rows } = await evaluateModel(recipe, { model: loaded, split: options.split });
        if (options.json) io.out(JSON.stringify({ model, split: options.split, ...result, rows }));
        else
          io.out(
            `${model}: greedy accuracy ${accuracyText(result)} on ${result.tasks} ${options.split} tasks`,
          );
      } finally {
        await loaded.dispose();
      }
    });
}

/** The recipe, and the model to evaluate: of a run its merged model, unless another is named. */
async function resolve(spec: string, options: EvalOptions): Promise<{ recipe: Recipe; model: string }> {
  const tasks = options.tasks === undefined ? [] : [`eval.tasks=${options.tasks}`];
  const overrides = [...tasks, ...overridesOf(options)];
  if (!isRunFolder(spec)) {
    const { recipe } = await loadRecipe(spec, overrides);
    return { recipe, model: recipe.model };
  }
  const { merged } = runPaths(spec);
  const { recipe } = await loadRunRecipe(spec, overrides);
  if (options.model === undefined && !existsSync(merged)) {
    throw new InputError(
      `${merged} is missing: finish the run with --resume, or write it with \`anneal merge ${spec}\``,
    );
  }
  return { recipe, model: options.model ?? merged };
}
