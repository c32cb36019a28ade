import { Alert, Button } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import type { UseMutationResult } from '@tanstack/react-query';
import { answered, api } from '../api.ts';
import type { Verdict } from '../api.ts';
import { CheckIcon, QuarantineIcon } from '../icons.tsx';
import { Trouble } from '../parts/states.tsx';
import { number } from '../parts/words.ts';

type Verification = UseMutationResult<Verdict, Error, void>;

/** Whether the log is what was recorded: recomputed when somebody asks, for it reads all of it. */
export const useVerification = (): Verification =>
  useMutation({ mutationFn: () => answered(api.GET('/api/audit/verify')) });

export function VerifyButton({ verification }: { verification: Verification }) {
  return (
    <Button variant="default" loading={verification.isPending} onClick={() => verification.mutate()}>
      Verify
    </Button>
  );
}

export function VerdictNote({ verification: { data, error } }: { verification: Verification }) {
  if (error !== null) return <Trouble error={error} />;
  if (data === undefined) return null;
  const { ok, events, reason, checkpoints } = data;
  return (
    <Alert
      className="note"
      mb="md"
      role="status"
      color={ok ? 'teal' : 'red'}
      icon={ok ? <CheckIcon /> : <QuarantineIcon />}
      title={ok ? 'The log is what was recorded' : 'The log is not what was recorded'}
    >
      {ok ? `All ${number(events)} events fit one another. ${compared(checkpoints.compared)}` : reason}
    </Alert>
  );
}

const compared = (count: number): string =>
  count === 0
    ? 'There is no signed checkpoint yet to compare with.'
    : `Signed checkpoints compared with them: ${number(count)}.`;
