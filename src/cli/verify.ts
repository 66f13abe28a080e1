import { Command } from 'commander';
import { loadRunRecipe } from '../run/loading/load-recipe.ts';
import { mergeableCheckpoint } from '../run/verify/mergeable-checkpoint.ts';
import { writeVerification } from '../run/verify/verification-file.ts';
import { verifyRun } from '../run/verify/verify-run.ts';
import { type CheckpointOption, checkpointOption } from './options/checkpoint-option.ts';
import { exitCodes } from './terminal/exit-code.ts';
import { table } from './terminal/format.ts';
import type { Io } from './terminal/io.ts';
import { verificationRows } from './terminal/summary.ts';
import type { Toolkit } from './toolkit.ts';

interface VerifyOptions extends CheckpointOption {
  readonly export?: string;
  readonly json?: true;
}

/** `anneal verify RUN`: whether the merged model is the policy that was trained. */
export function verifyCommand(io: Io, toolkit: Toolkit, end: (code: number) => void): Command {
  return new Command('verify')
    .description(
      'Check that a run’s merged model is the policy that was trained, also when a new process reads it.',
    )
    .argument('<run>', 'a run folder')
    .option(...checkpointOption)
    .option(
      '--export <path>',
      'also measure what rounding cost an export of the run: a folder or a .gguf file',
    )
    .option('--json', 'what was measured as JSON, of each weight too')
    .addHelpText(
      'after',
      '\nExample:\n  anneal verify runs/first\n  anneal verify runs/first --export runs/first/export/model-q8_0.gguf',
    )
    .action(async (out: string, options: VerifyOptions) => {
      const { checkpoint } = options;
      await mergeableCheckpoint(out, checkpoint);
      const { recipe } = await loadRunRecipe(out);
      const verification = await verifyRun(out, { recipe, checkpoint, exported: options.export, ...toolkit });
      if (checkpoint === undefined && options.export === undefined)
        await writeVerification(out, verification).catch(notWritten(io));
      if (options.json) io.out(JSON.stringify(verification));
      else {
        const rows = verificationRows(verification, recipe.objective === 'draft');
        for (const line of table(rows)) io.out(line);
      }
      end(verification.ok ? exitCodes.done : exitCodes.failed);
    });
}

/** A run that may only be read is verified all the same. */
const notWritten = (io: Io) => (error: Error) =>
  io.err(`verification.json was not written: ${error.message}`);
