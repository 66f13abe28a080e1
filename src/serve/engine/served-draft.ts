import { existsSync } from 'node:fs';
import { draftParts } from '../../causal-lm/draft-parts.ts';
import type { Engine, HostTensor, Named } from '../../engine/engine.ts';
import { InputError } from '../../errors.ts';
import type { ModelConfig } from '../../model/config/model-config.ts';
import { modelPath } from '../../model/config/model-path.ts';
import { baseLinear } from '../../model/decoder.ts';
import { ModelPrograms } from '../../model/model-programs.ts';
import { readModelConfig } from '../../model/read-config.ts';
import type { Tokenizer } from '../../model/tokenizer/tokenizer.ts';
import type { BaseDtype } from '../../model/weights/base-weights.ts';
import type { DraftModel } from '../../rollout/session/speculation.ts';
import { isRunFolder, runPaths } from '../../run/folder/paths.ts';

/** A draft for the base model: what a person named, and where it lies. */
export interface DraftSource {
  /** As a person wrote it. */
  readonly given: string;
  /** A model as `loadModel` takes it. */
  readonly model: string;
  /** How many tokens it proposes at a time. */
  readonly tokens: number;
}

/** A draft that computes. */
export interface ServedDraft extends DraftModel {
  /** What is told of it. */
  readonly source: string;
  dispose(): Promise<void>;
}

/** The model that a draft is for. */
interface Target {
  readonly config: ModelConfig;
  readonly tokenizer: Tokenizer;
  readonly weights: Named<HostTensor>;
  /** What it is called where the draft does not fit. */
  readonly source: string;
}

/**
 * Finds a draft: a model, or the merged one of a run.
 * @throws InputError when there is none, or `tokens` is no whole number from 1.
 */
export async function findDraft(
  given: string | undefined,
  tokens: number | undefined,
): Promise<DraftSource | undefined> {
  if (tokens !== undefined && !(Number.isInteger(tokens) && tokens >= 1))
    throw new InputError(`draftTokens must be a whole number from 1 (got ${tokens})`);
  if (given === undefined) {
    if (tokens === undefined) return undefined;
    throw new InputError('draftTokens is for a draft: name one too');
  }
  const model = isRunFolder(given) ? mergedDraft(given) : given;
  // What is missing is told before the base is loaded.
  await readModelConfig(await modelPath(model));
  return { given, model, tokens: tokens ?? 4 };
}

function mergedDraft(run: string): string {
  const { merged } = runPaths(run);
  if (existsSync(merged)) return merged;
  throw new InputError(
    `${merged} is missing: finish the draft's run with --resume, or, if β is 0 already, write it with \`anneal merge ${run}\``,
  );
}

/** Loads a draft of a model. @throws InputError when it can't be had, or has another vocabulary than the model. */
export async function openDraft(
  { given, model, tokens }: DraftSource,
  target: Target,
  { engine, baseDtype }: { readonly engine: Engine; readonly baseDtype: BaseDtype },
): Promise<ServedDraft> {
  const { config, weights } = await draftParts(model, target, baseDtype);
  const programs = new ModelPrograms({ engine, config, frozen: weights, linear: baseLinear });
  return {
    source: given,
    model: programs.decoding({ base: weights, adapter: {} }),
    tokens,
    dispose: () => programs.dispose(),
  };
}
