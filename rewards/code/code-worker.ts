import { serveTasks } from '../limits/worker-serve.ts';
import { plainScript } from './plain-script.ts';
import { loadQuickJs, runCode } from './run-code.ts';

await loadQuickJs();
plainScript({ source: '', isTypeScript: true });
serveTasks(runCode);
