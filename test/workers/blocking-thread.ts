import { setImmediate } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';
import type { TrainBatch } from '../../src/policy/batch/train-batch.ts';
import type { PolicyCalls } from '../../src/workers/policy-calls.ts';
import { policyHandlers } from '../../src/workers/policy-handlers.ts';
import { serveCalls } from '../../src/workers/serve-calls.ts';
import { Bandit } from '../pipeline/bandit.ts';

/** Milliseconds for which an update holds its thread, in micro-batches. */
export const UPDATE = 1200;
const MICRO_BATCHES = 12;

/** A bandit whose updates hold the thread, as onnxruntime does, without taking a core. */
class Blocking extends Bandit {
  override async update(batch: TrainBatch, ...rest: [Parameters<Bandit['update']>[1]?]) {
    for (let i = 0; i < MICRO_BATCHES; i++) {
      await setImmediate();
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, UPDATE / MICRO_BATCHES);
    }
    return super.update(batch, ...rest);
  }
}

if (parentPort)
  serveCalls<PolicyCalls>(
    parentPort,
    policyHandlers(async ({ steps }) => new Blocking({ steps })),
  );
