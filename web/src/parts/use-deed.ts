import { useMutation } from '@tanstack/react-query';
import type { UseMutationOptions, UseMutationResult } from '@tanstack/react-query';
import { useRef } from 'react';

type Deed<Data, Given> = Omit<UseMutationResult<Data, Error, Given>, 'mutateAsync'>;
type Options<Data, Given> = Omit<UseMutationOptions<Data, Error, Given>, 'mutationFn'> & {
  mutationFn: (given: Given) => Promise<Data>;
};

/** What somebody does by a button or a form. While it is under way, to do it again does nothing, however fast it is clicked. */
export const useDeed = <Data, Given = void>(options: Options<Data, Given>): Deed<Data, Given> => {
  const isUnderWay = useRef(false);
  const deed = useMutation<Data, Error, Given>({
    ...options,
    mutationFn: async (given) => {
      try {
        return await options.mutationFn(given);
      } finally {
        isUnderWay.current = false;
      }
    },
  });
  const mutate: typeof deed.mutate = (...given) => {
    if (isUnderWay.current) return;
    isUnderWay.current = true;
    deed.mutate(...given);
  };
  return { ...deed, mutate };
};
