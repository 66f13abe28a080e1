/** The k-th greatest of some numbers, k ≤ their count: one pass with a min-heap of the k greatest so far. */
export function kthGreatest(values: ArrayLike<number>, k: number): number {
  const heap = Float64Array.from({ length: k }, (_, i) => values[i]!).sort();
  for (let i = k; i < values.length; i++) {
    if (values[i]! > heap[0]!) replaceRoot(heap, values[i]!);
  }
  return heap[0]!;
}

function replaceRoot(heap: Float64Array, value: number): void {
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
