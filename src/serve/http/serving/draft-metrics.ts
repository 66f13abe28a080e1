import { Counter, Gauge, type Registry } from 'prom-client';
import type { ModelService } from '../../model-service.ts';

/** Adds to a registry what /metrics tells of a draft. */
export function addDraftMetrics(service: ModelService, registers: Registry[]): void {
  new Gauge({
    name: 'anneal_draft_acceptance_length',
    help: 'Tokens that a completion gets from a call of the model with a draft, the mean since the start.',
    registers,
    collect() {
      const { calls, tokens } = service.stats().draft ?? { calls: 0, tokens: 0 };
      this.set(calls === 0 ? 0 : tokens / calls);
    },
  });
  new Counter({
    name: 'anneal_draft_tokens_total',
    help: 'Tokens: that the draft proposed, and that the model accepted.',
    labelNames: ['kind'],
    registers,
    collect() {
      const { proposed, accepted } = service.stats().draft ?? { proposed: 0, accepted: 0 };
      this.reset();
      this.inc({ kind: 'proposed' }, proposed);
      this.inc({ kind: 'accepted' }, accepted);
    },
  });
}
