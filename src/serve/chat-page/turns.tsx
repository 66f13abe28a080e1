import type { Turn } from './state/types.ts';
import { Tokens } from './tokens.tsx';

const names = { system: 'System', user: 'You', assistant: 'Model' } as const;

/** The conversation so far. */
export function Turns({ turns, coloured }: { readonly turns: readonly Turn[]; readonly coloured: boolean }) {
  return (
    <ol class="turns" aria-live="polite">
      {turns.map((turn, i) => (
        <li key={i} class={turn.role}>
          <h2>{names[turn.role]}</h2>
          {coloured && turn.tokens.length > 0 ? (
            <Tokens tokens={turn.tokens} content={turn.content} />
          ) : (
            <div class="text">{turn.content}</div>
          )}
          {turn.role === 'assistant' && <p class="note">{noteOf(turn)}</p>}
        </li>
      ))}
    </ol>
  );
}

function noteOf({ tokens, ended }: Turn): string {
  if (ended === undefined) return tokens.length === 0 ? 'waiting for the first token…' : 'writing…';
  const mean = tokens.reduce((sum, { logprob }) => sum + logprob, 0) / Math.max(1, tokens.length);
  const count = `${tokens.length} token${tokens.length === 1 ? '' : 's'}, mean log-prob ${mean.toFixed(3)}`;
  const why: Record<string, string> = {
    stop: 'ended by itself',
    length: 'ended at the token limit',
    stopped: 'stopped',
  };
  return tokens.length === 0 ? (why[ended] ?? ended) : `${count}; ${why[ended] ?? ended}`;
}
