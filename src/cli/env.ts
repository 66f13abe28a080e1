import { Command } from 'commander';
import { checkEnvironment, type EnvironmentReport } from '../data/check-environment.ts';
import { InputError } from '../errors.ts';
import { loadTokenizer } from '../model/tokenizer.ts';
import { parseOverride } from '../recipe/apply-overrides.ts';
import { importEnvironment } from '../recipe/import-environment.ts';
import type { Environment, Message } from '../types.ts';
import { exitCodes } from './exit-code.ts';
import { count, percent, table } from './format.ts';
import type { Io } from './io.ts';
import { positive } from './numeric-options.ts';

interface CheckCommandOptions {
  readonly set: readonly string[];
  readonly tokenizer?: string;
  readonly maxPromptLength?: string;
  readonly limit: string;
  readonly json?: true;
}

/** `anneal env check`: what an environment's data looks like, and whether its gold answers verify. */
export function envCommand(io: Io, end: (code: number) => void): Command {
  const check = new Command('check')
    .description(
      'Grade an environment’s own gold answers and measure its prompts. Exit code 1 when an answer fails.',
    )
    .argument('<env>', 'a bundled environment, a file, a package export, or a recipe’s file')
    .option(
      '--set <option=value>',
      'an option of the environment (repeatable)',
      (value: string, before: readonly string[]) => [...before, value],
      [],
    )
    .option('--tokenizer <model>', 'count prompts in this model’s tokens, not in characters')
    .option(
      '--max-prompt-length <n>',
      'longer prompts would be truncated (default: 512 tokens, with --tokenizer)',
    )
    .option('--limit <n>', 'tasks looked at in each split', '10000')
    .option('--json', 'the report as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  anneal env check gsm8k --set path=data/gsm8k --tokenizer models/SmolLM2-135M-Instruct',
    )
    .action(async (spec: string, options: CheckCommandOptions) => {
      const env = configured(await importEnvironment(spec), options.set);
      const limit = positive('--limit', options.limit);
      const maxPromptLength = limitOf(options);
      const lengthOf = await measureOf(options.tokenizer);
      const report = await checkEnvironment(env, { limit, maxPromptLength, lengthOf });
      if (options.json) io.out(JSON.stringify(report));
      else
        for (const line of reportLines(report, options.tokenizer === undefined ? 'characters' : 'tokens'))
          io.out(line);
      if (report.gold !== undefined && report.gold.verified < report.gold.graded) end(exitCodes.failed);
    });
  return new Command('env').description('Look at environments.').addCommand(check);
}

function configured(env: Environment, overrides: readonly string[]): Environment {
  if (overrides.length === 0) return env;
  if (env.configure === undefined)
    throw new InputError(`--set ${overrides[0]}: env "${env.name}" takes no options: it has no configure()`);
  const options = overrides.map((override) => {
    const { path, value } = parseOverride(override);
    return [path.filter((name, i) => i > 0 || name !== 'env').join('.'), value];
  });
  return env.configure(Object.fromEntries(options));
}

/** Characters tell nothing about a limit in tokens. */
function limitOf({ maxPromptLength, tokenizer }: CheckCommandOptions): number | undefined {
  if (maxPromptLength !== undefined) return positive('--max-prompt-length', maxPromptLength);
  return tokenizer === undefined ? undefined : 512;
}

async function measureOf(model: string | undefined): Promise<(prompt: readonly Message[]) => number> {
  if (model === undefined) return (prompt) => prompt.reduce((sum, { content }) => sum + content.length, 0);
  const tokenizer = await loadTokenizer(model);
  return (prompt) => tokenizer.encodeChat(prompt).length;
}

function truncation(truncated: number | null): string {
  if (truncated === null) return '--tokenizer MODEL tells how many would be truncated';
  return `${truncated === 0 ? 'none' : count(truncated)} would be truncated`;
}

function reportLines({ name, gold, failures, splits }: EnvironmentReport, unit: string): string[] {
  const verified =
    gold === undefined
      ? 'not graded: it has no validate()'
      : `${count(gold.verified)} of ${count(gold.graded)} verify (${percent(gold.verified / gold.graded)})`;
  const rows = Object.entries(splits).map(
    ([split, { tasks, shortest, median, longest, truncated }]): [string, string] => [
      `${split} prompts`,
      `${count(tasks)} tasks, ${shortest} to ${longest} ${unit}, median ${median}; ${truncation(truncated)}`,
    ],
  );
  return [
    ...table([['environment', name], ['gold answers', verified], ...rows]),
    ...failures.map(({ task, why }) => `  ${task}: ${why}`),
  ];
}
