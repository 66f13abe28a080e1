import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { addMetrics } from '../../curves.ts';
import { withEval } from '../../eval-points.ts';
import type { EvalPoint, ExperimentView, PageData, RunView } from '../../page-data.ts';
import { type PageRun, pageRun } from './page-run.ts';

export type Connection = 'none' | 'connecting' | 'open' | 'lost' | 'ended';

/** The page's data, which grows while it follows a run. */
export interface Live {
  readonly data: PageData;
  readonly runs: readonly PageRun[];
  readonly connection: Connection;
  /** There while a run is followed. */
  readonly refresh?: () => void;
}

/** Charts are drawn anew at most this often, milliseconds. */
const PACE = 500;
/** Notes that are kept: a run that warns at every step would fill the page over night. */
const MOST_NOTES = 50;

interface State {
  data: PageData;
  runs: PageRun[];
}

/** The data of a page; follows the server's events where the page was served by one. */
export function useLive(first: PageData): Live {
  const state = useRef<State>(undefined);
  state.current ??= { data: first, runs: first.runs.map(pageRun) };
  const [shown, show] = useState<State>(state.current);
  const [connection, setConnection] = useState<Connection>(first.live === undefined ? 'none' : 'connecting');
  const refresh = useMemo(
    () => () => void fetchRollouts(state.current!).then(() => show({ ...state.current! })),
    [],
  );
  useEffect(() => {
    if (first.live === undefined) return;
    let timer: number | undefined;
    const flush = () => {
      timer = undefined;
      // A page that nobody sees draws nothing, and catches up when it is seen.
      if (!document.hidden) show({ ...state.current! });
    };
    const changed = () => {
      timer ??= window.setTimeout(flush, PACE);
    };
    document.addEventListener('visibilitychange', changed);
    const close = follow(first.live.event, state.current!, { changed, flush, setConnection });
    return () => {
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', changed);
      close();
    };
  }, []);
  return {
    ...shown,
    connection,
    ...(connection !== 'none' && connection !== 'ended' && { refresh }),
  };
}

interface Listener {
  /** Shows what has changed soon, or now. */
  readonly changed: () => void;
  readonly flush: () => void;
  readonly setConnection: (connection: Connection) => void;
}

/** Listens to the server; the browser connects anew by itself, and says which event it saw last. */
function follow(from: string, state: State, { changed, flush, setConnection }: Listener): () => void {
  const source = new EventSource(`events?after=${from}`);
  const on = <T>(type: string, take: (value: T) => void) =>
    source.addEventListener(type, (event) => {
      take(JSON.parse((event as MessageEvent<string>).data) as T);
      changed();
    });
  source.addEventListener('open', () => setConnection('open'));
  source.addEventListener('error', () => setConnection('lost'));
  on<PageData>('snapshot', (data) => {
    Object.assign(state, { data, runs: data.runs.map(pageRun) });
  });
  on<RunView>('run', (view) => {
    state.runs = [pageRun(view)];
  });
  on<{ id: string; metrics: Record<string, number> }>('step', ({ id, metrics }) => {
    state.runs = state.runs.map((run) => (run.id === id ? stepped(run, metrics) : run));
  });
  on<{ id: string; point: EvalPoint }>('eval', ({ id, point }) => {
    state.runs = state.runs.map((run) =>
      run.id === id ? { ...run, evals: withEval(run.evals, point) } : run,
    );
  });
  on<string>('note', (note) => {
    state.data = { ...state.data, notes: [...state.data.notes, note].slice(-MOST_NOTES) };
  });
  on<ExperimentView>('results', (experiment) => {
    state.data = { ...state.data, experiments: [experiment] };
  });
  on<null>('end', () => {
    source.close();
    setConnection('ended');
    flush();
  });
  return () => source.close();
}

function stepped(run: PageRun, metrics: Record<string, number>): PageRun {
  addMetrics(run.curves, metrics);
  return { ...run };
}

async function fetchRollouts(state: State): Promise<void> {
  const answer = await fetch('rollouts');
  if (!answer.ok) return;
  const { id, ...rollouts } = (await answer.json()) as Pick<
    RunView,
    'id' | 'rollouts' | 'rolloutCount' | 'rolloutsNote'
  >;
  state.runs = state.runs.map((run) => (run.id === id ? { ...run, ...rollouts } : run));
}
