import { takeCommits } from '../hub/revisions.ts';
import type { CreatePolicy, Policy, PolicySnapshot } from '../policy/policy.ts';
import type { PolicyCalls, Standing } from './policy-calls.ts';
import { HandedOver, type Handlers } from './protocol.ts';

/** Answers the calls to one policy, which the first of them makes. */
export function policyHandlers(createPolicy: CreatePolicy): Handlers<PolicyCalls> {
  const snapshots = new Map<number, PolicySnapshot>();
  let made: Policy | undefined;
  const policy = (): Policy => {
    if (made === undefined) throw new Error('the policy has not been made');
    return made;
  };
  const at = (number: number): PolicySnapshot => {
    const snapshot = snapshots.get(number);
    if (snapshot === undefined) throw new Error(`snapshot ${number} of the policy was released`);
    return snapshot;
  };
  return {
    async open(_, recipe, commits) {
      takeCommits(commits);
      made = await createPolicy(recipe);
      const { dimensions, notes, adapter, saveAdapter, saveBase, target } = made;
      const has = {
        adapter: adapter != null,
        saveAdapter: saveAdapter != null,
        saveBase: saveBase != null,
        target: target != null,
      };
      return { standing: standingOf(made), dimensions, notes, has };
    },
    snapshot(_, number, version) {
      if (policy().version !== version)
        throw new Error(`a snapshot after ${version} steps was asked for after ${policy().version}`);
      snapshots.set(number, policy().snapshot());
    },
    release(_, number) {
      snapshots.get(number)?.release?.();
      snapshots.delete(number);
    },
    sample: (signal, number, requests, options) => at(number).sample(requests, { ...options, signal }),
    extend: (signal, number, texts, options) => at(number).extend(texts, { ...options, signal }),
    values: (signal, number, rollouts) => at(number).values(rollouts, signal),
    scoreTexts: (signal, number, requests, options) =>
      at(number).scoreTexts(requests, { ...options, signal }),
    acceptance: (signal, number, rollouts) => at(number).acceptance!(rollouts, signal),
    sampleTarget: (signal, requests, options) => policy().target!.sample(requests, { ...options, signal }),
    extendTarget: (signal, texts, options) => policy().target!.extend(texts, { ...options, signal }),
    async update(signal, batch, coefficients) {
      const metrics = await policy().update(batch, coefficients, signal);
      return { metrics, standing: standingOf(policy()) };
    },
    async skip(_, batch) {
      const metrics = await policy().skip(batch);
      return { metrics, standing: standingOf(policy()) };
    },
    referenceLogprobs: (signal, rollouts) => policy().referenceLogprobs(rollouts, signal),
    logprobs: (signal, rollouts) => policy().logprobs(rollouts, signal),
    async logits(_, batch) {
      const logits = await policy().logits(batch);
      return new HandedOver(logits, [logits.data]);
    },
    async state() {
      const { arrays, data } = await policy().state();
      // The policy goes on with its own arrays.
      const copies = Object.entries(arrays).map(
        ([name, array]) => [name, { ...array, data: array.data.slice() }] as const,
      );
      return new HandedOver(
        { arrays: Object.fromEntries(copies), data },
        copies.map(([, array]) => array.data),
      );
    },
    async restore(_, state) {
      await policy().restore(state);
      return standingOf(policy());
    },
    adapter: () => policy().adapter!(),
    saveAdapter: (_, folder, base) => policy().saveAdapter!(folder, base),
    saveBase: (_, folder) => policy().saveBase!(folder),
    saveMerged: (_, out, options) => policy().saveMerged(out, options),
    dispose: () => made?.dispose(),
  };
}

const standingOf = ({ version, beta, betaZeroStep }: Policy): Standing => ({ version, beta, betaZeroStep });
