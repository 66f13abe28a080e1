import { Command } from 'commander';
import type { CausalLM, GenerateOptions } from '../causal-lm/causal-lm.ts';
import { InputError } from '../errors.ts';
import type { SpeculationStats } from '../rollout/session/speculation.ts';
import { withCheckpointModel } from '../run/checkpoint/checkpoint-model.ts';
import { chooseCheckpoint } from '../run/checkpoint/choose-checkpoint.ts';
import { isRunFolder } from '../run/folder/paths.ts';
import { loadRunRecipe } from '../run/loading/load-recipe.ts';
import type { Completion, Message } from '../types.ts';
import { type CheckpointOption, checkpointOnlyOf, checkpointOption } from './options/checkpoint-option.ts';
import { checkDraftTokens } from './options/draft-tokens.ts';
import { mergedOf } from './options/merged-of.ts';
import { numberOption } from './options/numeric-options.ts';
import { speculationText } from './terminal/format.ts';
import type { Io } from './terminal/io.ts';
import type { Toolkit } from './toolkit.ts';

interface Options extends CheckpointOption {
  readonly prompt: readonly string[];
  readonly system?: string;
  readonly raw?: true;
  readonly adapter?: string;
  readonly draft?: string;
  readonly draftTokens?: number;
  readonly maxNewTokens: number;
  readonly temperature: number;
  readonly topP: number;
  readonly topK: number;
  readonly minP: number;
  readonly repetitionPenalty: number;
  readonly n: number;
  readonly stop: readonly string[];
  readonly seed: number;
  readonly json?: true;
}

const repeatable = (value: string, before: readonly string[]) => [...before, value];
const numeric = (option: string) => (value: string) => numberOption(option, value);

/** `anneal generate`: completions of prompts. */
export function generateCommand(io: Io, toolkit: Toolkit): Command {
  return new Command('generate')
    .description('Complete prompts with a model, or with a run’s merged model.')
    .argument(
      '<model>',
      'a model folder, a .gguf file, "tiny", owner/name on the Hugging Face hub, or a run folder',
    )
    .requiredOption('--prompt <text>', 'what to answer (repeatable)', repeatable, [])
    .option('--system <text>', 'system message before each prompt')
    .option('--raw', 'continue the text as it is, without the chat template')
    .option(...checkpointOption)
    .option('--adapter <folder>', 'adapter to put on the model, at its own β: a folder, or one on the hub')
    .option(
      '--draft <run or model>',
      'draft that proposes tokens, for the same texts sooner: a run with objective draft, or a model with the same tokenizer',
    )
    .option('--draft-tokens <n>', 'tokens that it proposes at a time (default: 4)', numeric('--draft-tokens'))
    .option('--max-new-tokens <n>', 'most tokens of a completion', numeric('--max-new-tokens'), 64)
    .option('--temperature <t>', '0 is greedy', numeric('--temperature'), 0)
    .option('--top-p <p>', 'nucleus', numeric('--top-p'), 1)
    .option('--top-k <k>', 'most likely tokens to choose from; 0 is all', numeric('--top-k'), 0)
    .option('--min-p <p>', 'least share of the likeliest token’s probability', numeric('--min-p'), 0)
    .option(
      '--repetition-penalty <x>',
      'above 1 makes tokens that occurred before less likely',
      numeric('--repetition-penalty'),
      1,
    )
    .option('--n <n>', 'completions of each prompt', numeric('--n'), 1)
    .option('--stop <text>', 'text that ends a completion (repeatable)', repeatable, [])
    .option('--seed <n>', 'seed of the sampling', numeric('--seed'), 0)
    .option('--json', 'prompts and completions as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  anneal generate tiny --prompt "36-2*8="\n  anneal generate runs/first --prompt "(12+5)*4=" --n 3 --temperature 1\n  anneal generate tiny --draft runs/draft --prompt "36-2*8="',
    )
    .action(async (model: string, options: Options) => {
      if (options.prompt.length === 0) throw new InputError('nothing to complete: give --prompt TEXT');
      if (options.stop.includes(''))
        throw new InputError('--stop takes a text: nothing is in every completion');
      checkDraftTokens(options);
      await withModel(model, options, toolkit, (used) => answer(io, used, options));
    });
}

/** Completes the prompts, with a draft where one is given, and prints the completions. */
async function answer(io: Io, model: CausalLM, options: Options): Promise<void> {
  const asked = generateOptions(options);
  if (options.draft === undefined) return print(io, options, await model.generate(asked));
  const { draft: name, draftTokens } = options;
  const draft = await model.loadDraft(isRunFolder(name) ? mergedOf(name) : name);
  try {
    let speculation: SpeculationStats | undefined;
    const onSpeculation = (stats: SpeculationStats) => {
      speculation = stats;
    };
    const start = performance.now();
    const completions = await model.generate({ ...asked, draft, draftTokens, onSpeculation });
    print(io, options, completions);
    const seconds = (performance.now() - start) / 1000;
    if (!options.json && speculation) io.err(speculationText(speculation, seconds));
  } finally {
    await draft.dispose();
  }
}

/** Uses the model that the options ask for: of a run that of a checkpoint, or the merged one. */
async function withModel(
  model: string,
  { checkpoint, adapter }: Options,
  toolkit: Toolkit,
  use: (model: CausalLM) => Promise<void>,
): Promise<void> {
  if (checkpoint !== undefined && adapter !== undefined)
    throw new InputError('--checkpoint brings its own adapter: leave out --adapter');
  if (checkpoint !== undefined && isRunFolder(model)) {
    const { entry } = await chooseCheckpoint(model, checkpoint);
    const { recipe } = await loadRunRecipe(model);
    return withCheckpointModel(entry.path, { recipe, ...toolkit }, use);
  }
  checkpointOnlyOf(model, checkpoint);
  const base = await toolkit.loadModel(isRunFolder(model) ? mergedOf(model) : model);
  try {
    await use(adapter === undefined ? base : await base.withAdapter(adapter));
  } finally {
    await base.dispose();
  }
}

function generateOptions({
  prompt,
  system,
  raw,
  json: _,
  adapter: _a,
  checkpoint: _c,
  draft: _d,
  draftTokens: _t,
  ...decoding
}: Options): GenerateOptions {
  const before: Message[] = system === undefined ? [] : [{ role: 'system', content: system }];
  const prompts = prompt.map((content) => (raw ? content : [...before, { role: 'user' as const, content }]));
  return { ...decoding, prompts };
}

function print(io: Io, { prompt, n, json }: Options, completions: readonly Completion[]): void {
  const answers = prompt.map((text, i) => ({
    prompt: text,
    completions: completions.slice(i * n, (i + 1) * n),
  }));
  if (json) {
    io.out(JSON.stringify(answers));
    return;
  }
  const several = prompt.length > 1;
  for (const answer of answers) {
    if (several) io.out(`> ${answer.prompt}`);
    for (const { text } of answer.completions) io.out(text);
  }
}
