import { resolve as resolvePath } from 'node:path';
import { Command } from 'commander';
import { tap } from 'rxjs';
import { InputError } from '../errors.ts';
import { trainWith } from '../pipeline/train.ts';
import type { CreatePolicy } from '../policy/policy.ts';
import { writeReport } from '../report/write/write-report.ts';
import { isRunFolder, runPaths } from '../run/folder/paths.ts';
import { type LoadedRecipe, loadRecipe, loadRunRecipe } from '../run/loading/load-recipe.ts';
import { writeVerification } from '../run/verify/verification-file.ts';
import { verifyRun } from '../run/verify/verify-run.ts';
import type { TrainEvent } from '../types.ts';
import { dryRun } from './dry-run.ts';
import { type DashboardOption, dashboardOption, openDashboard } from './options/dashboard-option.ts';
import { overridesOf, type RecipeOptions, withRecipeOptions } from './options/recipe-options.ts';
import { runFolderFor } from './options/run-folder-for.ts';
import { tensorboardLog } from './options/tensorboard-option.ts';
import { type ServeRunOption, serveRun, serveRunOption } from './serve/serve-run.ts';
import { exitCodes, signalCodes } from './terminal/exit-code.ts';
import type { Io, StopSignal } from './terminal/io.ts';
import { jsonEvents, progressFor } from './terminal/progress.ts';
import { summaryLines } from './terminal/summary.ts';
import type { Toolkit } from './toolkit.ts';

interface RunOptions extends RecipeOptions {
  readonly out?: string;
  readonly resume?: true;
  readonly forceData?: true;
  readonly dryRun?: true;
  readonly dashboard?: DashboardOption;
  readonly serve?: ServeRunOption;
  readonly json?: true;
  /** A folder; true for the run folder's own. */
  readonly tensorboard?: string | true;
}

/** `anneal run RECIPE`: trains, evaluates, merges and verifies. */
export function runCommand(io: Io, toolkit: Toolkit, end: (code: number) => void): Command {
  return withRecipeOptions(new Command('run'))
    .description('Train a recipe: sample, score, update, anneal; then merge and verify.')
    .argument(
      '<recipe>',
      'a recipe file, the name of a bundled recipe, or a package export; with --resume also a run folder',
    )
    .option('--out <folder>', 'run folder (default: runs/<recipe>-<time>)')
    .option('--resume', 'continue the run in --out from its last checkpoint')
    .option(
      '--force-data',
      'with --resume: go on though data, options of the environment or files of the model have changed',
    )
    .option('--dry-run', 'say what the run would be, and do nothing')
    .option(...dashboardOption)
    .option(...serveRunOption)
    .option('--json', 'one JSON event a line')
    .option(
      '--tensorboard [folder]',
      'write event files for TensorBoard (default: the folder "tensorboard" of the run)',
    )
    .addHelpText('after', '\nExample:\n  anneal run arithmetic --set steps=50 --seed 2 --out runs/first')
    .action(async (spec: string, options: RunOptions) => {
      const { loaded, out } = await resolve(spec, options);
      if (options.dryRun) return dryRun(loaded.recipe, { io, toolkit, json: options.json === true });
      const dashboard = await openDashboard(options.dashboard, { title: loaded.recipe.name });
      const say = options.json ? io.err : io.out;
      if (dashboard) say(`dashboard: ${dashboard.url}`);
      const follow = (event: TrainEvent) => dashboard?.run(event);
      try {
        end(await trainServed(loaded, { ...options, out }, { io, toolkit, follow }));
      } finally {
        await dashboard?.close();
      }
    });
}

/** The recipe, and the folder to run in: with --resume a run folder names both. */
async function resolve(spec: string, options: RunOptions): Promise<{ loaded: LoadedRecipe; out: string }> {
  const overrides = overridesOf(options);
  if (options.forceData && !options.resume)
    throw new InputError('--force-data is for a run that goes on: give --resume too');
  if (options.resume && isRunFolder(spec)) {
    if (overrides.length > 0) {
      throw new InputError(`${spec} is continued as it was begun: leave out ${overrides.join(', ')}`);
    }
    if (options.out !== undefined && resolvePath(options.out) !== resolvePath(spec)) {
      throw new InputError(`${spec} is continued where it is: leave out --out`);
    }
    return { loaded: await loadRunRecipe(spec), out: spec };
  }
  const loaded = await loadRecipe(spec, overrides);
  if (options.resume && options.out === undefined) {
    throw new InputError('--resume continues a run: name its folder with --out');
  }
  return { loaded, out: options.out ?? runFolderFor(loaded.recipe.name) };
}

