import { useMemo } from 'preact/hooks';
import type { PageData } from '../page-data.ts';
import { RolloutsSection } from './completions/rollouts-section.tsx';
import { ConfigSection } from './config-section.tsx';
import { CurvesSection } from './curves/curves-section.tsx';
import { MultiplesSection } from './curves/multiples-section.tsx';
import { ExperimentSection } from './experiment/experiment-section.tsx';
import { Header } from './header.tsx';
import { ThemeProvider, useThemeChoice } from './parts/theme.tsx';
import { RunsTable } from './runs-table.tsx';
import { useLive } from './state/live.ts';
import { groupsOf } from './state/page-run.ts';
import { SubjectField, useSubject } from './subject.tsx';
import { Tiles } from './tiles.tsx';
import { VerificationSection } from './verification-section.tsx';

/** A report: of one run, of several, of comparisons, or of what is under way. */
export function App({ first }: { readonly first: PageData }) {
  const [theme, toggle] = useThemeChoice();
  const { data, runs, connection, refresh } = useLive(first);
  const [subject, setSubject] = useSubject(runs);
  const shown = useMemo(() => runs.filter((run) => run.subject === subject), [runs, subject]);
  const groups = useMemo(() => groupsOf(shown), [shown]);
  const drawn = shown.some(({ curves, evals }) => curves.lastStep !== null || evals.length > 0);
  return (
    <ThemeProvider value={theme}>
      <div class="page">
        <a class="skip" href="#content">
          Skip to the content
        </a>
        <Header data={data} runs={runs} theme={theme} toggle={toggle} connection={connection} drawn={drawn} />
        <main id="content">
          {data.notes.length > 0 && <Notes notes={data.notes} />}
          {data.experiments.map((experiment, i) => (
            <ExperimentSection key={experiment.folder} id={`experiment-${i}`} experiment={experiment} />
          ))}
          {runs.length === 1 && data.experiments.length === 0 && <Tiles run={runs[0]!} />}
          <SubjectField runs={runs} subject={subject} setSubject={setSubject} />
          {runs.length > 1 && (
            <section aria-labelledby="runs">
              <h2 id="runs">Runs</h2>
              {data.experiments.length === 0 ? (
                <RunsTable groups={groups} subject={subject} />
              ) : (
                <details>
                  <summary>Accuracy on held-out tasks while they trained</summary>
                  <RunsTable groups={groups} subject={subject} />
                </details>
              )}
            </section>
          )}
          {drawn && <CurvesSection groups={groups} />}
          {drawn && <MultiplesSection groups={groups} />}
          {shown.length > 0 && <RolloutsSection runs={shown} refresh={refresh} />}
          <VerificationSection runs={shown} />
          <ConfigSection runs={shown} />
        </main>
        <footer>anneal {data.anneal}</footer>
      </div>
    </ThemeProvider>
  );
}

function Notes({ notes }: { readonly notes: PageData['notes'] }) {
  return (
    <aside class="box warn" aria-label="Notes">
      <ul>
        {notes.map((note) => (
          <li key={note}>{note}</li>
        ))}
      </ul>
    </aside>
  );
}
