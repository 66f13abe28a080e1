import { spawn } from 'node:child_process';
import { Command } from 'commander';
import { InputError } from '../errors.ts';
import { readRecords } from '../io/jsonl-file.ts';
import { runPaths } from '../run/folder/paths.ts';
import { type RolloutFile, rolloutFiles } from '../run/folder/rollout-files.ts';
import type { RolloutRecord } from '../run/folder/rollout-records.ts';
import { positiveOption } from './options/numeric-options.ts';
import { type FilterOptions, filterOf } from './rollout-filter.ts';
import type { Io } from './terminal/io.ts';
import { rolloutText } from './terminal/rollout-text.ts';

interface RolloutsOptions extends FilterOptions {
  readonly limit?: string;
  readonly pager: boolean;
  readonly json?: true;
}

/** `anneal rollouts`: pages through what a run sampled. */
export function rolloutsCommand(io: Io): Command {
  return new Command('rollouts')
    .description('Page through the completions that a run was trained on.')
    .argument('<run>', 'a run folder')
    .option('--step <n or a-b>', 'only completions of this step, or of these steps')
    .option('--below <reward>', 'only completions with a smaller reward')
    .option('--above <reward>', 'only completions with a larger reward')
    .option('--truncated', 'only completions that hit the token limit')
    .option('--word <text>', 'only completions that contain this text, or whose prompt does')
    .option('--limit <n>', 'show at most n completions')
    .option('--no-pager', 'print everything at once, without a pager')
    .option('--json', 'print the records as JSON, one on each line')
    .addHelpText('after', '\nExample:\n  anneal rollouts runs/first --step 0-10 --below 0.5 --word answer')
    .action(async (run: string, options: RolloutsOptions) => {
      const { rollouts: path } = runPaths(run);
      const files = await rolloutFiles(path);
      if (files.length === 0)
        throw new InputError(`${path} is missing: that is no run folder, or its run has not taken a step`);
      const { holds, shows } = filterOf(options);
      const shown = chosen(
        recordsOf(files.filter(holds)),
        shows,
        options.limit === undefined ? Number.POSITIVE_INFINITY : positiveOption('--limit', options.limit),
      );
      const show = options.json
        ? (record: RolloutRecord) => JSON.stringify(record)
        : (record: RolloutRecord) => rolloutText(record, io.tty);
      if (io.tty && options.pager && !options.json) await page(shown, show, io);
      else await printAll(shown, show, io);
    });
}

async function* recordsOf(files: readonly RolloutFile[]): AsyncGenerator<RolloutRecord> {
  for (const { path } of files) yield* readRecords<RolloutRecord>(path);
}

async function* chosen(
  records: AsyncIterable<RolloutRecord>,
  filter: (record: RolloutRecord) => boolean,
  limit: number,
): AsyncGenerator<RolloutRecord> {
  let count = 0;
  for await (const record of records) {
    if (count >= limit) return;
    if (!filter(record)) continue;
    count++;
    yield record;
  }
}

type Show = (record: RolloutRecord) => string;

async function printAll(records: AsyncIterable<RolloutRecord>, show: Show, io: Io): Promise<void> {
  let any = false;
  for await (const record of records) {
    io.out(show(record));
    any = true;
  }
  if (!any) io.err('no completion fits; steps are counted from 0 here, as in metrics.jsonl');
}

/** Shows the text in the pager that PAGER names, `less` by default. If the pager does not start, prints everything. */
async function page(records: AsyncIterable<RolloutRecord>, show: Show, io: Io): Promise<void> {
  const [command = 'less', ...args] = (process.env.PAGER ?? 'less -RFX').split(' ');
  const pager = spawn(command, args, { stdio: ['pipe', 'inherit', 'inherit'] });
  const started = await new Promise<boolean>((resolve) => {
    pager.once('spawn', () => resolve(true));
    pager.once('error', () => resolve(false));
  });
  if (!started) return printAll(records, show, io);
  const ended = new Promise<void>((resolve) => pager.once('close', () => resolve()));
  let open = true;
  // When the user quits the pager, stop writing.
  pager.stdin.on('error', () => {
    open = false;
  });
  for await (const record of records) {
    if (!open) break;
    if (!pager.stdin.write(`${show(record)}\n`))
      await Promise.race([new Promise((resolve) => pager.stdin.once('drain', resolve)), ended]);
  }
  pager.stdin.end();
  await ended;
}
