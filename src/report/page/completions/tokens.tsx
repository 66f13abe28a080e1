import { shortNumber } from '../../format.ts';
import type { RolloutView } from '../../page-data.ts';

/** What the tokens of a completion are coloured by. */
export type Colouring = 'none' | 'logprob' | 'advantage';

/** Nats at which a token counts as wholly unlikely. */
const UNLIKELY = 4;

/** A completion, each token coloured: by its log-prob where it is low, or by its advantage's sign and size. */
export function Tokens({
  rollout,
  colouring,
}: {
  readonly rollout: RolloutView;
  readonly colouring: Colouring;
}) {
  const { tokenTexts, tokenLogprobs, tokenAdvantages, advantage, completion } = rollout;
  if (colouring === 'none') return <>{completion}</>;
  if (tokenTexts === undefined || (colouring === 'logprob' && tokenLogprobs === undefined)) {
    if (colouring !== 'advantage') return <>{completion}</>;
    return <Token text={completion} {...ofAdvantage(advantage)} />;
  }
  return (
    <>
      {tokenTexts.map((text, i) => (
        <Token
          key={i}
          text={text}
          {...(colouring === 'logprob'
            ? ofLogprob(tokenLogprobs![i] ?? null)
            : ofAdvantage(tokenAdvantages?.[i] ?? advantage))}
        />
      ))}
    </>
  );
}

interface Tint {
  readonly tint: string;
  /** In [0, 1]. */
  readonly share: number;
  readonly title: string;
}

function Token({ text, tint, share, title }: Tint & { readonly text: string }) {
  return (
    <span
      class="token"
      title={title}
      style={{ '--tint': `var(${tint})`, '--share': String(Math.round(65 * share)) }}
    >
      {text}
    </span>
  );
}

function ofLogprob(logprob: number | null): Tint {
  if (logprob === null) return { tint: '--soft', share: 0, title: 'written by the environment' };
  const chance = (100 * Math.exp(logprob)).toPrecision(3);
  const title = `log-prob ${shortNumber(logprob)} (${Number(chance)} %)`;
  return { tint: '--warm', share: Math.min(1, -logprob / UNLIKELY), title };
}

function ofAdvantage(advantage: number | null): Tint {
  if (advantage === null) return { tint: '--soft', share: 0, title: 'no advantage' };
  const share = Math.min(1, Math.abs(advantage) / 2);
  return { tint: advantage > 0 ? '--good' : '--bad', share, title: `advantage ${shortNumber(advantage)}` };
}
