import type { TaskResults } from '../../experiment-results.ts';
import type { ExperimentView } from '../../page-data.ts';
import { AccuracyTable } from './accuracy-table.tsx';
import { CostTable } from './cost-table.tsx';
import { Differences } from './differences.tsx';
import { Findings } from './findings.tsx';
import { JobLists } from './job-lists.tsx';
import { SeedTable } from './seed-table.tsx';
import { StepZero } from './step-zero.tsx';
import { SweepCharts } from './sweep-charts.tsx';

/** Everything that a comparison or an ablation found. */
export function ExperimentSection({
  experiment: { folder, results },
  id,
}: {
  readonly experiment: ExperimentView;
  readonly id: string;
}) {
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>
        {results.kind === 'compare' ? 'Comparison' : 'Ablation'} {results.name}
      </h2>
      <p class="note path">{folder}</p>
      <JobLists results={results} />
      {results.tasks.map((task) => (
        <Task key={task.recipe} task={task} titled={task.recipe !== results.name} />
      ))}
      {results.command !== '' && (
        <>
          <p class="note">Made by:</p>
          <pre>{results.command}</pre>
        </>
      )}
    </section>
  );
}

function Task({ task, titled }: { readonly task: TaskResults; readonly titled: boolean }) {
  return (
    <>
      {titled && <h3>{task.recipe}</h3>}
      <p class="note">{splitsText(task)}</p>
      <Findings task={task} />
      <AccuracyTable task={task} />
      <Differences task={task} />
      <SweepCharts task={task} />
      <CostTable task={task} />
      <StepZero task={task} />
      <SeedTable task={task} />
    </>
  );
}

function splitsText({ splits: { train, validation, test }, steps }: TaskResults): string {
  const count = (n: number) => n.toLocaleString('en-US');
  const trained = train === null ? 'an endless training split' : `${count(train)} training tasks`;
  return `${count(steps)} optimiser steps on ${trained}. Settings are chosen on ${count(validation)} validation tasks, and the chosen ones are scored once on ${count(test)} test tasks.`;
}
