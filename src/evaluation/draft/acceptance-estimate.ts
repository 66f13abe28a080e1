import type { TokenAcceptance } from '../../rollout/token-acceptance.ts';
import type { AcceptanceResult } from '../../types.ts';

/** A text of the target with what its draft makes of it; `mask` is 1 for tokens that the target wrote. */
export interface MeasuredText extends TokenAcceptance {
  readonly mask: readonly number[];
}

/**
 * What speculative sampling would accept, from texts x of the target p and the draft q's numbers in them.
 *
 *   rate         mean of Σᵥ min(p(v), q(v)) over all tokens; its interval takes each text as one draw
 *   S(j)         mean of Π_{i<j} min(1, q(x_{t+i})/p(x_{t+i})) over all runs of j tokens: an unbiased estimate of how
 *                often the first j proposals are all accepted, because Σ_x Π min(p, q) = E_{x~p} Π min(1, q/p)
 *   byPosition   S(j)/S(j−1): how often proposal j is accepted when those before it were
 *   length       1 + Σ_{j≤γ} S(j): tokens for each call of the target, with the one that it writes itself
 */
export function estimateAcceptance(texts: readonly MeasuredText[], draftTokens: number): AcceptanceResult {
  const survival = [1];
  for (let j = 1; j <= draftTokens; j++) survival.push(survivalOf(texts, j) ?? 0);
  const [, ...accepted] = survival;
  const tokens = texts.reduce((sum, text) => sum + countOf(text), 0);
  return {
    rate: rateOf(texts),
    length: 1 + accepted.reduce((sum, share) => sum + share, 0),
    byPosition: accepted.map((share, j) => (share === 0 ? 0 : share / survival[j]!)),
    draftTokens,
    tokens,
  };
}

const countOf = ({ mask }: MeasuredText): number => mask.reduce((sum, own) => sum + own, 0);

/** The sum of the acceptance of a text's own tokens. */
export const acceptedOf = ({ acceptance, mask }: MeasuredText): number =>
  acceptance.reduce((sum, each, t) => sum + each * mask[t]!, 0);

/** S(j): the mean over all runs of j tokens in a row; undefined where there is none. */
function survivalOf(texts: readonly MeasuredText[], j: number): number | undefined {
  let [sum, count] = [0, 0];
  for (const { logRatio, mask } of texts) {
    for (let t = 0; t + j <= mask.length; t++) {
      if (!mask.slice(t, t + j).every((own) => own === 1)) continue;
      sum += logRatio.slice(t, t + j).reduce((all, each) => all * Math.min(1, Math.exp(each)), 1);
      count++;
    }
  }
  return count === 0 ? undefined : sum / count;
}

/** The standard normal's 97.5 % quantile. */
const Z = 1.959963984540054;

/** A mean over tokens of texts of several lengths, with the interval of a ratio of sums (its delta method). */
function rateOf(texts: readonly MeasuredText[]): AcceptanceResult['rate'] {
  const sums = texts.map(acceptedOf);
  const counts = texts.map(countOf);
  const [accepted, tokens] = [sums, counts].map((each) => each.reduce((a, b) => a + b, 0)) as [
    number,
    number,
  ];
  const value = tokens === 0 ? 0 : accepted / tokens;
  const n = texts.length;
  if (n < 2 || tokens === 0) return { value, interval: [0, 1] };
  const squares = sums.reduce((all, sum, i) => all + (sum - value * counts[i]!) ** 2, 0);
  const half = (Z * Math.sqrt((squares * n) / (n - 1))) / tokens;
  return { value, interval: [Math.max(0, value - half), Math.min(1, value + half)] };
}
