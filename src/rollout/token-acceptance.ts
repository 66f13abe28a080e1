/**
 * How a draft q does at the tokens x that its target p wrote, [T] each. Tokens that the environment wrote between turns
 * have numbers too, which do not count.
 */
export interface TokenAcceptance {
  /** Σᵥ min(p(v), q(v)): the probability that speculative sampling accepts a token proposed there. */
  readonly acceptance: readonly number[];
  /** log q(x) − log p(x), nats. */
  readonly logRatio: readonly number[];
}
