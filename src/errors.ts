/** Root of every error that anneal raises on purpose: its message says what was wrong and how to mend it. */
export class AnnealError extends Error {
  override readonly name: string = 'AnnealError';
}

/** Bad input found at the edge, before any work starts. The CLI prints it as one line and exits with code 2. */
export class InputError extends AnnealError {
  override readonly name = 'InputError';
}

/** Something failed while a run was under way. The CLI names the last good checkpoint and exits with code 1. */
export class RunError extends AnnealError {
  override readonly name = 'RunError';
}

/** Training has diverged: the loss or the gradient is not finite any more. More steps can't mend it. */
export class DivergedError extends AnnealError {
  override readonly name = 'DivergedError';
}

/** A well-formed request that must not be granted, such as merging while β ≠ 0. The CLI exits with code 1. */
export class RefusedError extends AnnealError {
  override readonly name = 'RefusedError';
}

/** The engine can't compute what was asked: an op without a kernel, or a value read while tracing. */
export class EngineError extends AnnealError {
  override readonly name = 'EngineError';
}
