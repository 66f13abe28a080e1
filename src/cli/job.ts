import { Command } from 'commander';
import { runJob } from '../experiment/job/run-job.ts';
import type { TrainEvent } from '../types.ts';
import type { JobStep } from './experiment/start-job.ts';
import { exitCodes, signalCodes } from './terminal/exit-code.ts';
import type { Io } from './terminal/io.ts';
import { jsonEvents } from './terminal/progress.ts';
import type { Toolkit } from './toolkit.ts';

/** `anneal job FOLDER`: one job of a comparison, in the process that `anneal compare` starts for it. */
export function jobCommand(io: Io, toolkit: Toolkit, end: (code: number) => void): Command {
  return new Command('job')
    .description('Run one job of a comparison; `anneal compare` calls this.')
    .argument('<folder>', 'the job’s folder')
    .option('--score', 'also score the merged model on the test split')
    .addHelpText(
      'after',
      '\nExample:\n  anneal job runs/comparison/jobs/arithmetic_lora_0.001_s1_1a2b3c4d --score',
    )
    .action(async (folder: string, { score }: { readonly score?: true }) => {
      const stop = new AbortController();
      const ignore = io.onSignal(() => stop.abort());
      // The comparison has ended without a word: it goes on from this job's last checkpoint when it is resumed.
      const orphaned = () => io.exit(signalCodes.SIGHUP);
      process.on('disconnect', orphaned);
      // It may have ended while this process was starting.
      if (process.connected === false) return orphaned();
      const tell = stepTeller((step) => process.send?.(step));
      const { show } = jsonEvents(io);
      try {
        const how = await runJob(folder, {
          ...toolkit,
          score: score === true,
          signal: stop.signal,
          onEvent(event) {
            show(event);
            tell(event);
          },
        });
        end(how === 'done' ? exitCodes.done : signalCodes.SIGINT);
      } finally {
        ignore();
        process.off('disconnect', orphaned);
        if (process.connected) process.disconnect();
      }
    });
}

/** Makes what tells of each step in a few words. */
function stepTeller(send: (step: JobStep) => void): (event: TrainEvent) => void {
  let steps = 0;
  return (event) => {
    if (event.type === 'start') steps = event.steps;
    if (event.type !== 'step') return;
    const { step, reward, loss } = event.metrics;
    const figure = reward === undefined ? `loss ${loss?.toFixed(3)}` : `reward ${reward.toFixed(3)}`;
    send({ step: step + 1, steps, figure });
  };
}
