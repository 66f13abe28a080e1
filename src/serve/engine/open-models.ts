import { readAdapterFolder } from '../../adapter/peft/peft-folder.ts';
import type { StoredAdapter } from '../../adapter/stored-adapter.ts';
import { openEngine } from '../../engine/select/select-engine.ts';
import { RunError } from '../../errors.ts';
import { inTemporaryFolder } from '../../io/temporaries.ts';
import type { ModelConfig } from '../../model/config/model-config.ts';
import { modelPath } from '../../model/config/model-path.ts';
import { readModelConfig } from '../../model/read-config.ts';
import { loadTokenizer } from '../../model/tokenizer/tokenizer.ts';
import { loadWeights } from '../../model/weights/load-weights.ts';
import { createPolicy } from '../../policy/create-policy.ts';
import { restoredPolicy } from '../../run/checkpoint/checkpoint-model.ts';
import { ProgramSets } from './program-sets.ts';
import { type DraftSource, openDraft } from './served-draft.ts';
import { ServedModels } from './served-models.ts';
import { servedText } from './served-text.ts';
import type { AdapterSource, BaseSource, Named, ServiceSettings } from './service-calls.ts';

/** What is opened: a base model, adapters on it, and a draft of it. */
interface Opened {
  readonly base: Named<BaseSource>;
  readonly adapters: readonly Named<AdapterSource>[];
  readonly draft: DraftSource | undefined;
}

/**
 * Loads the models of a service, in the thread that computes them.
 * @throws InputError when one can't be had, or an adapter or the draft does not fit; RefusedError as `restoredPolicy`.
 */
export async function openModels(
  { base, adapters, draft }: Opened,
  settings: ServiceSettings,
): Promise<ServedModels> {
  // Policies of checkpoints come first: each holds a base of its own until its adapter is taken.
  const restored = new Map<string, StoredAdapter>();
  for (const { name, source } of adapters)
    if (source.kind === 'checkpoint') restored.set(name, await adapterOf(source));
  const { config, tokenizer, weights } = await loadBase(base.source, settings);
  const engine = await openEngine(settings.engine);
  const target = { config, tokenizer, weights, source: base.given };
  const opening = { engine, baseDtype: settings.baseDtype };
  const models = new ServedModels({
    engine,
    sets: new ProgramSets(engine, { config, weights }),
    text: servedText(config, tokenizer),
    draft: draft && (await openDraft(draft, target, opening)),
    settings,
  });
  models.add(base, undefined);
  for (const adapter of adapters)
    models.add(adapter, restored.get(adapter.name) ?? (await readFolder(adapter.source, config)));
  return models;
}

async function loadBase(source: BaseSource, settings: ServiceSettings) {
  if (source.kind === 'model') return loadParts(source.path, settings);
  return inTemporaryFolder(async (folder) => {
    const { model } = await restoredPolicy(source.path, folder, { recipe: source.recipe, createPolicy });
    return loadParts(model, settings);
  });
}

async function loadParts(name: string, { baseDtype }: ServiceSettings) {
  const path = await modelPath(name);
  const config = await readModelConfig(path);
  const tokenizer = await loadTokenizer(path);
  return { config, tokenizer, weights: await loadWeights(path, config, baseDtype) };
}

async function adapterOf({
  path,
  recipe,
}: Extract<AdapterSource, { kind: 'checkpoint' }>): Promise<StoredAdapter> {
  return inTemporaryFolder(async (folder) => {
    const { adapter } = await restoredPolicy(path, folder, { recipe, createPolicy });
    if (adapter === undefined) throw new RunError(`${path} has no adapter`);
    return adapter;
  });
}

function readFolder(source: AdapterSource, config: ModelConfig): Promise<StoredAdapter> {
  if (source.kind === 'folder') return readAdapterFolder(source.folder, config);
  throw new RunError(`the adapter of ${source.path} was not restored`);
}
