import { execFileSync } from 'node:child_process';
import { chownSync, mkdtempSync, rmdirSync } from 'node:fs';
import { open, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A disk of so few megabytes that a test can fill it. */
export type SmallDisk = {
  directory: string;
  /** Takes all the room there is, but for so many bytes. */
  fill: (leave?: number) => Promise<void>;
  /** Gives back what `fill` took. */
  free: () => Promise<void>;
  remove: () => void;
};

/** `owner`: whoever may write on it beside root. @throws when this user may not mount anything */
export const mountSmallDisk = (
  megabytes: number,
  owner: { uid: number; gid: number } | null = null,
): SmallDisk => {
  const directory = mkdtempSync(join(tmpdir(), 'crm-sync-disk-'));
  const ballast = join(directory, 'ballast');
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0755`, 'crm-sync-test', directory], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  } catch (error) {
    rmdirSync(directory);
    throw error;
  }
  if (owner !== null) chownSync(directory, owner.uid, owner.gid);
  const fill = async (leave = 0): Promise<void> => {
    const { bavail, bsize } = await statfs(directory);
    const file = await open(ballast, 'a');
    // Somebody else may take the room at the same time; then there is none, and that is what is wanted.
    const full = (error: NodeJS.ErrnoException): void => {
      if (error.code !== 'ENOSPC') throw error;
    };
    const chunk = Buffer.alloc(bsize);
    const blocks = Math.max(0, bavail - Math.ceil(leave / bsize));
    for (let block = 0; block < blocks; block += 1) await file.write(chunk).catch(full);
    await file.close();
  };
  return {
    directory,
    fill,
    free: () => rm(ballast, { force: true }),
    remove: () => {
      // Lazily: a server that is just dying must not keep it.
      execFileSync('umount', ['-l', directory]);
      rmdirSync(directory);
    },
  };
};

/** Why there can be no such disk here, as a title can say it; null when there can. */
export const whyNoSmallDisk = (): string | null => {
  try {
    mountSmallDisk(1).remove();
    return null;
  } catch (error) {
    return `no disk can be mounted here: ${String(error).split('\n').at(-1)}`;
  }
};
