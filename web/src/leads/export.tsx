import { Button } from '@mantine/core';
import { answered, api } from '../api.ts';
import { DownloadIcon } from '../icons.tsx';
import { useNotice } from '../parts/notice.tsx';
import { useDeed } from '../parts/use-deed.ts';
import type { LeadsQuestion } from '../queries.ts';

/** What the list shows, as a file. Fetched by the page, so that what was searched for is not among the browser's downloads. */
export function ExportButton({ question: { search, sort, status, source } }: { question: LeadsQuestion }) {
  const notice = useNotice();
  const fetchFile = useDeed({
    mutationFn: () => {
      const query = {
        sort,
        ...(search !== '' && { search }),
        ...(status !== null && { status }),
        ...(source !== null && { source }),
      };
      return answered(api.GET('/api/leads.csv', { params: { query }, parseAs: 'blob' }));
    },
    onSuccess: save,
    onError: notice.failed,
  });
  return (
    <Button
      variant="default"
      leftSection={<DownloadIcon size={16} />}
      loading={fetchFile.isPending}
      onClick={() => fetchFile.mutate()}
    >
      Export CSV
    </Button>
  );
}

const save = (file: Blob): void => {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = `leads-${new Date().toISOString().slice(0, 10)}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
};
