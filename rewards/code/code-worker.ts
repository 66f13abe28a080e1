import { serveTasks } from '../limits/worker-serve.ts';
import { loadQuickJs, runCode } from './run-code.ts';

await loadQuickJs();
serveTasks(runCode);
