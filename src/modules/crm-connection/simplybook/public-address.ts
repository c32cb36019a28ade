import { lookup } from 'node:dns';
import { BlockList, isIPv6, type LookupFunction } from 'node:net';

const INSIDE = new BlockList();

/** Addresses that no SimplyBook.me server has: this machine, private networks, documentation, multicast (RFC 6890). */
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const) {
  INSIDE.addSubnet(network, prefix, 'ipv4');
}

/** Everything that is not global unicast, and the parts of it that lead back to other networks. */
for (const [network, prefix] of [
  ['2001:db8::', 32],
  ['2002::', 16],
] as const) {
  INSIDE.addSubnet(network, prefix, 'ipv6');
}

const GLOBAL_UNICAST = new BlockList();
GLOBAL_UNICAST.addSubnet('2000::', 3, 'ipv6');

export const isPublicAddress = (address: string): boolean =>
  isIPv6(address)
    ? GLOBAL_UNICAST.check(address, 'ipv6') && !INSIDE.check(address, 'ipv6')
    : !INSIDE.check(address, 'ipv4');

/**
 * Name resolution for sockets that must leave this network: the address that is checked is the one that is connected
 * to, so a name that points inwards, or does so the second time it is asked, opens no connection.
 */
export const publicLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, options, (error, address, family) => {
    const found = typeof address === 'string' ? [address] : (address ?? []).map((one) => one.address);
    if (error === null && !found.every(isPublicAddress)) {
      callback(
        Object.assign(new Error('The name leads to a private address'), { code: 'ENOTPUBLIC' }),
        '',
        0,
      );
    } else callback(error, address, family);
  });
};
