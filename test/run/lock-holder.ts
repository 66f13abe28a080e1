import { lockRun } from '../../src/run/folder/lock-run.ts';

// A process that locks a run folder and holds it until it is told otherwise: `lock-holder.ts OUT`.
await lockRun(process.argv[2]!);
console.log('locked');
process.on('SIGTERM', () => process.exit(0));
setInterval(() => {}, 1000);
