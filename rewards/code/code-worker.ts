import { serveTasks } from '../worker-serve.ts';
import { runCode } from './run-code.ts';

serveTasks(runCode);
