import { useMemo, useState } from 'preact/hooks';
import { count } from '../../format.ts';
import type { PageRun } from '../state/page-run.ts';
import { Extremes } from './extremes.tsx';
import { RolloutCard } from './rollout-card.tsx';
import { RolloutFields } from './rollout-fields.tsx';
import { filtered, noFilter, type RolloutFilter } from './rollout-filter.ts';
import type { Colouring } from './tokens.tsx';

/** Completions that are shown at first, and more at each press of the button. */
const PAGE = 12;

/** A browser of the completions that runs were trained on. */
export function RolloutsSection({
  runs,
  refresh,
}: {
  readonly runs: readonly PageRun[];
  /** Fetches the newest completions of a run that is followed. */
  readonly refresh?: (() => void) | undefined;
}) {
  const withRollouts = runs.filter(({ rollouts }) => rollouts.length > 0);
  const [filter, setFilter] = useState<RolloutFilter>(noFilter);
  const [colouring, setColouring] = useState<Colouring>('logprob');
  const [shown, setShown] = useState(PAGE);
  const run = withRollouts.find(({ id }) => id === filter.run) ?? withRollouts[0];
  const found = useMemo(() => (run === undefined ? [] : filtered(run.rollouts, filter)), [run, filter]);
  if (run === undefined) {
    return refresh === undefined ? null : (
      <section aria-labelledby="completions">
        <h2 id="completions">Completions</h2>
        <RefreshButton refresh={refresh} />
      </section>
    );
  }
  const change = (changed: Partial<RolloutFilter>) => {
    setFilter({ ...filter, ...changed });
    setShown(PAGE);
  };
  return (
    <section aria-labelledby="completions">
      <h2 id="completions">Completions</h2>
      {runs.length === 1 && <Extremes run={run} />}
      <h3>All completions</h3>
      {run.rolloutsNote !== '' && <p class="note">{run.rolloutsNote}</p>}
      {refresh && <RefreshButton refresh={refresh} />}
      <RolloutFields
        runs={withRollouts}
        filter={filter}
        change={change}
        colouring={colouring}
        setColouring={setColouring}
      />
      <p role="status" class="note">
        {found.length === 0
          ? 'No completion fits.'
          : `${count(found.length)} of ${count(run.rollouts.length)} completions fit.`}
        {colouring === 'logprob' &&
        found.length > 0 &&
        !found.some(({ tokenLogprobs }) => tokenLogprobs !== undefined)
          ? ' None of them has log-probs: they are recorded for the first prompt of a batch.'
          : ''}
      </p>
      <ol class="cards">
        {found.slice(0, shown).map((rollout, i) => (
          <RolloutCard key={i} rollout={rollout} colouring={colouring} />
        ))}
      </ol>
      {found.length > shown && (
        <button type="button" onClick={() => setShown(shown + PAGE)}>
          Show {Math.min(PAGE, found.length - shown)} more
        </button>
      )}
    </section>
  );
}

function RefreshButton({ refresh }: { readonly refresh: () => void }) {
  return (
    <p>
      <button type="button" onClick={refresh}>
        Fetch the newest completions
      </button>
    </p>
  );
}
