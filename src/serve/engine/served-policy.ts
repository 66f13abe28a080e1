import { adapterInputs } from '../../adapter/adapter-inputs.ts';
import { annealOf, type StoredAdapter } from '../../adapter/stored-adapter.ts';
import type { ModelConfig } from '../../model/config/model-config.ts';
import type { ModelWeights } from '../../model/model-programs.ts';
import type { DraftModel } from '../../rollout/session/speculation.ts';
import type { ServedModel } from '../model-service.ts';
import { GenerationLane } from './generation-lane.ts';
import type { ProgramSet, ProgramSets } from './program-sets.ts';
import { ScoringLane } from './scoring-lane.ts';
import type { ServedText } from './served-text.ts';
import type { ServiceSettings } from './service-calls.ts';

/** One model, or one adapter on the base, as it is at one moment. */
export interface ServedPolicy {
  /** Is released when the policy has left. */
  readonly set: ProgramSet;
  readonly generating: GenerationLane;
  readonly scoring: ScoringLane;
  readonly beta: number | undefined;
}

/** Makes what serves an adapter on the base, or the base alone. */
export function servedPolicy(parts: PolicyParts, adapter: StoredAdapter | undefined): ServedPolicy {
  const set = parts.sets.take(adapter);
  try {
    return policyWith(set, parts, adapter);
  } catch (error) {
    parts.sets.release(set);
    throw error;
  }
}

function policyWith(
  set: ProgramSet,
  { text, cacheBytes, scoringBytes, chunked, draft }: PolicyParts,
  adapter: StoredAdapter | undefined,
): ServedPolicy {
  const weights = weightsOf(set, adapter);
  const model = set.programs.decoding(weights);
  // The products with an adapter's tensors are those of a single row in a step of one.
  const leastRows = adapter === undefined ? 1 : 2;
  return {
    set,
    generating: new GenerationLane(model, text, { cacheBytes, chunked, leastRows, draft }),
    scoring: new ScoringLane({
      set,
      weights,
      views: text.views,
      chunk: chunked.chunk,
      cacheBytes: scoringBytes,
    }),
    beta: adapter === undefined ? undefined : Math.max(...betasOf(adapter, set.config)),
  };
}

export interface PolicyParts extends Pick<ServiceSettings, 'chunked'> {
  readonly sets: ProgramSets;
  readonly text: ServedText;
  /** What this policy may take of the memory for keys and values at the moment. */
  readonly cacheBytes: () => number;
  /** What the prompts that it scores may take of it. */
  readonly scoringBytes: () => number;
  /** Proposes tokens for this policy. */
  readonly draft: DraftModel | undefined;
}

const betasOf = (adapter: StoredAdapter, { layers }: ModelConfig): readonly number[] =>
  annealOf(adapter, layers).betas;

function weightsOf({ base, config }: ProgramSet, adapter: StoredAdapter | undefined): ModelWeights {
  if (adapter === undefined) return { base, adapter: {} };
  const { spec, tensors } = adapter;
  return { base, adapter: adapterInputs(spec, { tensors, betas: betasOf(adapter, config), base }) };
}

/** What is told of a served model. */
export function describe(
  names: Pick<ServedModel, 'name' | 'source' | 'draft'>,
  { beta }: ServedPolicy,
  { config, tokenizer }: ServedText,
): ServedModel {
  return {
    ...names,
    beta,
    maxPositions: config.maxPositionEmbeddings,
    vocabSize: config.vocabSize,
    hasChatTemplate: tokenizer.hasChatTemplate,
  };
}
