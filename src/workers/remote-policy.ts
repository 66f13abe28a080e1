import type { StoredAdapter } from '../adapter/stored-adapter.ts';
import type { Coefficients } from '../algorithm/coefficients.ts';
import type { SaveOptions } from '../model/save/save-model.ts';
import type { TokenBatch } from '../model/token-logits.ts';
import type { TrainBatch } from '../policy/batch/train-batch.ts';
import type { Policy, PolicySnapshot, PolicyState, UpdateMetrics } from '../policy/policy.ts';
import type { PolicyTexts } from '../policy/policy-texts.ts';
import type { Sampler } from '../rollout/sampler.ts';
import type { Rollout } from '../types.ts';
import type { Connection } from './connection.ts';
import type { Opened, PolicyCalls, Standing, Stepped } from './policy-calls.ts';
import { buffersOf } from './protocol.ts';
import { remoteSnapshot, remoteTarget } from './remote-snapshot.ts';
import { batchWithoutTexts, rolloutsWithoutTexts } from './without-code.ts';

interface RemotePolicyOptions {
  readonly connection: Connection<PolicyCalls>;
  readonly opened: Opened;
  readonly texts: PolicyTexts;
}

/** A policy that lives in a thread of its own: what needs weights is asked there, what needs texts alone is done here. */
export class RemotePolicy implements Policy {
  readonly dimensions: Policy['dimensions'];
  readonly notes: readonly string[];
  readonly seenPrompt: Policy['seenPrompt'];
  readonly usesPrompt: Policy['usesPrompt'];
  readonly tokenTexts: NonNullable<Policy['tokenTexts']>;
  readonly adapter?: () => Promise<StoredAdapter>;
  readonly saveAdapter?: NonNullable<Policy['saveAdapter']>;
  readonly saveBase?: NonNullable<Policy['saveBase']>;
  readonly target?: Sampler;
  readonly #connection: Connection<PolicyCalls>;
  readonly #texts: PolicyTexts;
  #standing: Standing;
  #snapshots = 0;

  constructor({ connection, opened, texts }: RemotePolicyOptions) {
    const { standing, dimensions, notes, has } = opened;
    this.#connection = connection;
    this.#texts = texts;
    this.#standing = standing;
    this.dimensions = dimensions;
    this.notes = notes;
    ({ seenPrompt: this.seenPrompt, usesPrompt: this.usesPrompt, tokenTexts: this.tokenTexts } = texts);
    if (has.adapter) this.adapter = () => connection.call('adapter', []);
    if (has.saveAdapter) this.saveAdapter = (folder, base) => connection.call('saveAdapter', [folder, base]);
    if (has.saveBase) this.saveBase = (folder) => connection.call('saveBase', [folder]);
    if (has.target) this.target = remoteTarget(connection, texts);
  }

  get version(): number {
    return this.#standing.version;
  }

  get beta(): number {
    return this.#standing.beta;
  }

  get betaZeroStep(): number {
    return this.#standing.betaZeroStep;
  }

  snapshot(): PolicySnapshot {
    const { version, beta } = this;
    const place = { connection: this.#connection, number: this.#snapshots++, version, beta };
    return remoteSnapshot(place, this.#texts, { drafts: this.target !== undefined });
  }

  async update(batch: TrainBatch, coefficients?: Coefficients, signal?: AbortSignal): Promise<UpdateMetrics> {
    const args = [batchWithoutTexts(batch), coefficients] as const;
    return this.#after(await this.#connection.call('update', [...args], { signal }));
  }

  async skip(batch: TrainBatch): Promise<UpdateMetrics> {
    return this.#after(await this.#connection.call('skip', [batchWithoutTexts(batch)]));
  }

  referenceLogprobs(rollouts: readonly Rollout[], signal?: AbortSignal) {
    return this.#connection.call('referenceLogprobs', [rolloutsWithoutTexts(rollouts)], { signal });
  }

  logprobs(rollouts: readonly Rollout[], signal?: AbortSignal) {
    return this.#connection.call('logprobs', [rolloutsWithoutTexts(rollouts)], { signal });
  }

  logits(batch: TokenBatch) {
    return this.#connection.call('logits', [batch]);
  }

  state(): Promise<PolicyState> {
    return this.#connection.call('state', []);
  }

  async restore(state: PolicyState): Promise<void> {
    const transfer = buffersOf(Object.values(state.arrays).map(({ data }) => data));
    this.#standing = await this.#connection.call('restore', [state], { transfer });
  }

  saveMerged(out: string, options?: SaveOptions): Promise<void> {
    return this.#connection.call('saveMerged', [out, options]);
  }

  async dispose(): Promise<void> {
    // Of a thread that has ended nothing is left to dispose of.
    if (this.#connection.hasEnded) return;
    try {
      await this.#connection.call('dispose', []);
    } finally {
      await this.#connection.close();
    }
  }

  #after({ metrics, standing }: Stepped): UpdateMetrics {
    this.#standing = standing;
    return metrics;
  }
}
