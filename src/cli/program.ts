import { Command } from 'commander';
import { version } from '../io/version.ts';
import { ablateCommand } from './ablate.ts';
import { compareCommand } from './compare.ts';
import { envCommand } from './env.ts';
import { evalCommand } from './eval.ts';
import { exportCommand } from './export.ts';
import { generateCommand } from './generate.ts';
import { jobCommand } from './job.ts';
import { mergeCommand } from './merge.ts';
import { pullCommand } from './pull.ts';
import { reportCommand } from './report.ts';
import { rolloutsCommand } from './rollouts.ts';
import { runCommand } from './run.ts';
import { serveCommand } from './serve/serve.ts';
import { showDownloads } from './terminal/downloads.ts';
import { exitCodes, reportOf } from './terminal/exit-code.ts';
import type { Io } from './terminal/io.ts';
import type { Toolkit } from './toolkit.ts';
import { verifyCommand } from './verify.ts';

/** Runs one command line (without node and script); gives its exit code. */
export async function runCli(args: readonly string[], io: Io, toolkit: Toolkit): Promise<number> {
  let code: number = exitCodes.done;
  const end = (value: number) => {
    code = value;
  };
  const program = new Command('anneal')
    .description('Reinforcement-learning fine-tuning of small language models with AFA-LoRA adapters.')
    .version(version)
    .addHelpText('after', '\nExample:\n  anneal run arithmetic');
  const commands = [
    runCommand(io, toolkit, end),
    evalCommand(io, toolkit),
    generateCommand(io, toolkit),
    serveCommand(io, end),
    mergeCommand(io, toolkit),
    exportCommand(io, toolkit),
    verifyCommand(io, toolkit, end),
    compareCommand(io, args, end),
    ablateCommand(io, args, end),
    rolloutsCommand(io),
    reportCommand(io),
    envCommand(io, end),
    pullCommand(io),
  ];
  for (const command of commands) program.addCommand(command);
  const job = jobCommand(io, toolkit, end);
  program.addCommand(job, { hidden: true });
  for (const command of [program, job, ...commands, ...commands.flatMap((parent) => parent.commands)]) {
    command
      .exitOverride()
      .showSuggestionAfterError()
      .configureOutput({
        writeOut: (text) => io.out(text.trimEnd()),
        writeErr: (text) => io.err(text.trimEnd()),
      });
  }
  const hideDownloads = showDownloads(io);
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    const report = reportOf(error);
    if (report.text !== '') io.err(report.text);
    return report.code;
  } finally {
    hideDownloads();
  }
  return code;
}
