import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { z } from 'zod';
import { InputError } from '../errors.ts';
import { hubIdOf, localPath } from '../hub/local-path.ts';
import { readJsonIfAny } from '../io/read-json.ts';
import { removeTemporaries } from '../io/temporaries.ts';
import { loadCheckpoint } from '../run/checkpoint/load-checkpoint.ts';
import { checkFresh } from '../run/checkpoint/open-run-folder.ts';
import { lockRun } from '../run/folder/lock-run.ts';
import { isRunFolder } from '../run/folder/paths.ts';
import { loadRunRecipe } from '../run/loading/load-recipe.ts';
import { mergeableCheckpoint } from '../run/verify/mergeable-checkpoint.ts';
import { type CheckpointOption, checkpointOnlyOf, checkpointOption } from './options/checkpoint-option.ts';
import type { Io } from './terminal/io.ts';
import type { Toolkit } from './toolkit.ts';

interface MergeOptions extends CheckpointOption {
  readonly out?: string;
  readonly model?: string;
  readonly json?: true;
}

/** `anneal merge`: the adapter folded into the weights, as a plain model. */
export function mergeCommand(io: Io, toolkit: Toolkit): Command {
  return new Command('merge')
    .description(
      'Fold an adapter into its model: of a run’s checkpoint, or of an adapter folder. Refused while β ≠ 0.',
    )
    .argument('<run or adapter>', 'a run folder, a folder in PEFT layout, or an adapter on the hub')
    .option(...checkpointOption)
    .option(
      '--out <folder>',
      'where to write the model (default: merged/ of the run, merged-step-N/ of an earlier checkpoint)',
    )
    .option('--model <model>', 'the adapter’s base model (default: the one it names)')
    .option('--json', 'the outcome as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  anneal merge runs/first\n  anneal merge runs/first --checkpoint best\n  anneal merge runs/first/adapter --model tiny --out merged',
    )
    .action(async (folder: string, options: MergeOptions) => {
      const out = isRunFolder(folder)
        ? await mergeRun(folder, options, { io, toolkit })
        : await mergeAdapter(folder, options, toolkit);
      io.out(options.json ? JSON.stringify({ merged: out }) : `merged model written to ${out}`);
    });
}

interface Around {
  readonly io: Io;
  readonly toolkit: Toolkit;
}

const ADAPTER = 'adapter_config.json';

async function mergeRun(folder: string, options: MergeOptions, { io, toolkit }: Around): Promise<string> {
  if (options.model !== undefined)
    throw new InputError(`--model is for an adapter folder: ${folder} is a run, which knows its own`);
  const { entry, merged } = await mergeableCheckpoint(folder, options.checkpoint);
  const { recipe } = await loadRunRecipe(folder);
  const write = async (out: string) => {
    const policy = await toolkit.createPolicy(recipe);
    try {
      await policy.restore((await loadCheckpoint(entry.path)).policy);
      await policy.saveMerged(out);
    } finally {
      await policy.dispose();
    }
    return out;
  };
  if (options.out === undefined) return inside(folder, io, () => write(merged));
  await checkFresh(options.out);
  return write(options.out);
}

/** Does something that writes into a run folder, while no other process does. */
async function inside<T>(folder: string, io: Io, write: () => Promise<T>): Promise<T> {
  const lock = await lockRun(folder);
  try {
    for (const note of lock.notes) io.err(`warning: ${note}`);
    await removeTemporaries(folder);
    return await write();
  } finally {
    await lock.release();
  }
}

async function mergeAdapter(name: string, options: MergeOptions, { loadModel }: Toolkit): Promise<string> {
  checkpointOnlyOf(name, options.checkpoint);
  const folder = await localPath(name, 'adapter');
  if (!existsSync(join(folder, ADAPTER))) {
    throw new InputError(`${folder} is neither a run folder (no config.json) nor an adapter (no ${ADAPTER})`);
  }
  if (options.out === undefined) throw new InputError('say where to write the merged model with --out');
  await checkFresh(options.out);
  const base = await loadModel(options.model ?? (await baseModelOf(folder)));
  try {
    const adapted = await base.withAdapter(folder);
    await adapted.merge().save(options.out);
  } finally {
    await base.dispose();
  }
  return options.out;
}

async function baseModelOf(folder: string): Promise<string> {
  const schema = z.object({ base_model_name_or_path: z.string().nullish(), revision: z.string().nullish() });
  const config = await readJsonIfAny(join(folder, ADAPTER), schema);
  const name = config?.base_model_name_or_path;
  const revision = config?.revision;
  if (name) return revision && hubIdOf(name) ? `${name}@${revision}` : name;
  throw new InputError(`${join(folder, ADAPTER)} names no base model: give it with --model`);
}
