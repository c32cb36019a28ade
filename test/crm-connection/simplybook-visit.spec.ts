import { describe, expect, it } from '@jest/globals';
import { HttpService } from '@nestjs/axios';
import type { Switches } from '../../sandbox/faults.ts';
import { clientsQuestion } from '../../src/modules/crm-connection/simplybook/client-list.ts';
import { BoundedHttp } from '../../src/modules/crm-connection/simplybook/http.ts';
import { Listing } from '../../src/modules/crm-connection/simplybook/listing.ts';
import type { RpcQuestion } from '../../src/modules/crm-connection/simplybook/rpc-visit.ts';
import { SimplyBookSettings } from '../../src/modules/crm-connection/simplybook/settings.ts';
import { Visit } from '../../src/modules/crm-connection/simplybook/visit.ts';
import { closeAfterTest, meetBoth, never, refusalOf, type Meeting } from './simplybook.ts';

/** One job that uses both APIs of a company. */
const visitTo = (meeting: Meeting): Visit => {
  const { url: restUrl, rpcUrl } = meeting.sandbox;
  const settings = new SimplyBookSettings({ restUrl, rpcUrl, retryBaseMs: 1, retryMostMs: 5 });
  const http = new BoundedHttp(new HttpService().axiosRef, settings, 'anywhere');
  closeAfterTest(() => http.close());
  const { session } = meeting;
  return new Visit({ ...session, rest: http, rpc: http, settings, signal: never }, session);
};

const bookings: RpcQuestion<unknown> = {
  method: 'getBookings',
  params: [{ edited_date_from: '2026-11-01' }],
  read: ({ value }) => ({ answer: value }),
};

const askBoth = async (meeting: Meeting): Promise<unknown> => {
  const { rest, rpc } = visitTo(meeting);
  const before = await rest.ask(clientsQuestion(new Listing(), 10));
  const answer = await rpc.ask(bookings);
  const after = await rest.ask(clientsQuestion(new Listing(), 10));
  return [before.page.announced, answer, after.page.announced];
};

describe('A job that uses both APIs', () => {
  it.each<[Partial<Switches>, { logins: number; rpcLogins: number }]>([
    [{}, { logins: 1, rpcLogins: 0 }],
    [{ restTokenOnRpc: false }, { logins: 1, rpcLogins: 1 }],
    [
      { restTokenOnRpc: false, rpcTokenOnRest: false },
      { logins: 1, rpcLogins: 1 },
    ],
    [{ login: 'key-refused' }, { logins: 1, rpcLogins: 1 }],
  ])(
    'with %j logs in once for each token that it needs, and not again for the next job',
    async (switches, counts) => {
      const meeting = await meetBoth({ clients: 30, switches });
      meeting.session.account = { ...meeting.account, secret: meeting.sandbox.account.apiUserKey };
      for (let jobs = 0; jobs < 2; jobs += 1) expect(await askBoth(meeting)).toEqual([30, [], 30]);
      const { logins, rpcLogins } = meeting.sandbox.requests.summary();
      expect({ logins: logins.ok + logins.failed, rpcLogins: rpcLogins.ok }).toEqual(counts);
    },
  );

  it('sends no password to JSON-RPC where the user has a second factor: it would count as a wrong one', async () => {
    const meeting = await meetBoth({ switches: { restTokenOnRpc: false, twoFactor: 'empty-token' } });
    const { totpSecret } = meeting.sandbox.account;
    meeting.session.account = { ...meeting.account, totpSecret };
    const { rest, rpc } = visitTo(meeting);
    await rest.ask(clientsQuestion(new Listing(), 10));
    expect(await refusalOf(rpc.ask(bookings))).toMatchObject({ code: 'crm-permission-denied' });
    expect(meeting.sandbox.requests.summary().rpcLogins).toEqual({ ok: 0, failed: 0 });
  });

  it('has each token replaced when it expires, by one login or refresh each', async () => {
    const meeting = await meetBoth({ clients: 30, switches: { restTokenOnRpc: false } });
    await askBoth(meeting);
    meeting.sandbox.auth.expireTokens();
    meeting.sandbox.requests.clear();
    expect(await askBoth(meeting)).toEqual([30, [], 30]);
    expect(meeting.sandbox.requests.summary()).toMatchObject({
      logins: { ok: 0, failed: 0 },
      refreshes: { ok: 1, failed: 0 },
      rpcLogins: { ok: 1, failed: 0 },
    });
  });
});
