import { shortNumber } from '../../format.ts';
import type { RolloutView } from '../../page-data.ts';
import { signOf } from './extremes.tsx';
import { type Colouring, Tokens } from './tokens.tsx';

/** A completion with everything that is known about it. */
export function RolloutCard({
  rollout,
  colouring,
}: {
  readonly rollout: RolloutView;
  readonly colouring: Colouring;
}) {
  const { step, task, prompt, turns, rewards, reward, advantage, beta, tokens, finish } = rollout;
  const scores = Object.entries(rewards);
  return (
    <li class="card">
      <header>
        <span>
          step <b>{step}</b>
        </span>
        <span>
          reward <b>{shortNumber(reward ?? Number.NaN)}</b>
        </span>
        {scores.length > 1 &&
          scores.map(([name, score]) => (
            <span key={name}>
              {name} <b>{score === null ? 'does not apply' : shortNumber(score)}</b>
            </span>
          ))}
        <span class={signOf(advantage)}>
          advantage <b class={signOf(advantage)}>{shortNumber(advantage ?? Number.NaN)}</b>
        </span>
        <span>β {shortNumber(beta)}</span>
        <span>
          {tokens} tokens, {finish === 'length' ? <span class="bad">cut off</span> : finish}
        </span>
        <span class="path">task {task}</span>
      </header>
      {[...prompt, ...(turns ?? []).slice(0, -1)].map(({ role, content }, i) => (
        <div key={i} class="said text">
          <span class="who">{role}</span>
          {content}
        </div>
      ))}
      <div class="said policy text">
        <span class="who">completion</span>
        <Tokens rollout={rollout} colouring={colouring} />
      </div>
    </li>
  );
}
