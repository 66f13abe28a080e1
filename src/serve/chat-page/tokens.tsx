import { useState } from 'preact/hooks';
import type { Prob, Sampled } from './state/types.ts';

/** Nats at which a token counts as wholly unlikely. */
const UNLIKELY = 4;

const percent = (logprob: number): string => `${Number((100 * Math.exp(logprob)).toPrecision(3))} %`;

/** White space that would not be seen. */
const seen = (text: string): string =>
  text.replaceAll('\n', '⏎').replaceAll('\t', '⇥').replace(/^ | $/g, '␣') || '·';

/** The texts of tokens. One that completes a character of several tokens shows it; those before show nothing. */
function shownTexts(tokens: readonly Sampled[]): string[] {
  const decoder = new TextDecoder();
  return tokens.map(({ bytes }) => decoder.decode(new Uint8Array(bytes), { stream: true }));
}

/**
 * An answer by its tokens: the less likely, the warmer. Pointing at one, or going to it by the arrow keys, shows what
 * else could have come.
 */
export function Tokens({
  tokens,
  content,
}: {
  readonly tokens: readonly Sampled[];
  readonly content: string;
}) {
  const [at, setAt] = useState<number>();
  const texts = shownTexts(tokens);
  const beyond = texts.join('').length > content.length;
  const move = (event: KeyboardEvent) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (event.key === 'Escape') setAt(undefined);
    if (by === undefined) return;
    event.preventDefault();
    setAt(Math.min(tokens.length - 1, Math.max(0, (at ?? -1) + by)));
  };
  return (
    <div
      class="tokens"
      role="listbox"
      aria-label="Tokens"
      tabIndex={0}
      onKeyDown={move}
      onMouseLeave={() => setAt(undefined)}
    >
      {tokens.map((token, i) => (
        <span
          key={i}
          role="option"
          tabIndex={-1}
          aria-selected={i === at}
          class={`token${i === at ? ' at' : ''}${beyond && i === tokens.length - 1 ? ' end' : ''}`}
          style={{ '--share': String(Math.round(65 * Math.min(1, -token.logprob / UNLIKELY))) }}
          onMouseEnter={() => setAt(i)}
        >
          {texts[i]}
          {i === at && <Alternatives token={token} />}
        </span>
      ))}
    </div>
  );
}

function Alternatives({ token }: { readonly token: Sampled }) {
  const rows = token.top_logprobs.some((other) => same(other, token))
    ? token.top_logprobs
    : [...token.top_logprobs, token];
  return (
    <table class="alternatives" role="tooltip">
      <tbody>
        {rows.map((row, i) => (
          <tr key={i} class={same(row, token) ? 'chosen' : ''}>
            <td>
              <code>{seen(row.token)}</code>
            </td>
            <td>{percent(row.logprob)}</td>
            <td>{row.logprob.toFixed(3)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const same = (a: Prob, b: Prob): boolean => a.token === b.token && a.logprob === b.logprob;
