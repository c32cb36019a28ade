/** What was looked at, how it is, and what to do about it. */
export type Finding = {
  what: string;
  state: 'fine' | 'look' | 'broken';
  said: string;
  advice: string | null;
};

export const fine = (what: string, said: string): Finding => ({ what, state: 'fine', said, advice: null });

export const look = (what: string, said: string, advice: string): Finding => ({
  what,
  state: 'look',
  said,
  advice,
});

export const broken = (what: string, said: string, advice: string | null): Finding => ({
  what,
  state: 'broken',
  said,
  advice,
});
