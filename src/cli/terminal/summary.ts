import type { Verification } from '../../run/verify/verify-run.ts';
import type { EvalResult, TrainEvent } from '../../types.ts';
import { accuracyText, count, percent, table } from './format.ts';

type Done = Extract<TrainEvent, { type: 'done' }>;

/** Formats the outcome of a finished run. */
export function summaryLines(done: Done, verification: Verification, report: string): string[] {
  return table([
    [
      done.after.acceptance ? 'acceptance rate' : 'held-out accuracy',
      `${accuracyText(done.before)} → ${accuracyText(done.after)}${on(done.after)}`,
    ],
    ...acceptanceRow(done),
    ...lossRow(done),
    ['final β', String(verification.beta)],
    ['merged model', done.merged],
    ...verificationRows(verification, done.after.acceptance !== undefined),
    ['report', report],
    ...done.notes.map((note) => ['note', note] as const),
  ]);
}

function on({ tasks, accuracyBy }: EvalResult): string {
  return `, ${accuracyBy ?? 'greedy'}, ${tasks} tasks, 95 % intervals`;
}

/** Of a draft the tokens for each call of its target, before and after. */
function acceptanceRow({ before, after }: Done): (readonly [string, string])[] {
  if (!before.acceptance || !after.acceptance) return [];
  const lengths = `${before.acceptance.length.toFixed(2)} → ${after.acceptance.length.toFixed(2)}`;
  return [['acceptance length', `${lengths} tokens a call, ${after.acceptance.draftTokens} proposed`]];
}

/** The validation loss before and after, where it was measured. */
function lossRow({ before, after }: Done): (readonly [string, string])[] {
  if (before.loss === undefined || after.loss === undefined) return [];
  return [['held-out loss', `${before.loss.toFixed(3)} → ${after.loss.toFixed(3)} nats a target token`]];
}

/**
 * Formats the result of `verifyRun` as rows of a table. A draft's answers are its own, which its acceptance rate is not
 * about.
 */
export function verificationRows(
  verification: Verification,
  isDraft: boolean,
): (readonly [string, string])[] {
  const what = isDraft ? 'the draft’s own greedy answers: accuracy' : 'accuracy';
  const { ok, problems, weights, maxDelta, tolerance, baseDelta, accuracy, reloadedAccuracy, answers } =
    verification;
  const { compared, of } = verification.positions;
  const where = compared < of ? `, at ${count(compared)} of ${count(of)} tokens` : '';
  const ties = answers.nearTies === 0 ? '' : `, ${answers.nearTies} differ at a near-tie`;
  return [
    ['verify', ok ? 'passed' : 'FAILED'],
    ...(weights === null
      ? []
      : [['  merged weights', `max |W′ − (W0 + s·B·A)| ${weights.maxDelta.toExponential(2)}`] as const]),
    [
      '  merged vs unmerged',
      `max |Δlogit| ${maxDelta.toExponential(2)} (allowed ${tolerance.toExponential(0)})${where}`,
    ],
    ...(baseDelta === null
      ? []
      : [['  merged vs base', `max |Δlogit| ${baseDelta.toExponential(2)}`] as const]),
    [
      '  in a new process',
      `${what} ${percent(reloadedAccuracy)} (${percent(accuracy)} as trained), ${answers.equal} of ${answers.tasks} answers equal${ties}`,
    ],
    ...problems.map((problem) => ['  problem', problem] as const),
    ...exportRows(verification, what),
  ];
}

/** Formats what rounding to an export's type cost. */
function exportRows(
  { exported, accuracy: trained }: Verification,
  what: string,
): (readonly [string, string])[] {
  if (exported === undefined) return [];
  const { path, weights, maxDelta, accuracy, answers } = exported;
  const { tasks, equal } = answers;
  return [
    ['export', path],
    ...(weights === null
      ? []
      : [['  weights', `max |ΔW| ${weights.maxDelta.toExponential(2)} (${weights.where})`] as const]),
    ['  vs unmerged', `max |Δlogit| ${maxDelta.toExponential(2)}`],
    [
      '  in a new process',
      `${what} ${percent(accuracy)} (${percent(trained)} as trained), ${equal} of ${tasks} answers equal`,
    ],
  ];
}
