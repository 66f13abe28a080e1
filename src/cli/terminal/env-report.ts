import type { EnvironmentReport } from '../../environment/check-environment.ts';
import type { TargetGrade } from '../../environment/grade-targets.ts';
import type { Split } from '../../types.ts';
import { count, percent, table } from './format.ts';

/** Most characters of a prompt or a target that are shown. */
const SHOWN = 160;

/** Formats an environment's report. */
export function reportLines(
  report: EnvironmentReport,
  { unit, grade }: { readonly unit: string; readonly grade: TargetGrade | undefined },
): string[] {
  const { name, gold, failures, splits } = report;
  const rows = Object.entries(splits).flatMap(([split, own]) => splitRows(split as Split, own, unit));
  const more = gold === undefined ? 0 : gold.graded - gold.verified - failures.length;
  return [
    ...table([['environment', name], ['gold answers', verified(report)], ...gradeRows(grade), ...rows]),
    ...failures.map(({ task, why }) => `  ${task}: ${why}`),
    ...(more > 0 ? [`  and ${count(more)} more`] : []),
  ];
}

function verified({ gold, splits }: EnvironmentReport): string {
  const { targetless, tasks } = splits.train;
  if (gold === undefined && targetless?.tasks === tasks) return 'not graded: no task has a target';
  if (gold === undefined) return 'not graded: it has no validate()';
  return `${count(gold.verified)} of ${count(gold.graded)} verify (${percent(gold.verified / gold.graded)})`;
}

function gradeRows(grade: TargetGrade | undefined): [string, string][] {
  if (grade === undefined) return [];
  const { reward, graded, right, miss } = grade;
  const but = miss && `, but not ${miss.task}: ${shown(miss.target)} scores ${miss.score}`;
  return [[`by ${reward}`, `${count(right)} of ${count(graded)} targets are right${but ?? ''}`]];
}

function splitRows(
  split: Split,
  report: EnvironmentReport['splits'][Split],
  unit: string,
): [string, string][] {
  const { tasks, shortest, median, longest, truncated, example } = report;
  const size = `${count(tasks)} tasks, ${shortest} to ${longest} ${unit}, median ${median}`;
  const prompt = shown(example.prompt.at(-1)!.content);
  return [
    [`${split} prompts`, `${size}; ${truncation(truncated)}`],
    ...notes(report).map((note): [string, string] => ['', note]),
    ['  such as', example.target === null ? prompt : `${prompt} → ${shown(example.target)}`],
  ];
}

/** What a split has that a run may not want. */
function notes({ continued, targetless }: EnvironmentReport['splits'][Split]): string[] {
  return [
    ...(continued === 0
      ? []
      : [`${count(continued)} end with a turn of the assistant, which the policy continues`]),
    ...(targetless === null
      ? []
      : [`${count(targetless.tasks)} have no target, which SFT needs: ${targetless.why}`]),
  ];
}

function truncation(truncated: number | null): string {
  if (truncated === null) return '--tokenizer MODEL tells how many would be truncated';
  return `${truncated === 0 ? 'none' : count(truncated)} would be truncated`;
}

const shown = (text: string) => JSON.stringify(text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);
