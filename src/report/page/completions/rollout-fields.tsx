import type { PageRun } from '../state/page-run.ts';
import type { RolloutFilter } from './rollout-filter.ts';
import type { Colouring } from './tokens.tsx';

/** The form that filters completions. */
export function RolloutFields({
  runs,
  filter,
  change,
  colouring,
  setColouring,
}: {
  readonly runs: readonly PageRun[];
  readonly filter: RolloutFilter;
  readonly change: (changed: Partial<RolloutFilter>) => void;
  readonly colouring: Colouring;
  readonly setColouring: (colouring: Colouring) => void;
}) {
  return (
    <fieldset>
      <legend>Which completions</legend>
      {runs.length > 1 && (
        <label>
          run
          <select
            value={filter.run || runs[0]!.id}
            onChange={(event) => change({ run: event.currentTarget.value })}
          >
            {runs.map((run) => (
              <option key={run.id} value={run.id}>
                {run.group}, seed {run.seed} ({run.id})
              </option>
            ))}
          </select>
        </label>
      )}
      <Bounds
        name="step"
        from={filter.stepFrom}
        to={filter.stepTo}
        set={(stepFrom, stepTo) => change({ stepFrom, stepTo })}
      />
      <Bounds
        name="reward"
        from={filter.rewardFrom}
        to={filter.rewardTo}
        set={(rewardFrom, rewardTo) => change({ rewardFrom, rewardTo })}
      />
      <label class="wide">
        text in prompt or completion
        <input
          type="search"
          value={filter.text}
          onInput={(event) => change({ text: event.currentTarget.value })}
        />
      </label>
      <label>
        order
        <select
          value={filter.order}
          onChange={(event) => change({ order: event.currentTarget.value as RolloutFilter['order'] })}
        >
          <option value="step">first step first</option>
          <option value="latest">last step first</option>
          <option value="best">highest reward first</option>
          <option value="worst">lowest reward first</option>
          <option value="advantage">largest advantage first</option>
        </select>
      </label>
      <label>
        colour tokens by
        <select value={colouring} onChange={(event) => setColouring(event.currentTarget.value as Colouring)}>
          <option value="none">nothing</option>
          <option value="logprob">log-prob (unlikely: darker)</option>
          <option value="advantage">advantage (green +, red −)</option>
        </select>
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={filter.cutOff}
          onChange={(event) => change({ cutOff: event.currentTarget.checked })}
        />
        <span>only cut off</span>
      </label>
    </fieldset>
  );
}

function Bounds({
  name,
  from,
  to,
  set,
}: {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly set: (from: string, to: string) => void;
}) {
  return (
    <label>
      {name}
      <span class="pair">
        <input
          type="number"
          step="any"
          aria-label={`${name}, from`}
          value={from}
          onInput={(event) => set(event.currentTarget.value, to)}
        />
        to
        <input
          type="number"
          step="any"
          aria-label={`${name}, to`}
          value={to}
          onInput={(event) => set(from, event.currentTarget.value)}
        />
      </span>
    </label>
  );
}
