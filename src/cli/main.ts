#!/usr/bin/env node
import { loadModel } from '../causal-lm/load-model.ts';
import { createPolicy } from '../policy/create-policy.ts';
import { answerAnew } from './answer-anew.ts';
import { runCli } from './program.ts';
import { processIo } from './terminal/io.ts';

// Whoever read the output may go (`anneal run … | head`): the run goes on, and its folder has it all.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

process.exitCode = await runCli(process.argv.slice(2), processIo, { createPolicy, loadModel, answerAnew });
