#!/usr/bin/env node
import { loadModel } from '../causal-lm/load-model.ts';
import { createPolicy } from '../policy/create-policy.ts';
import { answerAnew } from './answer-anew.ts';
import { runCli } from './program.ts';
import { processIo } from './terminal/io.ts';
import { outliveReader } from './terminal/lost-reader.ts';

outliveReader();
process.exitCode = await runCli(process.argv.slice(2), processIo, { createPolicy, loadModel, answerAnew });
