import { combineMetrics } from '../algorithm/loss/terms/metrics.ts';
import type { MicroResult } from './programs/update-program.ts';

/**
 * Adds up the losses, gradients and metrics of a batch's micro-batches as they come. It holds one sum of gradients,
 * however many micro-batches there are.
 */
export class GradientSum {
  /** How many micro-batches it holds. */
  private parts = 0;
  private total = 0;
  private readonly metricParts: MicroResult['metrics'][] = [];
  private readonly sums: Record<string, Float32Array> = {};

  /** Adds a micro-batch. The first one's arrays become the sum, so the caller leaves them alone from then on. */
  add({ loss, metrics, gradients }: MicroResult): void {
    this.parts++;
    this.total += loss;
    this.metricParts.push(metrics);
    for (const [name, gradient] of Object.entries(gradients)) {
      const sum = this.sums[name];
      if (sum === undefined) this.sums[name] = gradient;
      else for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + gradient[i]!;
    }
  }

  /** True before the first micro-batch: then there is no step to take. */
  get isEmpty(): boolean {
    return this.parts === 0;
  }

  /** The loss of the batch. */
  get loss(): number {
    return this.total;
  }

  /** The gradient of the batch by every trained tensor; empty without a micro-batch. */
  get gradients(): Readonly<Record<string, Float32Array>> {
    return this.sums;
  }

  /** The metrics of the batch. */
  metrics(): Record<string, number> {
    return combineMetrics(this.metricParts);
  }
}
