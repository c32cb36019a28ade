export type Labels = Readonly<Record<string, string>>;
/** `of` is the end of the name that some values of a histogram have. */
export type Sample = { labels: Labels; value: number; of?: '_bucket' | '_sum' | '_count' };
/** Everything of one name. */
export type Family = {
  name: string;
  help: string;
  type: 'counter' | 'gauge' | 'histogram';
  samples: readonly Sample[];
};

/** Prometheus text format 0.0.4. Families without a value are told, too, so that one can see what there might be. */
export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export const exposition = (families: readonly Family[]): string =>
  families
    .map((family) => `${headOf(family)}${family.samples.map((one) => lineOf(family, one)).join('')}`)
    .join('');

const headOf = ({ name, help, type }: Family): string =>
  `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n`;

const lineOf = ({ name }: Family, { labels, value, of }: Sample): string => {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
  return `${name}${of ?? ''}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${numberOf(value)}\n`;
};

const escaped = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

export const numberOf = (value: number): string => {
  if (Number.isNaN(value)) return 'NaN';
  return Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : '-Inf';
};
