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

/** The completions, or the scored prompts, of a policy. */
type Lane = ServedPolicy['generating'] | ServedPolicy['scoring'];

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
    const cacheBytes = (): number => this.bytesFor(policy.generating);
    const scoringBytes = (): number => this.bytesFor(policy.scoring);
    const parts = { sets, text, cacheBytes, scoringBytes, chunked, draft };
    const policy: ServedPolicy = servedPolicy(parts, adapter);
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
    const lanes = this.lanes();
    const sum = (of: (lane: Lane) => number) => lanes.reduce((total, lane) => total + of(lane), 0);
    return {
      waiting: sum(({ rows }) => rows.waiting),
      running: sum(({ rows }) => rows.active),
      cacheBytes: sum(({ memory }) => memory.bytes),
      cacheUsedBytes: sum(({ memory }) => memory.used),
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
    for (const lane of this.lanes()) lane.fail(closed);
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

  private lanes(): Lane[] {
    return this.policies().flatMap(({ generating, scoring }) => [generating, scoring]);
  }

  /** The memory for keys and values that the others leave to the completions, or the scored prompts, of a policy. */
  private bytesFor(lane: Lane): number {
    const others = this.lanes().filter((each) => each !== lane);
    const taken = others.reduce((sum, { claimed }) => sum + claimed, 0);
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
      const lanes = [policy.generating, policy.scoring];
      if (lanes.some((lane) => !lane.idle || this.scheduler.isStepping(lane))) continue;
      this.leaving.delete(policy);
      for (const lane of lanes) this.scheduler.remove(lane);
      this.parts.sets.release(policy.set);
    }
  }
}
