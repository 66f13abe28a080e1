import { Command, Option } from 'commander';
import type { CausalLM } from '../causal-lm/causal-lm.ts';
import { InputError } from '../errors.ts';
import { withTarget } from '../evaluation/draft/model-drafted.ts';
import { type EvaluateOptions, evaluateModel } from '../evaluation/evaluate-model.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { withCheckpointModel } from '../run/checkpoint/checkpoint-model.ts';
import { chooseCheckpoint } from '../run/checkpoint/choose-checkpoint.ts';
import { isRunFolder } from '../run/folder/paths.ts';
import { loadRecipe, loadRunRecipe } from '../run/loading/load-recipe.ts';
import type { Estimate, EvalResult, TaskPart } from '../types.ts';
import {
  type CheckpointOption,
  checkpointByName,
  checkpointOnlyOf,
  checkpointOption,
} from './options/checkpoint-option.ts';
import { mergedOf } from './options/merged-of.ts';
import { numberOption, positiveOption } from './options/numeric-options.ts';
import { overridesOf, type RecipeOptions, withRecipeOptions } from './options/recipe-options.ts';
import { acceptanceText, accuracyName, accuracyText, table } from './terminal/format.ts';
import type { Io } from './terminal/io.ts';
import type { Toolkit } from './toolkit.ts';

interface EvalOptions extends RecipeOptions, CheckpointOption {
  readonly split?: TaskPart;
  readonly tasks?: string;
  readonly samples?: string;
  readonly temperature?: string;
  readonly json?: true;
}

/** `anneal eval`: accuracy of a model on a recipe's tasks, greedy and over samples. */
export function evalCommand(io: Io, toolkit: Toolkit): Command {
  return withRecipeOptions(new Command('eval'))
    .description(
      'Measure accuracy on held-out tasks, of a run’s merged model or of any model on a recipe’s tasks: greedy, or by likelihood of the choices where eval.accuracy says so. With --samples also avg@k, pass@k and maj@k.',
    )
    .argument('<run or recipe>', 'a run folder, or a recipe as `anneal run` takes it')
    .option(...checkpointOption)
    .addOption(
      new Option('--split <split>', 'which tasks (default: the recipe’s eval.split)').choices([
        'train',
        'validation',
        'test',
      ]),
    )
    .option('--tasks <n>', 'how many tasks (default: the recipe’s eval.tasks)')
    .option('--samples <k>', 'draw k samples for each task, for avg@k, pass@k and maj@k')
    .option('--temperature <t>', 'temperature of the samples (default: the recipe’s)')
    .option('--json', 'print the result and every answer as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  anneal eval runs/first --samples 16\n  anneal eval runs/first --checkpoint best\n  anneal eval arithmetic --model tiny --tasks 200\n  anneal eval runs/sft --set eval.accuracy=acc_norm',
    )
    .action(async (spec: string, options: EvalOptions) => {
      const asked = samplesAsked(options);
      const chosen = checkpointByName(spec, options);
      const { model, evaluated } = await withModel(spec, chosen, toolkit, async (recipe, loaded) => {
        const split = options.split ?? recipe.eval.split;
        const measured = await withTarget(recipe, toolkit.loadModel, (target) =>
          evaluateModel(recipe, { model: loaded, target, split, ...asked }),
        );
        return { split, ...measured };
      });
      const { split, result, rows } = evaluated;
      if (options.json) io.out(JSON.stringify({ model, split, ...result, rows }));
      else for (const line of resultLines(result, { model, split })) io.out(line);
    });
}

function samplesAsked({
  samples,
  temperature,
}: EvalOptions): Pick<EvaluateOptions, 'samples' | 'temperature'> {
  if (samples === undefined && temperature !== undefined)
    throw new InputError('--temperature is for samples: give --samples too');
  return {
    ...(samples !== undefined && { samples: positiveOption('--samples', samples) }),
    ...(temperature !== undefined && { temperature: numberOption('--temperature', temperature) }),
  };
}

function resultLines(
  result: EvalResult,
  { model, split }: { readonly model: string; readonly split: TaskPart },
): string[] {
  const { sampled, accuracies, loss, acceptance } = result;
  const lines = [
    `${model}: ${accuracyName(result)} ${accuracyText(result)} on ${result.tasks} ${split} tasks`,
    ...(loss === undefined ? [] : [`loss ${loss.toFixed(4)} nats a target token`]),
    ...(acceptance === undefined ? [] : [acceptanceText(acceptance)]),
    ...(accuracies === undefined ? [] : estimateLines(Object.entries(accuracies))),
  ];
  if (sampled === undefined) return lines;
  const { samples, temperature, avg, pass, maj } = sampled;
  const rows: [string, Estimate][] = [
    [`avg@${samples}`, avg],
    ...Object.entries(pass).map(([k, estimate]): [string, Estimate] => [`pass@${k}`, estimate]),
    [`maj@${samples}`, maj],
  ];
  return [...lines, `${samples} samples a task at temperature ${temperature}:`, ...estimateLines(rows)];
}

function estimateLines(rows: readonly (readonly [string, Estimate])[]): string[] {
  const cells = rows.map(
    ([name, { value, interval }]) => [name, accuracyText({ accuracy: value, interval })] as const,
  );
  return table(cells).map((row) => `  ${row}`);
}

/** Evaluates what was named: of a run its merged model unless another model or a checkpoint is asked for. */
async function withModel<T>(
  spec: string,
  options: EvalOptions,
  toolkit: Toolkit,
  evaluate: (recipe: Recipe, model: CausalLM) => Promise<T>,
): Promise<{ model: string; evaluated: T }> {
  const tasks = options.tasks === undefined ? [] : [`eval.tasks=${options.tasks}`];
  const overrides = [...tasks, ...overridesOf(options)];
  const isRun = isRunFolder(spec);
  if (!isRun) checkpointOnlyOf(spec, options.checkpoint);
  const { recipe } = isRun ? await loadRunRecipe(spec, overrides) : await loadRecipe(spec, overrides);
  if (options.checkpoint !== undefined) {
    if (options.model !== undefined)
      throw new InputError('--checkpoint names the model to evaluate: leave out --model');
    const { entry } = await chooseCheckpoint(spec, options.checkpoint);
    const evaluated = await withCheckpointModel(entry.path, { recipe, ...toolkit }, (model) =>
      evaluate(recipe, model),
    );
    return { model: entry.path, evaluated };
  }
  const model = isRun ? (options.model ?? mergedOf(spec)) : recipe.model;
  const held = isRun ? {} : { baseDtype: recipe.runtime.baseDtype };
  const loaded = await toolkit.loadModel(model, { engine: recipe.runtime, ...held });
  try {
    return { model, evaluated: await evaluate(recipe, loaded) };
  } finally {
    await loaded.dispose();
  }
}
