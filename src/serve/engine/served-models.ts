import type { StoredAdapter } from '../../adapter/stored-adapter.ts';
import type { Engine } from '../../engine/engine.ts';
import { RunError } from '../../errors.ts';
import type {
  GeneratedToken,
  GenerationDelta,
  GenerationEnd,
  GenerationRequest,
  ServedModel,
  ServiceStats,
} from '../model-service.ts';
import { notServed } from './not-served.ts';
import type { ProgramSets } from './program-sets.ts';
import { Scheduler } from './scheduler.ts';
import type { ServedDraft } from './served-draft.ts';
import { describe, type ServedPolicy, servedPolicy } from './served-policy.ts';
import type { ServedText } from './served-text.ts';
import type { ServiceSettings } from './service-calls.ts';

interface Parts {
  readonly engine: Engine;
  readonly sets: ProgramSets;
  readonly text: ServedText;
  /** Proposes tokens for the base alone. */
  readonly draft: ServedDraft | undefined;
  readonly settings: ServiceSettings;
}

interface Served {
  readonly described: ServedModel;
  readonly policy: ServedPolicy;
}

/** The models of a service, by name, in the thread that computes them. */
export class ServedModels {
  readonly text: ServedText;
  /** Is called when the numbers of `stats` may have changed. */
  onChange: () => void = () => {};
  private readonly parts: Parts;
  private readonly scheduler = new Scheduler(() => this.afterStep());
  private readonly served = new Map<string, Served>();
  /** Policies that were replaced while requests of theirs are under way. */
  private readonly leaving = new Set<ServedPolicy>();
  private tokens = 0;
  private promptTokens = 0;
  private cachedTokens = 0;

  constructor(parts: Parts) {
    this.parts = parts;
    this.text = parts.text;
  }

  /** Serves an adapter by a name, or the base alone; in place of what had the name before. @throws InputError. */
  add(
    { name, given }: { readonly name: string; readonly given: string },
    adapter: StoredAdapter | undefined,
  ): ServedModel {
    const { sets, text, settings } = this.parts;
    const { chunked } = settings;
    const draft = adapter === undefined ? this.parts.draft : undefined;
    const cacheBytes = (): number => this.bytesFor(policy);
    const policy: ServedPolicy = servedPolicy({ sets, text, cacheBytes, chunked, draft }, adapter);
    const described = describe({ name, source: given, draft: draft?.source }, policy, text);
    const before = this.served.get(name);
    if (before !== undefined) this.leaving.add(before.policy);
    this.served.set(name, { described, policy });
    for (const work of [policy.generating, policy.scoring]) this.scheduler.add(work);
    this.removeIdle();
    return described;
  }

  describe(): ServedModel[] {
    return [...this.served.values()].map(({ described }) => described);
  }

  async generate(
    request: GenerationRequest,
    onDelta: (delta: GenerationDelta) => void,
    signal: AbortSignal,
  ): Promise<GenerationEnd> {
    const counted = (delta: GenerationDelta) => {
      this.tokens += delta.tokens.length;
      onDelta(delta);
    };
    const policy = this.policy(request.model);
    this.makeRoom(policy);
    const ended = policy.generating.start(request, counted, signal);
    this.scheduler.wake();
    const end = await ended;
    this.promptTokens += end.usage.promptTokens;
    this.cachedTokens += end.usage.cachedTokens;
    return end;
  }

  score(
    {
      model,
      ids,
      topLogprobs,
    }: { readonly model: string; readonly ids: readonly number[]; readonly topLogprobs: number },
    signal: AbortSignal,
  ): Promise<readonly (GeneratedToken | undefined)[]> {
    const scored = this.policy(model).scoring.score(ids, topLogprobs, signal);
    this.scheduler.wake();
    return scored;
  }

  stats(): ServiceStats {
    const policies = this.policies();
    const sum = (of: (policy: ServedPolicy) => number) =>
      policies.reduce((total, policy) => total + of(policy), 0);
    return {
      waiting: sum(({ generating }) => generating.rows.waiting),
      running: sum(({ generating, scoring }) => generating.rows.active + scoring.count),
      cacheBytes: sum(({ generating }) => generating.memory.bytes),
      cacheUsedBytes: sum(({ generating }) => generating.memory.used),
      generatedTokens: this.tokens,
      promptTokens: this.promptTokens,
      cachedTokens: this.cachedTokens,
      draft: policies.find(({ generating }) => generating.drafted)?.generating.drafted,
    };
  }

  /** Gives up what is under way, waits for the step that is being computed, and releases everything. */
  async dispose(): Promise<void> {
    const stopped = this.scheduler.stop();
    const closed = new RunError('the models were closed: a request was not finished');
    for (const { generating, scoring } of this.policies())
      for (const work of [generating, scoring]) work.fail(closed);
    await stopped;
    await this.parts.draft?.dispose();
    await this.parts.sets.dispose();
    await this.parts.engine.dispose();
  }

  /** @throws InputError for a name that is not served. */
  private policy(name: string): ServedPolicy {
    const found = this.served.get(name);
    if (found !== undefined) return found.policy;
    throw notServed(name, this.served.keys());
  }

  private policies(): ServedPolicy[] {
    return [...[...this.served.values()].map(({ policy }) => policy), ...this.leaving];
  }

  /** The memory for keys and values that the other policies leave to one. */
  private bytesFor(policy: ServedPolicy): number {
    const others = this.policies().filter((each) => each !== policy);
    const taken = others.reduce((sum, { generating }) => sum + generating.claimed, 0);
    return Math.max(0, this.parts.settings.cacheBytes - taken);
  }

  /** Models without work keep no more prompts than their share while another works. */
  private makeRoom(policy: ServedPolicy): void {
    const policies = this.policies();
    const share = this.parts.settings.cacheBytes / (2 * policies.length);
    for (const each of policies)
      if (each !== policy && each.generating.idle) each.generating.shrinkKept(share);
  }

  private afterStep(): void {
    this.removeIdle();
    this.onChange();
  }

  private removeIdle(): void {
    for (const policy of this.leaving) {
      if (!policy.generating.idle || !policy.scoring.idle) continue;
      this.leaving.delete(policy);
      for (const work of [policy.generating, policy.scoring]) this.scheduler.remove(work);
    }
  }
}
