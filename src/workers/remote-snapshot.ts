import type { PolicySnapshot } from '../policy/policy.ts';
import type { PolicyTexts } from '../policy/policy-texts.ts';
import type { SampleRequest, Sampler } from '../rollout/sampler.ts';
import type { Rollout } from '../types.ts';
import type { Connection } from './connection.ts';
import type { PolicyCalls } from './policy-calls.ts';
import { requestsWithoutTasks, rolloutsWithoutTexts } from './without-code.ts';

/** Which snapshot of which policy. */
interface Place {
  readonly connection: Connection<PolicyCalls>;
  readonly number: number;
  readonly version: number;
  readonly beta: number;
}

/** Releases snapshots that nobody released before they were forgotten. */
const forgotten = new FinalizationRegistry<() => void>((release) => release());

/** Keeps the weights that a policy in another thread has now, and samples from them there until it is released. */
export function remoteSnapshot(
  { connection, number, version, beta }: Place,
  texts: PolicyTexts,
  { drafts }: { readonly drafts: boolean },
): PolicySnapshot {
  const kept = connection.call('snapshot', [number, version]);
  // Who uses the snapshot is told; if nobody does it does not matter.
  kept.catch(() => {});
  let released = false;
  const release = () => {
    if (released) return;
    released = true;
    connection.call('release', [number]).catch(() => {});
  };
  const { between, encodeExample, encodeTurns, maxPositions } = texts;
  const snapshot: PolicySnapshot = {
    version,
    beta,
    maxPositions,
    between,
    encodeExample,
    encodeTurns,
    release,
    async sample(requests, { signal, ...options }) {
      await kept;
      const args = [number, requestsWithoutTasks(requests), options] as const;
      return withTasks(await connection.call('sample', [...args], { signal }), requests);
    },
    async extend(ids, { signal, ...options }) {
      await kept;
      return connection.call('extend', [number, ids, options], { signal });
    },
    async values(rollouts, signal) {
      await kept;
      return connection.call('values', [number, rolloutsWithoutTexts(rollouts)], { signal });
    },
    ...(drafts && {
      acceptance: async (rollouts: readonly Rollout[], signal?: AbortSignal) => {
        await kept;
        return connection.call('acceptance', [number, rolloutsWithoutTexts(rollouts)], { signal });
      },
    }),
    async scoreTexts(requests, { signal, ...options }) {
      await kept;
      return connection.call('scoreTexts', [number, requestsWithoutTasks(requests), options], { signal });
    },
  };
  forgotten.register(snapshot, release);
  return snapshot;
}

/** Samples from the target of a policy in another thread. */
export function remoteTarget(
  connection: Connection<PolicyCalls>,
  { between, maxPositions }: PolicyTexts,
): Sampler {
  return {
    maxPositions,
    between,
    async sample(requests, { signal, ...options }) {
      const args = [requestsWithoutTasks(requests), options] as const;
      return withTasks(await connection.call('sampleTarget', [...args], { signal }), requests);
    },
    extend: (texts, { signal, ...options }) => connection.call('extendTarget', [texts, options], { signal }),
  };
}

/** Rollouts with the tasks that the other thread does not know. */
const withTasks = (rollouts: readonly Rollout[], requests: readonly SampleRequest[]): Rollout[] =>
  rollouts.map((rollout) => ({ ...rollout, task: requests[rollout.group]!.task }));
