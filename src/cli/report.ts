import { join } from 'node:path';
import { Command } from 'commander';
import { InputError } from '../errors.ts';
import { writeReportOf } from '../report/write/write-report.ts';
import type { Io } from './terminal/io.ts';

/** `anneal report`: one HTML page about runs and comparisons. */
export function reportCommand(io: Io): Command {
  return new Command('report')
    .description('Write one HTML page about runs and comparisons: curves, tables, completions, settings.')
    .argument('<folder...>', 'folders of runs, or of comparisons and ablations')
    .option('--out <file>', 'the page (default: report.html in the folder, where there is one folder)')
    .addHelpText('after', '\nExample:\n  anneal report runs/seed-1 runs/seed-2 --out seeds.html')
    .action(async (folders: readonly string[], { out }: { readonly out?: string }) => {
      const [only] = folders;
      if (out === undefined && folders.length > 1) {
        throw new InputError(`a page about ${folders.length} folders needs a name: add --out report.html`);
      }
      const file = out ?? join(only!, 'report.html');
      for (const note of await writeReportOf(folders, file)) io.err(`left out: ${note}`);
      io.out(file);
    });
}
