import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A connection to a server that a test can break, and mend again. */
export interface BreakableProxy {
  readonly url: string;
  /** Breaks every connection, and every new one until it is mended. */
  break(): void;
  mend(): void;
  close(): void;
}

/** Stands before an HTTP server at 127.0.0.1; requests name the server itself as their host. */
export async function breakableProxy(target: string): Promise<BreakableProxy> {
  const { host, port } = new URL(target);
  const sockets = new Set<Socket>();
  let broken = false;
  const server = createServer((near) => {
    if (broken) return near.destroy();
    const far = connect(Number(port), '127.0.0.1');
    const { port: own } = server.address() as AddressInfo;
    near.on('data', (bytes) =>
      far.write(bytes.toString('latin1').replaceAll(`127.0.0.1:${own}`, host), 'latin1'),
    );
    far.pipe(near);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const breakAll = () => {
    broken = true;
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    break: breakAll,
    mend: () => {
      broken = false;
    },
    close: () => {
      breakAll();
      server.close();
    },
  };
}
