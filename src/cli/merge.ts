import { Command } from 'commander';
import { InputError } from '../errors.ts';
import { localPath } from '../hub/local-path.ts';
import { checkFresh } from '../run/checkpoint/open-run-folder.ts';
import { isRunFolder } from '../run/folder/paths.ts';
import { mergeableCheckpoint } from '../run/verify/mergeable-checkpoint.ts';
import { checkpointByName, checkpointOption } from './options/checkpoint-option.ts';
import { type ExportableOptions, isAdapterFolder, withExportable } from './saving/exportable.ts';
import { insideRun } from './saving/inside-run.ts';
import type { Io } from './terminal/io.ts';
import type { Toolkit } from './toolkit.ts';

interface MergeOptions extends ExportableOptions {
  readonly out?: string;
  readonly json?: true;
}

/** `anneal merge`: the adapter folded into the weights, as a plain model in float32. `export` writes other forms. */
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
    .action(async (given: string, asked: MergeOptions) => {
      const options = checkpointByName(given, asked);
      const folder = isRunFolder(given) ? given : await localPath(given, 'adapter');
      if (!isRunFolder(folder) && !isAdapterFolder(folder)) {
        throw new InputError(
          `${folder} is neither a run nor an adapter (no adapter_config.json): there is nothing to merge; \`anneal export\` writes a model in another format`,
        );
      }
      const out = await merge(folder, options, { io, toolkit });
      io.out(options.json ? JSON.stringify({ merged: out }) : `merged model written to ${out}`);
    });
}

async function merge(
  folder: string,
  options: MergeOptions,
  { io, toolkit }: { readonly io: Io; readonly toolkit: Toolkit },
): Promise<string> {
  const write = (out: string) =>
    withExportable(folder, { options, toolkit }, async (exportable) => {
      await exportable.save(out);
      return out;
    });
  if (options.out !== undefined) {
    await checkFresh(options.out, 'choose another folder');
    return write(options.out);
  }
  if (!isRunFolder(folder)) throw new InputError('say where to write the merged model with --out');
  const { merged } = await mergeableCheckpoint(folder, options.checkpoint);
  return insideRun(folder, io, () => write(merged));
}
