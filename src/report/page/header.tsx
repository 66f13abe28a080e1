import type { PageData } from '../page-data.ts';
import type { Connection } from './state/live.ts';
import type { PageRun } from './state/page-run.ts';
import { leadOf } from './tiles.tsx';

const STATES: Readonly<
  Record<Exclude<Connection, 'none'>, { look: string; text: (what: string) => string }>
> = {
  connecting: { look: 'live', text: (what) => `Connecting to the ${what}…` },
  open: { look: 'live on', text: (what) => `Following the ${what}` },
  lost: { look: 'live lost', text: () => 'Connection lost: trying again' },
  ended: { look: 'live', text: (what) => `The ${what} has ended: this page stays as it is` },
};

/** The page's title, its sections, and the choice of theme. */
export function Header({
  data,
  runs,
  theme,
  toggle,
  connection,
  drawn,
}: {
  readonly data: PageData;
  readonly runs: readonly PageRun[];
  readonly theme: 'light' | 'dark';
  readonly toggle: () => void;
  readonly connection: Connection;
  /** Whether there are curves. */
  readonly drawn: boolean;
}) {
  const sections = sectionsOf(data, runs, drawn);
  return (
    <header>
      <div class="top">
        <div>
          <h1>{data.title}</h1>
          <p class="lead">{leadText(data, runs)}</p>
        </div>
        <button
          type="button"
          onClick={toggle}
          aria-label={`Show in ${theme === 'dark' ? 'light' : 'dark'} colours`}
        >
          {theme === 'dark' ? 'Light' : 'Dark'}
        </button>
      </div>
      {connection !== 'none' && (
        <p role="status" class="note">
          <span class={STATES[connection].look}>
            {STATES[connection].text(data.experiments.length > 0 ? 'comparison' : 'run')}
          </span>
        </p>
      )}
      <nav aria-label="Sections">
        <ul>
          {sections.map(([id, name]) => (
            <li key={id}>
              <a href={`#${id}`}>{name}</a>
            </li>
          ))}
        </ul>
      </nav>
    </header>
  );
}

function leadText({ experiments }: PageData, runs: readonly PageRun[]): string {
  if (experiments.length === 0 && runs.length === 1) return leadOf(runs[0]!);
  const recipes = new Set(runs.map((run) => run.subject)).size;
  const count = (n: number, noun: string) => `${n} ${noun}${n === 1 ? '' : 's'}`;
  const parts = [
    ...(experiments.length > 0 ? [count(experiments.length, 'experiment')] : []),
    ...(runs.length > 0 ? [count(runs.length, 'run')] : []),
    ...(recipes > 1 ? [`of ${recipes} recipes`] : []),
  ];
  return parts.length === 0 ? 'Nothing has begun yet.' : `${parts.join(', ')}.`;
}

function sectionsOf(
  { experiments }: PageData,
  runs: readonly PageRun[],
  drawn: boolean,
): (readonly [string, string])[] {
  const several = new Set(runs.map((run) => `${run.subject} ${run.group}`)).size > 1;
  const all: readonly (readonly [boolean, string, string])[] = [
    ...experiments.map(({ results }, i) => [true, `experiment-${i}`, results.name] as const),
    [runs.length > 1, 'runs', 'Runs'],
    [drawn, 'curves', 'Curves'],
    [drawn && several, 'multiples', 'Side by side'],
    [runs.some(({ rollouts }) => rollouts.length > 0), 'completions', 'Completions'],
    [runs.some(({ verification }) => verification !== null), 'verification', 'Merge verification'],
    [runs.length > 0, 'settings', runs.length === 1 ? 'Recipe' : 'Recipes'],
  ];
  return all.flatMap(([there, id, name]) => (there ? [[id, name] as const] : []));
}
