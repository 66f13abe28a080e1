#!/usr/bin/env node
import { loadModel } from '../causal-lm/load-model.ts';
import { createPolicy } from '../policy/create-policy.ts';
import { answerAnew } from './answer-anew.ts';
import { runCli } from './program.ts';
import { processIo } from './terminal/io.ts';

// The reader of the output may close it (`anneal run … | head`). The run still goes on and writes its folder.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

process.exitCode = await runCli(process.argv.slice(2), processIo, { createPolicy, loadModel, answerAnew });
