import { parentPort } from 'node:worker_threads';
import { createPolicy } from '../policy/create-policy.ts';
import type { PolicyCalls } from './policy-calls.ts';
import { policyHandlers } from './policy-handlers.ts';
import { passWarningsOn, serveCalls } from './serve-calls.ts';

// The thread in which a run's policy lives: its weights, its engine and its optimiser.
if (parentPort !== null) {
  passWarningsOn(parentPort);
  serveCalls<PolicyCalls>(parentPort, policyHandlers(createPolicy));
}
