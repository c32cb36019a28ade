import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { codeOf } from '../../sandbox/totp.ts';
import { AUTHENTICATOR_SECRET, lettersOf } from '../../src/modules/crm-connection/authenticator-secret.ts';
import { timeStep, totpCode } from '../../src/modules/crm-connection/simplybook/totp.ts';

describe('The code of the authenticator app', () => {
  // RFC 6238, appendix B, SHA-1: the last six of the eight digits there; the secret is "12345678901234567890".
  it.each([
    [59, '287082'],
    [1_111_111_109, '081804'],
    [1_111_111_111, '050471'],
    [1_234_567_890, '005924'],
    [2_000_000_000, '279037'],
    [20_000_000_000, '353130'],
  ])('is at %i s what the standard says', (seconds, code) => {
    const { step } = timeStep(seconds * 1000, 30_000);
    expect(totpCode('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', step)).toBe(code);
  });

  it('is what another program computes from the same secret, whatever its length', () => {
    const letters = fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.split(''));
    const secrets = fc.array(letters, { minLength: 16, maxLength: 128 }).map((all) => all.join(''));
    fc.assert(
      fc.property(secrets, fc.nat(), (secret, step) => {
        expect(totpCode(secret, step)).toBe(codeOf(secret, step));
      }),
    );
  });

  it('lasts until its window ends', () => {
    expect(timeStep(59_999, 30_000)).toEqual({ step: 1, leftMs: 1 });
    expect(timeStep(60_000, 30_000)).toEqual({ step: 2, leftMs: 30_000 });
  });
});

describe('The secret of an authenticator app', () => {
  it.each([
    ['JBSWY3DPEHPK3PXP', 'JBSWY3DPEHPK3PXP'],
    [' jbsw y3dp ehpk 3pxp ', 'JBSWY3DPEHPK3PXP'],
    ['JBSW-Y3DP-EHPK-3PXP-JBSW====', 'JBSWY3DPEHPK3PXPJBSW'],
  ])('%j is taken as %s', (given, letters) => {
    expect(AUTHENTICATOR_SECRET.test(given)).toBe(true);
    expect(lettersOf(given)).toBe(letters);
  });

  it.each(['', 'JBSWY3DPEHPK3PX', 'JBSWY3DPEHPK3PX1', '123456', 'JBSWY3DPEHPK3PX=P', 'A'.repeat(129)])(
    'is not %j',
    (given) => {
      expect(AUTHENTICATOR_SECRET.test(given)).toBe(false);
    },
  );
});
