#!/usr/bin/env node
import { loadModel } from '../causal-lm/load-model.ts';
import { reasonOf, takeStray } from '../environment/user-code/stray-errors.ts';
import { openPolicy } from '../workers/open-policy.ts';
import { answerAnew } from './answer-anew.ts';
import { runCli } from './program.ts';
import { exitCodes, strayReport } from './terminal/exit-code.ts';
import { processIo } from './terminal/io.ts';
import { outliveReader } from './terminal/lost-reader.ts';

outliveReader();
process.on('uncaughtException', (error) => {
  if (takeStray(error)) return;
  processIo.err(strayReport(reasonOf(error)));
  processIo.exit(exitCodes.failed);
});
process.exitCode = await runCli(process.argv.slice(2), processIo, {
  createPolicy: openPolicy,
  loadModel,
  answerAnew,
});
// A reward may have left a timer or a connection open, which would keep the process alive.
for (const stream of [process.stdout, process.stderr])
  if (stream.writable) await new Promise((written) => stream.write('', written));
processIo.exit(Number(process.exitCode));
