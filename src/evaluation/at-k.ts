/**
 * pass@k: the probability that at least one of k samples is right, of which `right` in `samples` were, without bias:
 *   1 − C(n − c, k) / C(n, k).
 * https://arxiv.org/abs/2107.03374
 */
export function passAt(
  k: number,
  { samples, right }: { readonly samples: number; readonly right: number },
): number {
  let allWrong = 1;
  for (let i = 0; i < k; i++) allWrong *= Math.max(0, samples - right - i) / (samples - i);
  return 1 - allWrong;
}

/** A sample's vote: the answer it gives, undefined for none; and whether it is right. */
export interface Vote {
  readonly answer: string | undefined;
  readonly right: boolean;
}

/**
 * maj@n: 1 when the most frequent answer is right, else 0 (self-consistency, https://arxiv.org/abs/2203.11171). Answers
 * that tie count as if one of them were drawn at random. Samples without an answer don't vote; 0 when nobody votes.
 */
export function majority(votes: readonly Vote[]): number {
  const ballots = new Map<string, { count: number; right: number }>();
  for (const { answer, right } of votes) {
    if (answer === undefined) continue;
    const { count, right: sofar } = ballots.get(answer) ?? { count: 0, right: 0 };
    ballots.set(answer, { count: count + 1, right: sofar + (right ? 1 : 0) });
  }
  const most = Math.max(0, ...[...ballots.values()].map(({ count }) => count));
  const first = [...ballots.values()].filter(({ count }) => count === most);
  if (first.length === 0) return 0;
  return first.reduce((sum, { count, right }) => sum + right / count, 0) / first.length;
}

/** The values of k for which pass@k of n samples is reported: powers of 2, and n itself. */
export function passLevels(samples: number): number[] {
  const levels: number[] = [];
  for (let k = 1; k < samples; k *= 2) levels.push(k);
  return [...levels, samples];
}