interface Around {
  readonly io: Io;
  readonly toolkit: Toolkit;
  /** Sees every event. */
  readonly follow: (event: TrainEvent) => void;
  /** Makes the policy that trains; the toolkit's when left out. */
  readonly createPolicy?: CreatePolicy;
}

/** Trains, and with --serve serves the policy meanwhile. */
async function trainServed(
  loaded: LoadedRecipe,
  options: RunOptions & { readonly out: string },
  around: Around,
): Promise<number> {
  const { serve, json } = options;
  if (serve === undefined) return train(loaded, options, around);
  const { io, toolkit, follow } = around;
  const { createPolicy } = toolkit;
  const served = await serveRun(loaded.recipe, { option: serve, createPolicy, note: io.err });
  (json ? io.err : io.out)(`serving the policy: ${served.url}`);
  const both = (event: TrainEvent) => {
    follow(event);
    served.follow(event);
  };
  try {
    return await train(loaded, options, { ...around, follow: both, createPolicy: served.createPolicy });
  } finally {
    await served.close();
  }
}

async function train(
  { recipe, source }: LoadedRecipe,
  { out, resume, forceData, json, tensorboard }: RunOptions & { readonly out: string },
  { io, toolkit, follow, createPolicy = toolkit.createPolicy }: Around,
): Promise<number> {
  const log = await tensorboardLog(recipe, { tensorboard, out, resume }, (text) => progress.note(text));
  const stop = new AbortController();
  const progress = json ? jsonEvents(io) : progressFor(io);
  let first: StopSignal | undefined;
  const ignore = io.onSignal((signal) => {
    // The first signal stops the run with a checkpoint, the second ends the process at once.
    if (first !== undefined) return io.exit(signalCodes[signal]);
    first = signal;
    stop.abort();
    progress.note(stopping[signal]);
  });
  let last: TrainEvent | undefined;
  try {
    const events$ = trainWith(createPolicy)(recipe, {
      out,
      source,
      signal: stop.signal,
      resume: resume === true,
      forceData: forceData === true,
    });
    const logged$ = log === undefined ? events$ : events$.pipe(tap((event) => log.record(event)));
    await logged$.pipe(tap(progress.show), tap(follow)).forEach((event) => {
      last = event;
    });
  } finally {
    await log?.close();
    progress.end();
    ignore();
  }
  if (last?.type === 'stopped') {
    if (!json) for (const line of stoppedLines(last, out)) io.out(line);
    return signalCodes[first ?? 'SIGINT'];
  }
  if (last?.type !== 'done') throw new Error('the run ended without an outcome');
  return summarise(last, { out, recipe, json: json === true }, { io, toolkit });
}

const stopping: Readonly<Record<StopSignal, string>> = {
  SIGINT: 'stopping, then writing a checkpoint; Ctrl-C again to quit at once',
  SIGTERM: 'SIGTERM: stopping, then writing a checkpoint; a second signal ends the run at once',
  SIGHUP: 'SIGHUP: stopping, then writing a checkpoint; a second signal ends the run at once',
};

function stoppedLines({ step, checkpoint }: Extract<TrainEvent, { type: 'stopped' }>, out: string): string[] {
  return [`stopped after step ${step}, saved in ${checkpoint}`, `continue with: anneal run ${out} --resume`];
}

async function summarise(
  done: Extract<TrainEvent, { type: 'done' }>,
  { out, recipe, json }: { out: string; recipe: LoadedRecipe['recipe']; json: boolean },
  { io, toolkit }: Pick<Around, 'io' | 'toolkit'>,
): Promise<number> {
  const verification = await verifyRun(out, { recipe, ...toolkit });
  await writeVerification(out, verification);
  await writeReport(out);
  if (json) io.out(JSON.stringify({ type: 'verified', ...verification }));
  else for (const line of ['', ...summaryLines(done, verification, runPaths(out).report)]) io.out(line);
  return verification.ok ? exitCodes.done : exitCodes.failed;
}
