import { SWITCHES, type Faults, type SwitchName, type Switches } from '../faults.ts';
import { TROUBLE_KINDS } from '../troubles.ts';
import type { Profile } from './profile.ts';

/** Switches that make no difference to a sync, or are tried elsewhere. */
export const WITHOUT_PROFILE: Partial<Record<SwitchName, string>> = {
  required: 'a sync writes no clients',
  existingEmail: 'a sync writes no clients',
  put: 'a sync writes no clients',
  postEdits: 'a sync writes no clients',
  webhookList: 'a sync registers no webhooks',
  webhookRegister: 'a sync registers no webhooks',
  webhookDelivery: 'a sync hears of no webhooks',
  webhookBody: 'a sync hears of no webhooks',
  now: 'it moves the calendar of the sandbox, and the service has a clock of its own',
  byId: 'only who is missed in the list is asked for by id: test/deletions.e2e.spec.ts',
  sees: 'a role that sees less and less is tried in test/deletions.e2e.spec.ts',
  totpSkew: 'our clock is right; codes of other windows are tried in test/crm-connection',
  totpSeconds:
    'every authenticator app counts in windows of 30 seconds; it is short in tests that wait for one',
};

const names = Object.keys(SWITCHES) as SwitchName[];

const usedBy = ({ switches, afterConnect, between }: Profile): Partial<Switches>[] =>
  [switches, afterConnect, between].filter((one) => one !== undefined);

/** The values of a switch that some profile has; of a list, its members. */
const tried = (profiles: readonly Profile[], name: SwitchName): Set<unknown> => {
  const values = profiles.flatMap(usedBy).flatMap((used): unknown[] => {
    const value = used[name];
    if (name === 'troubles') return (used.troubles ?? []).map(({ kind }) => kind);
    return value === undefined ? [] : Array.isArray(value) ? value : [value];
  });
  return new Set([...values, SWITCHES[name].default]);
};

/** What a switch has to be tried with; one value beside the usual one where they cannot be counted. */
const missing = (name: SwitchName, values: ReadonlySet<unknown>): string[] => {
  const wanted: readonly unknown[] | undefined =
    name === 'troubles' ? Object.keys(TROUBLE_KINDS) : SWITCHES[name].values;
  if (wanted === undefined) return values.size > 1 ? [] : [name];
  return wanted.filter((value) => !values.has(value)).map((value) => `${name}=${String(value)}`);
};

/** The values of switches that no profile has and that no reason excuses. */
export const untried = (profiles: readonly Profile[]): string[] =>
  names
    .filter((name) => WITHOUT_PROFILE[name] === undefined)
    .flatMap((name) => missing(name, tried(profiles, name)));

/** The switches that count each time they make a difference; the others always do. */
const COUNTED: readonly SwitchName[] = [
  'login',
  'unknownCompany',
  'wrongRegion',
  'twoFactor',
  'lockoutAfter',
  'expiry',
  'refreshRefused',
  'refreshLost',
  'refreshSameToken',
  'accessDenied',
  'drift',
  'repeatPage',
  'endless',
  'maxPerSecond',
  'troubles',
];

/** Faults that never struck although they should have, or did although they should not: the profile then proves nothing. */
export const idle = (profile: Profile, { struck }: Faults): string[] => {
  const set = new Set(
    usedBy(profile).flatMap((used) =>
      names.filter((name) => used[name] !== undefined && used[name] !== SWITCHES[name].default),
    ),
  );
  const quiet: readonly string[] = profile.neverMet ?? [];
  return COUNTED.filter((name) => set.has(name) && (struck[name] ?? 0) > 0 === quiet.includes(name)).map(
    (name) => (quiet.includes(name) ? `${name} should have been avoided` : `${name} made no difference`),
  );
};
