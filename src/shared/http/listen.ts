import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { ConfigError } from '../config.ts';
import type { Config } from '../config.ts';

type Where = Pick<Config, 'host' | 'port'>;

/** Listens and tells the address as it is to be written. @throws ConfigError naming PORT or HOST */
export const listen = (server: Server, { host, port }: Where): Promise<string> =>
  new Promise((resolve, reject) => {
    const refuse = (error: NodeJS.ErrnoException): void => reject(reasonOf(error));
    server.once('error', refuse);
    server.listen(port, host, () => {
      server.off('error', refuse);
      resolve(addressOf(server, host));
    });
  });

/** Where a server that listens on this host is to be found. */
export const addressOf = (server: Server, host: string): string => {
  const address = server.address();
  const shown = host.includes(':') ? `[${host}]` : host;
  return `http://${shown}:${typeof address === 'object' ? address?.port : ''}`;
};

/** Finds out at once, before anything is started, that we could not listen. @throws ConfigError */
export const tryAddress = async (where: Where): Promise<void> => {
  const server = createServer();
  await listen(server, where);
  await new Promise((resolve) => server.close(resolve));
};

const reasonOf = (error: NodeJS.ErrnoException): Error => {
  switch (error.code) {
    case 'EADDRINUSE':
      return new ConfigError(
        'PORT',
        'is taken: another program listens there. Choose another one, or 0 for any',
      );
    case 'EACCES':
      return new ConfigError('PORT', 'must be one this user may open: 1024 or above without privileges');
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new ConfigError('HOST', 'must be a name or an address of this machine');
    default:
      return error;
  }
};
