import { Command } from 'commander';
import { contextOf } from './context.ts';
import { FAILED, FINE } from './failure.ts';
import { number } from './output.ts';

type Verdict = {
  ok: boolean;
  events: number;
  head: { position: number; hash: string };
  firstBad: number | null;
  reason: string | null;
  checkpoints: { compared: number; unreadable: number };
};

const sentenceOf = ({ ok, events, head, firstBad, reason, checkpoints }: Verdict): string => {
  if (!ok)
    return `The log is NOT intact. The first position that does not fit is ${firstBad}.\n${reason}\ndocs/audit.md says what to do.`;
  const against =
    checkpoints.compared === 0
      ? 'There is no checkpoint yet to compare with.'
      : `Every checkpoint (${number(checkpoints.compared)}) is still true.`;
  return `The log is intact: ${number(events)} events. ${against}\nIts head is position ${head.position}, hash ${head.hash}.`;
};

export const verifyCommand = new Command('verify')
  .description('reads the whole log and says whether it is what was recorded')
  .addHelpText('after', '\nEnds with 0 when it is, with 2 when it is not (or cannot be read).')
  .action(async (_: object, command: Command) => {
    const { api, say } = await contextOf(command);
    // As a stream: a long log takes longer than other answers may.
    const chunks: Uint8Array[] = [];
    for await (const chunk of api.stream('/api/audit/verify')) chunks.push(chunk);
    const verdict = JSON.parse(Buffer.concat(chunks).toString()) as Verdict;
    say(verdict, () => sentenceOf(verdict));
    process.exitCode = verdict.ok ? FINE : FAILED;
  });
