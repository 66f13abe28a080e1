// Loaded before anything else into every thread of the server (NODE_OPTIONS=--import): collects garbage when asked, so
// that what a soak measures is what the server holds. The parent asks by a message, and gets an array of the threads'
// heaps. After the message `leak` every request leaves 100 kB behind: for the test that a leak is found.
import { subscribe } from 'node:diagnostics_channel';
import { BroadcastChannel, isMainThread } from 'node:worker_threads';

const asking = new BroadcastChannel('soak-memory');
const answering = new BroadcastChannel('soak-memory-answers');
for (const channel of [asking, answering]) channel.unref();

const collected = () => {
  gc();
  gc();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heapUsed, external, rss };
};

const kept = [];
const leak = () => subscribe('http.server.request.start', () => kept.push(new Array(12_500).fill(0.5)));

if (isMainThread && process.send) {
  process.on('message', (message) => {
    if (message === 'leak') return leak();
    const threads = [];
    answering.onmessage = ({ data }) => threads.push(data);
    asking.postMessage('collect');
    setTimeout(() => process.send([collected(), ...threads]), 1500);
  });
  process.channel?.unref();
} else asking.onmessage = () => answering.postMessage(collected());
