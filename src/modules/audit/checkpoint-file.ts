import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { failedWith } from '../../shared/database/start-failure.ts';
import { Refusal } from '../../shared/errors.ts';
import { readCheckpoint } from './checkpoint.ts';
import type { Checkpoint } from './checkpoint.ts';

/** A line of the file, counted from 1. Null: it cannot be read, because a crash or somebody has cut it off. */
export type Line = { number: number; checkpoint: Checkpoint | null };

const NEWLINE = 10;

/** Checkpoints, one a line, the oldest first. Lines are added and never changed. */
export class CheckpointFile {
  constructor(private readonly path: string) {}

  /** Is on the disk when it resolves. A line that was cut off before is ended first, so that it spoils no other. */
  async append(checkpoint: Checkpoint): Promise<void> {
    const file = await open(this.path, 'a+', 0o600);
    try {
      const { size } = await file.stat();
      const { buffer } = await file.read(Buffer.alloc(1), 0, 1, Math.max(size - 1, 0));
      const gap = size > 0 && buffer[0] !== NEWLINE ? '\n' : '';
      await file.write(`${gap}${JSON.stringify(checkpoint)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
  }

  /**
   * Line by line, however many there are; none when there is no file.
   * @throws Refusal when there is one that cannot be read
   */
  async *lines(): AsyncGenerator<Line, void, undefined> {
    let file: FileHandle | null = null;
    try {
      file = await open(this.path, 'r');
      let number = 0;
      for await (const line of file.readLines({ autoClose: false })) {
        number += 1;
        if (line !== '') yield { number, checkpoint: readCheckpoint(line) };
      }
    } catch (error) {
      if (!failedWith(error, 'ENOENT', 'ENOTDIR')) throw unreadable(error);
    } finally {
      await file?.close();
    }
  }
}

const unreadable = (cause: unknown): Refusal => {
  const refusal = new Refusal(
    'unavailable',
    'checkpoints-unreadable',
    'The file with the checkpoints cannot be read, so that nothing can be compared with them. Give the service the right to read the directory "checkpoints" of its data directory.',
  );
  refusal.cause = cause;
  return refusal;
};
