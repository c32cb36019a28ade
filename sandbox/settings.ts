/** One switch: what it is when nobody touches it, what it may be, and how its value is read from JSON or a flag. */
export type Setting<T> = {
  default: T;
  allowed: string;
  /** All that it may be, where they can be counted. */
  values?: readonly (string | boolean)[];
  says: string;
  /** @throws SwitchError when the value is none of the allowed ones. */
  read: (value: unknown) => T;
};

export class SwitchError extends Error {}

const refuse = (value: unknown, allowed: string): never => {
  throw new SwitchError(`${JSON.stringify(value) ?? 'nothing'} is not possible here. Allowed: ${allowed}.`);
};

export const amount = (value: number, says: string): Setting<number> => {
  const allowed = 'a number from 0';
  const read = (given: unknown): number => {
    const number = typeof given === 'string' && given !== '' ? Number(given) : given;
    return typeof number === 'number' && number >= 0 && Number.isFinite(number)
      ? number
      : refuse(given, allowed);
  };
  return { default: value, allowed, says, read };
};

export const flag = (value: boolean, says: string): Setting<boolean> => {
  const allowed = 'true | false';
  const read = (given: unknown): boolean => {
    if (given === true || given === 'true') return true;
    return given === false || given === 'false' ? false : refuse(given, allowed);
  };
  return { default: value, allowed, values: [true, false], says, read };
};

export const text = (value: string, says: string): Setting<string> => ({
  default: value,
  allowed: 'a text',
  says,
  read: (given) => (typeof given === 'string' ? given : refuse(given, 'a text')),
});

/** The first of `values` is the default. */
export const choice = <const T extends string>(values: readonly [T, ...T[]], says: string): Setting<T> => {
  const allowed = values.join(' | ');
  const read = (given: unknown): T => values.find((value) => value === given) ?? refuse(given, allowed);
  return { default: values[0], allowed, values, says, read };
};

/** None by default. As a flag: comma separated. */
export const several = <const T extends string>(values: readonly T[], says: string): Setting<T[]> => {
  const allowed = `some of ${values.join(', ')}`;
  const one = (given: unknown): T => values.find((value) => value === given) ?? refuse(given, allowed);
  const read = (given: unknown): T[] => {
    const list = typeof given === 'string' ? given.split(',').filter((item) => item !== '') : given;
    return Array.isArray(list) ? list.map(one) : refuse(given, allowed);
  };
  return { default: [], allowed, values, says, read };
};
