import { parentPort } from 'node:worker_threads';
import { passWarningsOn, serveCalls } from '../../workers/serve-calls.ts';
import type { ServiceCalls } from './service-calls.ts';
import { serviceHandlers } from './service-handlers.ts';

// The thread in which the models of a service live.
if (parentPort !== null) {
  passWarningsOn(parentPort);
  serveCalls<ServiceCalls>(parentPort, serviceHandlers());
}
