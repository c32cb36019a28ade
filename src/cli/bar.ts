import { Listr } from 'listr2';

const WIDTH = 24; // letters

export const bar = (done: number, total: number, words: string): string => {
  const filled = Math.min(WIDTH, Math.round((done / total) * WIDTH));
  return `${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)} ${words}`;
};

export type Tell = (line: string) => void;
export type Ending = { title: string; isGood: boolean };

/** Work that somebody at a terminal looks on at: what it tells stands below its title, and in the end how it ended. */
export const shownAtWork = async <T>(
  title: string,
  work: (tell: Tell) => Promise<T>,
  endingOf: (result: T) => Ending,
): Promise<T> => {
  const end: { result: T }[] = [];
  let failed: unknown = null;
  const list = new Listr(
    [
      {
        title,
        rendererOptions: { outputBar: 1 },
        task: async (_, task) => {
          try {
            const result = await work((line) => void (task.output = line));
            end.push({ result });
          } catch (error) {
            failed = error;
            return task.skip();
          }
          const { title: ended, isGood } = endingOf(end[0]!.result);
          task.title = ended;
          if (!isGood) throw new Error(ended);
        },
      },
    ],
    { exitOnError: false, registerSignalListeners: false, rendererOptions: { showErrorMessage: false } },
  );
  await list.run();
  const [one] = end;
  if (one === undefined) throw failed;
  return one.result;
};
