import type { LogitsProcessor } from './types.ts';

/** Keeps the k greatest logits and all that tie with the k-th, so more than k may remain; 0 keeps every token. */
export function topK(k: number): LogitsProcessor {
  return (logits) => {
    if (k <= 0 || k >= logits.length) return;
    const limit = kthGreatest(logits, k);
    for (let i = 0; i < logits.length; i++) if (logits[i]! < limit) logits[i] = Number.NEGATIVE_INFINITY;
  };
}

/** One pass with a min-heap of the k greatest so far, whose root is the answer. */
function kthGreatest(values: Float32Array, k: number): number {
  const heap = values.slice(0, k).sort();
  for (let i = k; i < values.length; i++) {
    if (values[i]! > heap[0]!) replaceRoot(heap, values[i]!);
  }
  return heap[0]!;
}

function replaceRoot(heap: Float32Array, value: number): void {
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && heap[child + 1]! < heap[child]!) child++;
    if (heap[child]! >= value) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = value;
}
