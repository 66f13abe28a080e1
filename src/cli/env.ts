import { Command } from 'commander';
import { checkEnvironment } from '../environment/check-environment.ts';
import { configureEnvironment } from '../environment/configure-environment.ts';
import { gradeTargets } from '../environment/grade-targets.ts';
import { nameRewards } from '../environment/scoring/name-rewards.ts';
import { pathsFrom } from '../io/given-path.ts';
import { modelPath } from '../model/config/model-path.ts';
import { loadTokenizer } from '../model/tokenizer/tokenizer.ts';
import { parseOverride } from '../recipe/apply-overrides.ts';
import { importEnvironment } from '../run/loading/import-environment.ts';
import { pinned } from '../run/loading/pinned-override.ts';
import type { Environment, Message } from '../types.ts';
import { positiveOption } from './options/numeric-options.ts';
import { reportLines } from './terminal/env-report.ts';
import { exitCodes } from './terminal/exit-code.ts';
import type { Io } from './terminal/io.ts';

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
      'Grade an environment’s own gold answers, measure its prompts and show a task. The exit code is 1 when an answer fails.',
    )
    .argument(
      '<env>',
      'a bundled environment, a file, or a package export; or a recipe’s file, whose first reward then grades the targets too',
    )
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
    .option('--limit <n>', 'most tasks to check in each split', '10000')
    .option('--json', 'the report as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  anneal env check gsm8k --set path=data/gsm8k --tokenizer models/SmolLM2-135M-Instruct',
    )
    .action(async (spec: string, options: CheckCommandOptions) => {
      const { env: imported, rewards, folder } = await importEnvironment(spec);
      const set = options.set.map(pinned);
      const env = pathsFrom(folder, () => configured(imported, set));
      const limit = positiveOption('--limit', options.limit);
      const maxPromptLength = limitOf(options);
      const lengthOf = await measureOf(options.tokenizer, env);
      const report = await checkEnvironment(env, { limit, maxPromptLength, lengthOf });
      const [first] = nameRewards((rewards ?? []).map(({ reward }) => ({ reward, weight: 1, timeout: 300 })));
      const grade = first && env.target ? await gradeTargets(env, first, { limit: limit }) : undefined;
      const unit = options.tokenizer === undefined ? 'characters' : 'tokens';
      if (options.json) io.out(JSON.stringify({ ...report, ...(grade && { grade }) }));
      else for (const line of reportLines(report, { unit, grade })) io.out(line);
      if (report.gold !== undefined && report.gold.verified < report.gold.graded) end(exitCodes.failed);
    });
  return new Command('env').description('Check environments.').addCommand(check);
}

function configured(env: Environment, overrides: readonly string[]): Environment {
  if (overrides.length === 0) return env;
  const options = overrides.map((override) => {
    const { path, value } = parseOverride(override);
    return [path.filter((name, i) => i > 0 || name !== 'env').join('.'), value];
  });
  return configureEnvironment(env, Object.fromEntries(options), overrides[0]!);
}

/** Returns the limit of prompt lengths. Without a tokenizer there is no default, because it counts tokens. */
function limitOf({ maxPromptLength, tokenizer }: CheckCommandOptions): number | undefined {
  if (maxPromptLength !== undefined) return positiveOption('--max-prompt-length', maxPromptLength);
  return tokenizer === undefined ? undefined : 512;
}

async function measureOf(
  model: string | undefined,
  { chatTemplate = {} }: Environment,
): Promise<(prompt: readonly Message[]) => number> {
  if (model === undefined) return (prompt) => prompt.reduce((sum, { content }) => sum + content.length, 0);
  const tokenizer = (await loadTokenizer(await modelPath(model, 'tokenizer'))).withTemplate(chatTemplate);
  return (prompt) => tokenizer.encodeChat(prompt).length;
}
