import { type Command, Option } from 'commander';
import { wholeOption } from './numeric-options.ts';

/** Options that change a recipe. */
export interface RecipeOptions {
  readonly set: readonly string[];
  readonly model?: string;
  readonly seed?: string;
  readonly method?: string;
  readonly steps?: string;
}

/** Adds the options that change a recipe: shorthands (--method where it is the user's to say) and --set. */
export function withRecipeOptions(command: Command, { method = true } = {}): Command {
  if (method)
    command.addOption(
      new Option('--method <method>', 'what is trained').choices(['lora', 'afa-lora', 'full']),
    );
  return command
    .option('--model <model>', 'model: a folder, a .gguf file, "tiny", or owner/name on the Hugging Face hub')
    .option('--steps <n>', 'optimiser steps')
    .option('--seed <n>', 'seed of everything random')
    .option('--set <field=value>', 'change any field of the recipe (repeatable)', collect, []);
}

/** Gathers the values of an option that may be given several times; false is how commander begins one with a --no-. */
export function collect(value: string, before: readonly string[] | false): string[] {
  return [...(before || []), value];
}

/** Returns the options as overrides. The shorthands come first, so that --set wins. */
export function overridesOf({ model, method, steps, seed, set }: RecipeOptions): string[] {
  const text = { model, method };
  const numbers = { steps, seed };
  return [
    ...Object.entries(text).flatMap(([name, value]) =>
      value === undefined ? [] : [`${name}=${JSON.stringify(value)}`],
    ),
    ...Object.entries(numbers).flatMap(([name, value]) =>
      value === undefined ? [] : [`${name}=${wholeOption(`--${name}`, value)}`],
    ),
    ...set,
  ];
}
