/** Trainable tensors, or their gradients, by name. */
export type Parameters = Readonly<Record<string, Float32Array>>;

/** A pure optimiser in optax's shape: `init` makes its state, `update` returns the next parameters and state. */
export interface Optimizer<State> {
  init(params: Parameters): State;
  /**
   * One step at learning rate `lr`. The returned parameters are other arrays than `params` (a running sampler may be
   * reading those); the arrays of gradients and state are reused. A tensor without a gradient is returned as it is.
   */
  update(
    grads: Parameters,
    state: State,
    params: Parameters,
    lr: number,
  ): { readonly params: Record<string, Float32Array>; readonly state: State };
}
