import { existsSync } from 'node:fs';
import { Command, Option } from 'commander';
import { InputError } from '../errors.ts';
import { type EvaluateOptions, evaluateModel } from '../evaluation/evaluate-model.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { isRunFolder, runPaths } from '../run/folder/paths.ts';
import { loadRecipe, loadRunRecipe } from '../run/loading/load-recipe.ts';
import type { Estimate, EvalResult, Split } from '../types.ts';
import { number, positive } from './numeric-options.ts';
import { overridesOf, type RecipeOptions, withRecipeOptions } from './recipe-options.ts';
import { accuracyText, table } from './terminal/format.ts';
import type { Io } from './terminal/io.ts';
import type { Toolkit } from './toolkit.ts';

interface EvalOptions extends RecipeOptions {
  readonly split: Split;
  readonly tasks?: string;
  readonly samples?: string;
  readonly temperature?: string;
  readonly json?: true;
}

/** `anneal eval`: accuracy of a model on a recipe's tasks, greedy and over samples. */
export function evalCommand(io: Io, { loadModel }: Toolkit): Command {
  return withRecipeOptions(new Command('eval'))
    .description(
      'Measure greedy accuracy on held-out tasks, of a run’s merged model or of any model on a recipe’s tasks. With --samples also avg@k, pass@k and maj@k.',
    )
    .argument('<run or recipe>', 'a run folder, or a recipe as `anneal run` takes it')
    .addOption(new Option('--split <split>', 'which tasks').choices(['train', 'test']).default('test'))
    .option('--tasks <n>', 'how many tasks (default: the recipe’s eval.tasks)')
    .option('--samples <k>', 'draw k samples for each task, for avg@k, pass@k and maj@k')
    .option('--temperature <t>', 'temperature of the samples (default: the recipe’s)')
    .option('--json', 'print the result and every answer as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  anneal eval runs/first --samples 16\n  anneal eval arithmetic --model tiny --tasks 200',
    )
    .action(async (spec: string, options: EvalOptions) => {
      const { recipe, model } = await resolve(spec, options);
      const asked = samplesAsked(options);
      const loaded = await loadModel(model, { engine: recipe.runtime });
      try {
        const { split } = options;
        const { result, rows } = await evaluateModel(recipe, { model: loaded, split, ...asked });
        if (options.json) io.out(JSON.stringify({ model, split, ...result, rows }));
        else for (const line of resultLines(result, { model, split })) io.out(line);
      } finally {
        await loaded.dispose();
      }
    });
}

function samplesAsked({
  samples,
  temperature,
}: EvalOptions): Pick<EvaluateOptions, 'samples' | 'temperature'> {
  if (samples === undefined && temperature !== undefined)
    throw new InputError('--temperature is for samples: give --samples too');
  return {
    ...(samples !== undefined && { samples: positive('--samples', samples) }),
    ...(temperature !== undefined && { temperature: number('--temperature', temperature) }),
  };
}

function resultLines(
  { sampled, ...result }: EvalResult,
  { model, split }: { readonly model: string; readonly split: Split },
): string[] {
  const line = `${model}: greedy accuracy ${accuracyText(result)} on ${result.tasks} ${split} tasks`;
  if (sampled === undefined) return [line];
  const { samples, temperature, avg, pass, maj } = sampled;
  const rows: [string, Estimate][] = [
    [`avg@${samples}`, avg],
    ...Object.entries(pass).map(([k, estimate]): [string, Estimate] => [`pass@${k}`, estimate]),
    [`maj@${samples}`, maj],
  ];
  const cells = rows.map(
    ([name, { value, interval }]) => [name, accuracyText({ accuracy: value, interval })] as const,
  );
  return [
    line,
    `${samples} samples a task at temperature ${temperature}:`,
    ...table(cells).map((row) => `  ${row}`),
  ];
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
