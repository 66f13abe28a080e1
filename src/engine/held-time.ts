// An engine that computes in this thread holds it: no timer rings and no answer of a judge arrives meanwhile. Who times
// other code subtracts that.

let held = 0;

/** Milliseconds for which engines have held this thread since the program began. */
export const heldTime = (): number => held;

/** Computes, and adds up how long the thread was held. */
export function holding<T>(compute: () => T): T {
  const start = performance.now();
  try {
    return compute();
  } finally {
    held += performance.now() - start;
  }
}

/**
 * The same for what begins later, as onnxruntime does: both `run` and `create` compute in a callback of setImmediate.
 * The callback of the one that is set here comes right before theirs.
 */
export async function holdingSoon<T>(begin: () => Promise<T>): Promise<T> {
  let start = performance.now();
  setImmediate(() => {
    start = performance.now();
  });
  try {
    return await begin();
  } finally {
    held += performance.now() - start;
  }
}
