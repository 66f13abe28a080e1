import cliProgress from 'cli-progress';
import type { EvalResult, StepMetrics, TrainEvent } from '../../types.ts';
import { accuracyName, accuracyText, count, duration } from './format.ts';
import type { Io } from './io.ts';

/** Shows a run's events to a person. */
export interface Progress {
  show(event: TrainEvent): void;
  /** Shows a text that is no event. */
  note(text: string): void;
  /** Removes the live line. */
  end(): void;
}

/** Events as JSON, one a line. */
export function jsonEvents(io: Io): Progress {
  return { show: (event) => io.out(JSON.stringify(event)), note: io.err, end() {} };
}

/** Shows one live line on a terminal, with evaluations and warnings above it. Elsewhere prints a line for each step. */
export function progressFor(io: Io): Progress {
  return io.tty ? liveLine() : plainLines(io);
}

function plainLines(io: Io): Progress {
  const pace = new Pace();
  return {
    show(event) {
      if (event.type === 'step') io.out(stepText(event.metrics, pace.after(event.metrics)));
      const text = told(event);
      if (event.type === 'start') pace.begin(event.steps);
      if (text !== undefined) io.out(text);
    },
    note: io.err,
    end() {},
  };
}

function liveLine(): Progress {
  const pace = new Pace();
  const lines = new cliProgress.MultiBar({
    format: '{bar} {text}',
    barsize: 24,
    barCompleteChar: '━',
    barIncompleteChar: '─',
    stream: process.stdout,
    hideCursor: true,
    clearOnComplete: true,
    forceRedraw: true,
    gracefulExit: false,
  });
  let bar: cliProgress.SingleBar | undefined;
  const note = (text: string) => {
    lines.log(`${text}\n`);
    lines.update();
  };
  return {
    note,
    show(event) {
      const text = told(event);
      if (text !== undefined) note(text);
      if (event.type === 'start') {
        pace.begin(event.steps);
        bar = lines.create(event.steps, event.startStep, { text: 'evaluating before the first step' });
      }
      if (event.type === 'step') {
        bar?.update(event.metrics.step + 1, { text: stepText(event.metrics, pace.after(event.metrics)) });
      }
      lines.update();
    },
    end: () => lines.stop(),
  };
}

/** Returns the text of an event that is no step; undefined when there is nothing to say. */
function told(event: TrainEvent): string | undefined {
  switch (event.type) {
    case 'start': {
      const { trainableParameters: trained, totalParameters: total } = event;
      const resumed = event.startStep > 0 ? `, continued from step ${event.startStep}` : '';
      return `${event.out}: ${event.steps} steps, ${count(trained)} of ${count(total)} parameters trained${resumed}`;
    }
    case 'eval':
      return `step ${event.step}: ${evalText(event.result)}`;
    case 'warning':
      return `warning: ${event.message}`;
    default:
      return undefined;
  }
}

function evalText(result: EvalResult): string {
  const name = accuracyName(result).replace('accuracy', 'held-out accuracy');
  const loss = result.loss === undefined ? '' : `, loss ${number(result.loss)}`;
  return `${name} ${accuracyText(result)} on ${result.tasks} tasks${loss}`;
}

function stepText(metrics: StepMetrics, { steps, left }: { steps: number; left: number }): string {
  const figure =
    metrics.reward === undefined ? `loss ${number(metrics.loss)}` : `reward ${number(metrics.reward)}`;
  const speed = `${Math.round(metrics.tokens_per_second ?? 0)} tokens/s`;
  return `step ${metrics.step + 1}/${steps}  ${figure}  β ${metrics.beta === 0 ? '0' : metrics.beta.toFixed(3)}  ${speed}  ETA ${duration(left)}`;
}

function number(value: number | undefined): string {
  return value === undefined || Number.isNaN(value) ? '–' : value.toFixed(3);
}

/** Estimates the time left: the remaining steps take as long as the mean of the last twenty. */
class Pace {
  private steps = 0;
  private times: number[] = [];

  begin(steps: number): void {
    this.steps = steps;
  }

  after({ step, step_time }: StepMetrics): { steps: number; left: number } {
    this.times = [...this.times, step_time ?? 0].slice(-20);
    const mean = this.times.reduce((sum, time) => sum + time, 0) / this.times.length;
    return { steps: this.steps, left: mean * (this.steps - step - 1) };
  }
}
