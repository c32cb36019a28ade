import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/** Stands between a program and PostgreSQL and loses what it is told to lose. */
export type FaultProxy = {
  /** The database's address, by way of this proxy. */
  url: string;
  /** The next request that matches reaches the server and is carried out; its answer is lost and the line goes dead. */
  swallowReplyAfter(request: RegExp): void;
  close(): Promise<void>;
};

export const startFaultProxy = async (databaseUrl: string): Promise<FaultProxy> => {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let lethal: RegExp | null = null;
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname);
    let isLost = false;
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.on('data', (chunk: Buffer) => {
      if (lethal?.test(chunk.toString('latin1')) === true) {
        isLost = true;
        lethal = null;
      }
      far.write(chunk);
    });
    far.on('data', (chunk: Buffer) => {
      if (isLost) near.resetAndDestroy();
      else near.write(chunk);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(databaseUrl);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    swallowReplyAfter: (request) => (lethal = request),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
};
